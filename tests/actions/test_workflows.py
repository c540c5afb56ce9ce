"""Every workflow does what its first line says, also the second time, in a fork, and with a conflict."""

from __future__ import annotations

from tests.actions.conftest import PATH, TEAM, Actions
from tests.actions.runner import ROOT
from tests.promote.repositories import flow

TWO, HOTFIX = flow("hello", TEAM, "two"), flow("hello", TEAM, "hotfix")


def test_validate_annotates_the_exact_line_and_fails(actions: Actions) -> None:
    actions.branch("broken", {f"flows/{TEAM}/broken.yml": "id: broken\nnamespace: company.team\ntasks: [\n"})
    job = actions.run("validate", ref="broken", name="pull_request", event=actions.pull_request("broken"))["validate"]
    assert job.result == "failure"
    assert f"::error file=flows/{TEAM}/broken.yml,line=" in job.step("Annotate").stdout
    assert job.step("Fail for errors").code == 3
    assert "broken.yml" in actions.runner.summary


def test_validate_asks_the_server_where_there_are_secrets(actions: Actions) -> None:
    job = actions.run("validate", name="pull_request", event=actions.pull_request("main"))["validate"]
    assert job.result == "success", job.text
    installed = (actions.runner.folder / "installed").read_text()
    assert installed.startswith("-m pip install")
    assert (ROOT / ".github/actions/syncd/../../..").resolve() == ROOT
    assert "/.github/actions/syncd/../../.." in installed


def test_validate_of_a_fork_needs_no_server_and_no_secret(actions: Actions) -> None:
    actions.runner.context |= {"vars": {}, "secrets": {}}
    event = actions.pull_request("main", fork=True)
    jobs = actions.run("validate", name="pull_request", event=event, inputs={"sarif": True})
    assert jobs["validate"].result == "success", jobs["validate"].text
    assert jobs["sarif"].result == "skipped"


def test_validate_uploads_sarif_where_that_is_wanted(actions: Actions) -> None:
    jobs = actions.run("validate", inputs={"sarif": True})
    assert jobs["sarif"].result == "success", jobs["sarif"].text
    assert '"version": "2.1.0"' in actions.runner.uploads[0]


def test_plan_comments_once_and_updates_in_place(actions: Actions) -> None:
    actions.branch("feature", {PATH: TWO})
    event = actions.pull_request("feature")
    job = actions.run("plan", ref="feature", name="pull_request", event=event)["plan"]
    assert job.result == "success", job.text
    assert job.outputs == {"has-changes": "true", "has-conflicts": "false", "plan-path": "plan.json"}
    assert actions.deployed() is None

    actions.run("plan", ref="feature", name="pull_request", event=event)

    (comment,) = actions.forge.comments[7]
    assert comment["body"].startswith("<!-- syncd:plan-prod -->\n### `prod`: Git → Kestra")
    assert "company.team/hello" in comment["body"]
    status = actions.forge.statuses[event["pull_request"]["head"]["sha"]][-1]
    assert status["context"] == "syncd/plan/prod"
    assert status["description"].startswith("1 create (plan ")
    assert (actions.runner.folder / "artifacts/syncd-plan/plan.md").exists()


def test_plan_tells_of_conflicts(actions: Actions) -> None:
    actions.run("apply")
    actions.edit(HOTFIX)
    actions.branch("feature", {PATH: TWO})
    job = actions.run("plan", ref="feature", name="pull_request", event=actions.pull_request("feature"))["plan"]
    assert job.outputs["has-conflicts"] == "true", job.text
    assert actions.deployed() == HOTFIX


def test_plan_of_a_fork_does_nothing_and_a_reading_token_only_fills_the_summary(actions: Actions) -> None:
    actions.branch("feature", {PATH: TWO})
    event = actions.pull_request("feature", fork=True)
    assert actions.run("plan", ref="feature", name="pull_request", event=event)["plan"].result == "skipped"

    actions.forge.writable = False
    event = actions.pull_request("feature")
    job = actions.run("plan", ref="feature", name="pull_request", event=event)["plan"]
    assert job.result == "success", job.text
    assert "not commented, the text is in the step summary" in job.step("Comment").stderr
    assert "company.team/hello" in actions.runner.summary
    assert actions.forge.comments == {}


def test_apply_writes_what_was_reviewed_and_says_so(actions: Actions) -> None:
    actions.branch("feature", {PATH: TWO})
    actions.run("plan", ref="feature", name="pull_request", event=actions.pull_request("feature"))
    merge = actions.merge("feature")

    jobs = actions.run("apply")

    assert jobs["plan"].result == "success", jobs["plan"].text
    assert jobs["apply"].result == "success", jobs["apply"].text
    assert actions.deployed() == TWO
    status = actions.forge.statuses[merge][-1]
    assert (status["state"], status["context"]) == ("success", "syncd/prod")
    assert status["target_url"] == "https://github.test/acme/flows/actions/runs/1"
    assert "refs/syncd/prod" in actions.repo.git("ls-remote", "origin")

    again = actions.run("apply", name="workflow_dispatch")
    assert (again["plan"].result, again["apply"].result) == ("success", "skipped")


def test_apply_refuses_what_is_no_longer_the_reviewed_plan(actions: Actions) -> None:
    actions.run("apply")
    actions.branch("feature", {PATH: TWO})
    actions.run("plan", ref="feature", name="pull_request", event=actions.pull_request("feature"))
    actions.edit(HOTFIX)
    actions.merge("feature")

    jobs = actions.run("apply")

    assert jobs["plan"].step("Compare with the reviewed plan").code == 4
    assert "has moved since the review" in jobs["plan"].text
    assert jobs["apply"].result == "skipped"
    assert actions.deployed() == HOTFIX


def test_drift_keeps_one_issue_up_to_date_and_closes_it(actions: Actions) -> None:
    actions.run("apply")
    assert actions.run("drift", name="schedule")["look"].result == "success"
    assert actions.forge.issues == []

    actions.edit(HOTFIX)
    first = actions.run("drift", name="schedule")
    assert first["look"].result == "success", first["look"].text
    assert first["bring-back"].result == "skipped"
    actions.run("drift", name="schedule")
    (issue,) = actions.forge.issues
    assert issue["title"] == "Edits on prod that Git does not have"
    assert "edited in Kestra" in issue["body"]

    actions.edit(flow("hello", TEAM))
    actions.run("drift", name="schedule")
    assert [issue["state"] for issue in actions.forge.issues] == ["closed"]


def test_drift_brings_edits_back_as_one_pull_request(actions: Actions) -> None:
    actions.run("apply")
    actions.edit(HOTFIX)
    for _ in range(2):
        jobs = actions.run("drift", name="workflow_dispatch", inputs={"bring-back": True})
        assert jobs["bring-back"].result == "success", jobs["bring-back"].text
    (pull,) = actions.forge.pulls
    assert (pull["head"]["ref"], pull["base"]["ref"]) == ("drift/prod", "main")
    actions.repo.git("fetch", "-q", "origin", "drift/prod")
    assert actions.repo.show("FETCH_HEAD", PATH) == HOTFIX


def test_promote_opens_one_pull_request_by_hand_and_by_label(actions: Actions) -> None:
    inputs = {"from": TEAM, "to": "company.prod"}
    jobs = actions.run("promote", name="workflow_dispatch", inputs=inputs)
    assert jobs["promote"].result == "success", jobs["promote"].text
    assert "Promotes `company.team` → `company.prod`" in actions.runner.summary

    actions.repo.commit({PATH: TWO})
    actions.repo.git("push", "-q", "origin", "main")
    actions.runner.context["vars"] |= {"PROMOTE_FROM": TEAM, "PROMOTE_TO": "company.prod"}
    merged = actions.pull_request("main", merged=True, labels=[{"name": "promote"}])
    assert actions.run("promote", name="pull_request", event=merged)["promote"].result == "success"
    unlabelled = actions.pull_request("main", merged=True, labels=[])
    assert actions.run("promote", name="pull_request", event=unlabelled)["promote"].result == "skipped"

    (pull,) = actions.forge.pulls
    actions.repo.git("fetch", "-q", "origin", pull["head"]["ref"])
    assert actions.repo.show("FETCH_HEAD", "flows/company.prod/hello.yml") == flow("hello", "company.prod", "two")


def test_promote_reports_a_conflict_and_goes_on(actions: Actions) -> None:
    actions.repo.commit(
        {"flows/company.prod/hello.yml": flow("hello", "company.prod", "own"), f"flows/{TEAM}/b.yml": flow("b", TEAM)}
    )
    actions.repo.git("push", "-q", "origin", "main")
    inputs = {"from": TEAM, "to": "company.prod"}
    jobs = actions.run("promote", name="workflow_dispatch", inputs=inputs)
    assert jobs["promote"].result == "success", jobs["promote"].text
    assert "is a conflict and is not part of this" in actions.forge.pulls[0]["body"]


def test_preview_comes_with_a_pull_request_and_goes_with_it(actions: Actions) -> None:
    actions.branch("feature", {PATH: TWO})
    event = actions.pull_request("feature")
    for _ in range(2):
        jobs = actions.run("preview", ref="feature", name="pull_request", event=event)
        assert jobs["up"].result == "success", jobs["up"].text
        assert jobs["down"].result == "skipped"
    assert actions.deployed(namespace=f"pr-7.{TEAM}") == flow("hello", f"pr-7.{TEAM}", "two")
    assert len(actions.forge.comments[7]) == 1

    closed = {**event, "action": "closed"}
    jobs = actions.run("preview", ref="feature", name="pull_request", event=closed)
    assert jobs["down"].result == "success", jobs["down"].text
    assert actions.deployed(namespace=f"pr-7.{TEAM}") is None
    assert "preview-pr-7" not in actions.repo.git("ls-remote", "origin")


def test_preview_of_a_fork_does_nothing(actions: Actions) -> None:
    jobs = actions.run("preview", name="pull_request", event=actions.pull_request("main", fork=True))
    assert (jobs["up"].result, jobs["down"].result) == ("skipped", "skipped")

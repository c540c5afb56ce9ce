"""What somebody tries who has only read what `syncd` promises: odd input, odd places, options in odd combinations."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Place, flow_text

FLOW = "flows/company.team/hello.yml"
FILES = "namespaces/company.team/files"
BAD = "flows/company.team/bad.yml"


def _shared(place: Place, folder: Path) -> Path:
    """A remote that has the place's branch, and a clone of it in which somebody else works."""
    remote, other = folder / "remote.git", folder / "other"
    place.git("init", "--quiet", "--bare", "--initial-branch", "main", str(remote))
    place.git("remote", "add", "origin", str(remote))
    place.git("push", "--quiet", "--set-upstream", "origin", "main")
    place.git("clone", "--quiet", str(remote), str(other))
    return other


def _commit_elsewhere(other: Path) -> None:
    (other / "theirs.txt").write_text("theirs")
    for command in (("add", "."), ("commit", "--quiet", "-m", "theirs"), ("push", "--quiet")):
        name = ("-c", "user.name=Eve", "-c", "user.email=eve@example.com")
        subprocess.run(["git", "-C", str(other), *name, *command], check=True)


def test_a_pull_says_where_each_new_object_is_to_lie(agreed: Place) -> None:
    agreed.ui.create(flow_text("second"))
    agreed.ui.upload("data/new.csv", b"1,2\r\n")
    paths = {"flows/company.team/second.yml", f"{FILES}/data/new.csv"}
    for arguments in (("diff", "--direction", "pull"), ("pull", "--dry-run"), ("pull",)):
        assert {item["path"] for item in agreed.json(*arguments)["items"]} == paths
    assert (agreed.root / FILES / "data/new.csv").read_bytes() == b"1,2\r\n"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        pytest.param(BAD, "id: bad\nnamespace: company.team\ntasks: [", id="broken"),
        pytest.param(BAD, flow_text("bad") + "---\n" + flow_text("two"), id="two documents"),
        pytest.param(BAD, flow_text("bad", namespace="company.other"), id="another namespace's folder"),
        pytest.param(BAD, flow_text("hello"), id="twice"),
        pytest.param(BAD, flow_text("bad").encode() + b"# \xff\xfe\n", id="not UTF-8"),
        pytest.param(BAD, "just: a mapping\n", id="no flow"),
        pytest.param(BAD, flow_text("bad").replace("core.log.Log", "core.log.Nope"), id="refused by the server"),
        pytest.param(f"{FILES}/big.bin", "version https://git-lfs.github.com/spec/v1\n", id="LFS pointer"),
    ],
)
def test_what_is_invalid_is_named_with_its_path_and_blocks_all_or_only_itself(
    agreed: Place, path: str, content: str | bytes
) -> None:
    agreed.write(path, content)
    agreed.flow("good")
    withheld = agreed.json("push", code=3)
    assert path in {problem["path"] for problem in withheld["problems"]}
    assert all(item["path"] for item in withheld["items"])
    assert (withheld["applied"], agreed.ui.text("good")) == (0, None)
    assert agreed.json("push", "--on-invalid", "skip", code=3)["applied"] == 1
    assert agreed.ui.text() == flow_text()


def test_the_gravest_code_wins(agreed: Place) -> None:
    agreed.flow("only", namespace="company.small")
    agreed.syncd("push")
    agreed.ui.edit(flow_text(message="theirs"))
    agreed.flow(message="ours")
    agreed.syncd("push", "--prune", code=4)
    agreed.write(BAD, "id: bad\n")
    agreed.syncd("push", "--prune", "--on-invalid", "skip", code=3)
    (agreed.root / "flows/company.small/only.yml").unlink()
    agreed.syncd("push", "--prune", "--on-invalid", "skip", code=6)
    agreed.syncd("push", "--prune", code=6, SYNCD_DRY_RUN="true")
    agreed.syncd("push", "--prune", code=1, SYNCD_PASSWORD="wrong")


def test_a_folder_that_is_gone_with_everything_in_it_needs_allow_emptying(agreed: Place) -> None:
    agreed.flow("stays", namespace="company.other")
    agreed.commit()
    agreed.syncd("push")
    agreed.git("rm", "--quiet", "-r", "namespaces")
    agreed.commit()
    refused = agreed.json("push", "--prune", "--ref", "HEAD", code=6)
    assert [item["verdict"] for item in refused["items"]] == ["blocked"]
    assert set(agreed.verdicts("push").values()) == {"unmanaged"}
    assert "--allow-emptying" in agreed.syncd("push", "--prune", code=6).stdout
    assert agreed.verdicts("push", "--prune", "--allow-emptying") == {"scripts/query.sql": "delete"}
    assert agreed.ui.text() is not None


@pytest.mark.parametrize("separator", [" ", ",", ", "])
def test_several_namespaces_fit_into_one_variable(place: Place, separator: str) -> None:
    for namespace in ("company.team", "company.team2", "system"):
        place.ui.create(flow_text(namespace=namespace))
    found = place.json("pull", "--dry-run", SYNCD_NAMESPACE=separator.join(("company.team2", "system")))
    assert {item["namespace"] for item in found["items"]} == {"company.team2", "system"}


def test_a_namespace_that_cannot_be_one_is_wrong_usage(place: Place) -> None:
    assert "'Company Team'" in place.syncd("push", "--namespace", "Company Team", code=2).stderr


def test_options_are_variables_too(agreed: Place) -> None:
    agreed.write(BAD, flow_text("bad").replace("core.log.Log", "core.log.Nope"))
    agreed.syncd("push", "--dry-run", code=3, SYNCD_NO_VALIDATE="false")
    assert agreed.json("push", SYNCD_NO_VALIDATE="true", SYNCD_DRY_RUN="true")["items"][0]["verdict"] == "create"
    assert len(json.loads(agreed.syncd("log", SYNCD_FORMAT="json", SYNCD_LIMIT="1").stdout)) == 1
    assert json.loads(agreed.syncd("rescue", "list", SYNCD_FORMAT="json").stdout) == []
    assert "# default" in agreed.syncd("config", "show", SYNCD_ORIGIN="1").stdout


def test_no_secret_is_ever_shown(agreed: Place) -> None:
    url = agreed.ui.url.replace("//", "//canary-user:canary-password@")
    secrets = {"SYNCD_URL": url, "SYNCD_TOKEN": "canary-token", "SYNCD_HEADERS": "X-Gate: canary-header"}
    proxies = ("http://canary-proxy:canary-word@127.0.0.1:1", "canary://canary-proxy:canary-word@127.0.0.1:1")
    for command in (("diff", "--format", "json"), ("doctor",), ("config", "show", "--origin")):
        for proxy in proxies:
            code = 0 if command[0] == "config" else 1
            shown = agreed.syncd(*command, code=code, SYNCD_PROXY=proxy, **secrets)
            assert "canary" not in shown.stdout + shown.stderr


def test_a_header_may_follow_a_space(agreed: Place) -> None:
    assert agreed.json("diff", SYNCD_HEADERS="X-Gate: open\nX-Other:shut")["items"] == []


def test_a_secret_file_is_read_anew_and_its_faults_are_named(agreed: Place, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    agreed.write("syncd.yaml", f"environments: {{dev: {{password_file: {secret}}}}}\n")
    password = agreed.variables.pop("SYNCD_PASSWORD")
    assert str(secret) in agreed.syncd("diff", code=1).stderr
    secret.write_text(password + "\n")
    agreed.syncd("diff")
    secret.write_bytes(b"\xff\xfe")
    assert "UTF-8" in agreed.syncd("diff", code=1).stderr
    secret.write_text("another")
    assert "401" in agreed.syncd("diff", code=1).stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("environments: [", ["syncd.yaml cannot be read", "init --print"]),
        ("environments: [dev]", ["environments: ", "dictionary"]),
        ("environments: {Dev: {}, rescue: {}}", ["'Dev', 'rescue'"]),
        ("environments: {a: {}, b: {}}", ["several environments: a, b", "--env"]),
        ("environments: {a: {token: x, password: y, timeout: -1}}", ["SYNCD_TOKEN", "SYNCD_PASSWORD"]),
        ("rules: [SYN001]", ["rules: "]),
    ],
)
def test_a_faulty_configuration_says_what_and_where(place: Place, text: str, words: list[str]) -> None:
    place.write("syncd.yaml", text)
    error = place.json("diff", code=1)["error"]
    assert all(word in error["message"] + error["hint"] for word in words)


def test_an_environment_without_a_configuration_is_unknown(place: Place) -> None:
    error = place.json("diff", "--env", "prod", code=1)["error"]
    assert ("'prod'" in error["message"], "syncd init" in error["hint"]) == (True, True)


def test_a_plan_that_was_changed_by_hand_is_refused(agreed: Place, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    agreed.flow(message="reviewed")
    agreed.syncd("diff", "--out", str(plan))
    data = json.loads(plan.read_text())
    for options in ({}, {**data["options"], "colour": "red"}, {**data["options"], "paused": "perhaps"}):
        plan.write_text(json.dumps({**data, "options": options}))
        assert "by hand" in agreed.json("push", "--plan", str(plan), code=1)["error"]["message"]
    assert agreed.ui.revision() == 1


def test_a_file_that_cannot_be_written_is_an_error_and_no_traceback(agreed: Place, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "no" / "plan.json")
    assert nowhere in agreed.json("diff", "--out", nowhere, code=1)["error"]["message"]
    agreed.ui.edit(flow_text(message="theirs"))
    agreed.syncd("push", "--force")
    assert nowhere in agreed.syncd("rescue", "restore", "company.team/hello", "--to", nowhere, code=1).stderr


def test_a_pull_that_cannot_be_pushed_fails_and_the_next_one_brings_it(agreed: Place, tmp_path: Path) -> None:
    _shared(agreed, tmp_path)
    agreed.ui.edit(flow_text(message="edited in the UI"))
    (tmp_path / "remote.git").rename(tmp_path / "away.git")
    agreed.syncd("pull", "--commit", "--push", code=1)
    (tmp_path / "away.git").rename(tmp_path / "remote.git")
    agreed.syncd("pull", "--commit", "--push")
    assert agreed.git("ls-remote", "origin", "refs/heads/main").split()[0] == agreed.git("rev-parse", "HEAD")
    assert agreed.git("show", f"HEAD:{FLOW}") == flow_text(message="edited in the UI").strip()
    assert agreed.json("pull", "--commit", "--push")["commit"] is None


def test_a_checked_out_branch_that_others_moved_is_an_error_that_stays_one(agreed: Place, tmp_path: Path) -> None:
    _commit_elsewhere(_shared(agreed, tmp_path))
    agreed.ui.edit(flow_text(message="edited in the UI"))
    for _ in range(2):
        assert "git pull --rebase" in agreed.syncd("pull", "--commit", "--push", code=1).stderr
    agreed.git("pull", "--quiet", "--rebase", "origin", "main")
    agreed.syncd("pull", "--commit", "--push")
    assert agreed.git("ls-remote", "origin", "refs/heads/main").split()[0] == agreed.git("rev-parse", "HEAD")


def test_a_pull_with_nothing_new_pushes_no_branch_that_is_not_there(agreed: Place, tmp_path: Path) -> None:
    _shared(agreed, tmp_path)
    assert agreed.json("pull", "--branch", "from-ui", "--push")["commit"] is None
    assert "from-ui" not in agreed.git("ls-remote", "origin")


def test_line_ends_marks_and_missing_newlines_come_back_as_they_are(agreed: Place) -> None:
    for text in (
        "\ufeff" + flow_text(message="1"),
        flow_text(message="2").replace("\n", "\r\n"),
        flow_text(message="3").rstrip(),
        "# before\n" + flow_text(message="'a: b' # why") + "# after",
    ):
        agreed.ui.edit(text)
        agreed.syncd("pull")
        assert (agreed.root / FLOW).read_bytes() == text.encode()
        assert agreed.json("push")["items"] == agreed.json("pull")["items"] == []


def test_a_repository_without_commits_can_be_filled_and_pushed(place: Place, tmp_path: Path) -> None:
    place.ui.create(flow_text())
    fresh = Place(tmp_path / "frisch und äußerst neu", place.ui, dict(place.variables))
    fresh.root.mkdir()
    fresh.variables["SYNCD_REPO"] = str(fresh.root)
    fresh.git("init", "--quiet", "--initial-branch", "main")
    assert fresh.json("diff")["items"] == []
    fresh.flow("own")
    fresh.syncd("push")
    assert place.ui.text("own") == flow_text("own")
    fresh.git("config", "user.name", "Ada Lovelace")
    fresh.git("config", "user.email", "ada@example.com")
    fresh.syncd("pull", "--commit")
    assert fresh.git("ls-tree", "-r", "--name-only", "HEAD") == FLOW


def test_a_flow_that_cannot_arrive_in_another_namespace_does_not_leave_the_old_one(agreed: Place) -> None:
    agreed.flow("stays")
    agreed.syncd("push")
    (agreed.root / FLOW).unlink()
    moved = flow_text(namespace="company.new").replace("core.log.Log", "core.log.Nope")
    agreed.write("flows/company.new/hello.yml", moved)
    for arguments in (("--on-invalid", "skip", "--dry-run"), ("--on-invalid", "skip")):
        items = agreed.json("push", "--prune", *arguments, code=3)["items"]
        assert {item["verdict"] for item in items} == {"blocked"}
    agreed.syncd("push", "--prune", "--no-validate", code=5)
    assert agreed.ui.text() == flow_text()


def test_a_sync_counts_each_object_once(agreed: Place) -> None:
    agreed.flow("from-git")
    agreed.ui.edit(flow_text(message="edited in the UI"))
    dry = agreed.json("sync", "--dry-run")["summary"]
    assert agreed.json("sync")["summary"] == dry
    assert sum(dry.values()) == 3


def test_a_sync_takes_no_plan_because_a_plan_has_one_direction(agreed: Place, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    agreed.syncd("diff", "--out", str(plan))
    agreed.flow(message="never reviewed")
    assert "push --plan" in agreed.json("sync", "--plan", str(plan), code=1)["error"]["hint"]
    assert agreed.ui.revision() == 1


def test_another_tools_token_does_not_win_over_ones_own_password(agreed: Place) -> None:
    assert agreed.json("diff", KESTRA_API_TOKEN="for something else")["items"] == []
    agreed.syncd("diff", code=1, SYNCD_TOKEN="not the right one")


def test_two_sides_that_are_equal_do_not_differ_whatever_the_base_says(agreed: Place) -> None:
    agreed.git("update-ref", "-d", "refs/syncd/default")
    assert set(agreed.verdicts("diff", "--exit-code").values()) == {"settled"}


def test_a_folder_where_a_file_was_is_a_problem_before_any_write(agreed: Place) -> None:
    (agreed.root / FILES / "scripts/query.sql").unlink()
    agreed.write(f"{FILES}/scripts/query.sql/new.txt", "below what was a file")
    assert set(agreed.verdicts("push", "--prune", code=3).values()) == {"blocked"}
    assert set(agreed.verdicts("push", "--prune", "--on-invalid", "skip", code=3).values()) == {"blocked"}
    assert agreed.ui.file("scripts/query.sql") == b"select 1\n"

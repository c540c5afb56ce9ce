"""`syncd promote`, from the command line to the pull request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from syncd.cli.main import main
from syncd.forge import Product
from tests.forge.stand_in import TOKEN, StandIn, listening
from tests.promote.repositories import DEV, PROD, Repo, flow

GOLDEN = Path(__file__).with_name("pull_request.md")
CALL = "  - {{id: {0}, type: io.kestra.plugin.core.flow.Subflow, namespace: {1}, flowId: {2}}}\n"
PAIR = ("--from", DEV, "--to", PROD)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo")
    tasks = CALL.format("a", DEV, "report") + CALL.format("b", DEV, "missing")
    tasks += f"  - {{id: c, type: x.Y, script: \"echo {DEV} {{{{ secret('TOKEN') }}}} {{{{ kv('LIMIT') }}}}\"}}\n"
    made.commit({f"flows/{DEV}/load.yml": flow("load", tasks=tasks), f"flows/{DEV}/report.yml": flow("report")})
    made.commit({f"flows/{PROD}/old.yml": flow("old", PROD)})
    return made


@pytest.fixture
def remote(repo: Repo, tmp_path: Path) -> Path:
    bare = tmp_path / "remote.git"
    repo.git("init", "-q", "--bare", "-b", "main", str(bare))
    repo.git("remote", "add", "origin", str(bare))
    repo.git("push", "-q", "origin", "main")
    return bare


@pytest.fixture
def forge() -> Iterator[StandIn]:
    with listening(StandIn()) as started:
        yield started


def promote(repo: Repo, *arguments: str, forge: StandIn | None = None) -> Result:
    variables = {"SYNCD_FORGE_TOKEN": TOKEN, "CI": "1"}
    if forge:
        variables |= {"SYNCD_FORGE": forge.product, "SYNCD_FORGE_URL": forge.url, "SYNCD_FORGE_PROJECT": forge.project}
    return CliRunner().invoke(main, ["promote", "--repo", str(repo.root), *arguments], env=variables)


def test_a_dry_run_shows_everything_and_writes_nothing(repo: Repo) -> None:
    refs = repo.git("for-each-ref")
    result = promote(repo, *PAIR, "--dry-run")
    assert result.exit_code == 0
    assert f"+ create    flow {PROD}/load  new in {DEV}" in result.stdout
    assert f"rewritten flows/{PROD}/load.yml:7: {DEV} → {PROD}" in result.stdout
    assert f"left      flows/{PROD}/load.yml:9: {DEV}  (text, a comment or a script)" in result.stdout
    assert f"needs     secret {PROD}: TOKEN" in result.stdout
    assert "dry run, nothing written" in result.stdout
    assert repo.git("for-each-ref") == refs


def test_a_promotion_lands_on_a_branch_and_the_work_tree_stays(repo: Repo) -> None:
    head = repo.git("rev-parse", "HEAD")
    result = promote(repo, *PAIR, "--format", "json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["branch"] == f"promote/{DEV}-to-{PROD}"
    assert told["commit"] == repo.git("rev-parse", told["branch"])
    assert repo.git("diff", "--name-only", head, told["branch"]).split() == [
        f"flows/{PROD}/load.yml",
        f"flows/{PROD}/report.yml",
    ]
    assert (repo.git("rev-parse", "HEAD"), repo.git("status", "--porcelain")) == (head, "")
    assert told["summary"]["create"] == 2
    assert json.loads(promote(repo, *PAIR, "--format", "json").stdout)["commit"] is None


def test_the_pull_request_body_is_as_reviewed(repo: Repo, remote: Path, forge: StandIn) -> None:
    repo.commit({f"flows/{PROD}/report.yml": flow("report", PROD, "own")})
    repo.git("push", "-q", "origin", "main")
    result = promote(repo, *PAIR, "--pr", forge=forge)
    assert result.exit_code == 4
    head = repo.git("rev-parse", "HEAD")
    body = forge.pulls[0]["body"].replace(head, "0" * 40).replace(head[:12], "0" * 12)
    assert body == GOLDEN.read_text(encoding="utf-8")
    assert forge.pulls[0]["html_url"] in result.stdout


@pytest.mark.parametrize("product", list(Product))
def test_a_second_run_updates_the_one_pull_request(repo: Repo, remote: Path, product: Product) -> None:
    with listening(StandIn(product)) as forge:
        assert promote(repo, *PAIR, "--pr", forge=forge).exit_code == 0
        repo.commit({f"flows/{DEV}/new.yml": flow("new")})
        repo.git("push", "-q", "origin", "main")
        assert promote(repo, *PAIR, "--pr", forge=forge).exit_code == 0
        assert promote(repo, *PAIR, "--pr", forge=forge).exit_code == 0
    assert len(forge.pulls) == 1
    body = forge.pulls[0].get("body") or forge.pulls[0]["description"]
    assert "3 create" in body
    branch = f"promote/{DEV}-to-{PROD}"
    names = repo.git("--git-dir", str(remote), "ls-tree", "-r", "--name-only", branch).split()
    assert [name for name in names if PROD in name] == [
        f"flows/{PROD}/{name}.yml" for name in ("load", "new", "old", "report")
    ]


def test_a_reviewers_commit_on_the_branch_survives_the_second_run(repo: Repo, remote: Path, forge: StandIn) -> None:
    promote(repo, *PAIR, "--pr", forge=forge)
    branch = f"promote/{DEV}-to-{PROD}"
    repo.git("fetch", "-q", "origin", branch)
    repo.git("switch", "-q", "-c", "review", "FETCH_HEAD")
    repo.commit({f"flows/{PROD}/report.yml": flow("report", PROD, "reviewed")})
    repo.git("push", "-q", "origin", f"HEAD:{branch}")
    repo.git("switch", "-q", "main")
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="two"), f"flows/{DEV}/new.yml": flow("new")})
    repo.git("push", "-q", "origin", "main")

    assert promote(repo, *PAIR, "--pr", forge=forge).exit_code == 4

    shown = repo.git("--git-dir", str(remote), "show", f"{branch}:flows/{PROD}/report.yml")
    assert shown + "\n" == flow("report", PROD, "reviewed")
    assert "flows/company.team.prod/new.yml" in repo.git(
        "--git-dir", str(remote), "ls-tree", "-r", "--name-only", branch
    )


def test_strict_writes_nothing_while_there_is_a_warning(repo: Repo) -> None:
    result = promote(repo, *PAIR, "--strict")
    assert result.exit_code == 3
    assert "which is neither promoted nor in the target" in result.stdout
    assert repo.git("branch", "--list", "promote/*") == ""


def test_triggers_can_arrive_switched_off(repo: Repo) -> None:
    triggers = 'triggers:\n  - id: t\n    type: io.kestra.plugin.core.trigger.Schedule\n    cron: "0 1 * * *"\n'
    repo.commit({f"flows/{DEV}/report.yml": flow("report", tasks=triggers)})
    promote(repo, *PAIR, "--disable-triggers", "--branch", "up")
    assert "  - id: t\n    disabled: true\n    type:" in repo.show("up", f"flows/{PROD}/report.yml")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "no namespace is promoted"),
        (("--from", DEV), "'' is not a namespace"),
        (("dev",), "two environments are needed"),
        (("dev", "prod", "--from", DEV), "two environments are needed"),
        (("--from", "nowhere", "--to", "x"), "nothing lies in nowhere"),
        ((*PAIR, "--branch", "main"), "branch main is checked out"),
        ((*PAIR, "--branch", "a..b"), "cannot be the name of a branch"),
        ((*PAIR, "--pr"), "there is no remote 'origin'"),
    ],
)
def test_what_cannot_be_done_says_why(repo: Repo, arguments: tuple[str, ...], complaint: str) -> None:
    result = promote(repo, *arguments)
    assert result.exit_code == 1
    assert complaint in result.stderr


def test_the_forges_refusal_is_told_with_the_branch_already_pushed(repo: Repo, remote: Path, forge: StandIn) -> None:
    forge.writable = False
    result = promote(repo, *PAIR, "--pr", forge=forge)
    assert result.exit_code == 1
    assert "Resource not accessible by integration" in result.stderr
    assert TOKEN not in result.output
    forge.writable = True
    assert promote(repo, *PAIR, "--pr", forge=forge).exit_code == 0
    assert len(forge.pulls) == 1

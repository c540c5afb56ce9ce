"""`syncd validate`, as a user, a commit hook and a pipeline run it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Place, flow_text

FLOW = "flows/company.team/hello.yml"
TYPO = flow_text().replace("message:", "mesage:")


def problems(place: Place, *arguments: str, code: int = 0) -> list[tuple[str, str, int | None]]:
    result: dict[str, Any] = place.json("validate", *arguments, code=code)
    return [
        (each["path"] or f"{each['namespace']}/{each['name']}", each["code"], each["line"])
        for each in result["problems"]
    ]


def test_a_sound_repository_has_nothing_to_tell(place: Place) -> None:
    place.flow()
    result = place.json("validate")
    assert result["problems"] == []
    assert result["summary"] == {"error": 0, "warning": 0, "note": 0, "checked": 1}


def test_every_problem_is_told_at_once_and_the_command_ends_with_3(place: Place) -> None:
    place.write(FLOW, TYPO)
    place.write("flows/company.team/broken.yml", "id: [\n")
    place.write("flows/company.team/elsewhere.yml", flow_text("x", namespace="other.team"))
    found = problems(place, "--offline", code=3)
    assert found == [
        ("flows/company.team/broken.yml", "SYN001", 1),
        ("flows/company.team/elsewhere.yml", "SYN005", None),
        (FLOW, "SYN053", 5),
        (FLOW, "SYN051", 7),
    ]


def test_the_server_adds_what_only_it_knows_at_the_line_it_means(place: Place) -> None:
    call = "  - id: call\n    type: io.kestra.plugin.core.flow.Subflow\n    namespace: far.away\n    flowId: nobody\n"
    place.write(FLOW, flow_text() + call)
    assert problems(place, "--offline") == []
    assert problems(place) == [(FLOW, "SYN041", 11)]


def test_what_the_server_repeats_is_told_once(place: Place) -> None:
    place.write(FLOW, flow_text() + "colour: red\n")
    assert problems(place, code=3) == [(FLOW, "SYN051", 8)]


def test_offline_no_server_is_asked_even_if_variables_name_one(place: Place) -> None:
    place.flow()
    place.variables["SYNCD_URL"] = "http://127.0.0.1:9"
    assert problems(place, "--offline") == []
    place.syncd("validate", code=1)


def test_paths_choose_the_files(place: Place) -> None:
    place.write(FLOW, TYPO)
    place.write("flows/company.other/bad.yml", TYPO.replace("company.team", "company.other"))
    folder = str(place.root / "flows/company.other")
    assert {path for path, _, _ in problems(place, "--offline", folder, code=3)} == {"flows/company.other/bad.yml"}
    assert problems(place, "--offline", str(place.root / FLOW), code=3)[0][0] == FLOW


def test_a_file_outside_of_the_layout_can_be_named(place: Place) -> None:
    path = place.write("drafts/try.yml", TYPO)
    note = place.write("drafts/compose.yml", "services: {}\n")
    assert problems(place, "--offline") == []
    assert problems(place, "--offline", str(path), code=3)[0][0] == "drafts/try.yml"
    assert problems(place, "--offline", str(note), code=3) == [("drafts/compose.yml", "SYN002", 1)]
    assert {each[0] for each in problems(place, "--offline", str(path.parent), code=3)} == {"drafts/try.yml"}


def test_a_path_that_is_not_there_is_an_error(place: Place) -> None:
    assert "does not exist" in place.syncd("validate", "--offline", str(place.root / "nope"), code=1).stderr


def test_changed_since_leaves_alone_what_was_there_before(place: Place) -> None:
    place.write(FLOW, TYPO)
    place.commit()
    place.git("switch", "--quiet", "--create", "feature")
    place.write("flows/company.team/new.yml", TYPO.replace("hello", "new"))
    place.commit()
    place.write("flows/company.team/uncommitted.yml", TYPO.replace("hello", "uncommitted"))
    found = {path for path, _, _ in problems(place, "--offline", "--changed-since", "main", code=3)}
    assert found == {"flows/company.team/new.yml", "flows/company.team/uncommitted.yml"}
    assert "git branch" in place.syncd("validate", "--offline", "--changed-since", "gone", code=1).stderr


def test_a_commit_can_be_validated_instead_of_the_work_tree(place: Place) -> None:
    place.write(FLOW, TYPO)
    place.commit()
    place.flow()
    assert problems(place, "--offline") == []
    assert problems(place, "--offline", "--ref", "HEAD", code=3)


def test_strict_fails_for_a_warning(place: Place) -> None:
    place.write(FLOW, flow_text() + "variables:\n  password: hunter22\n")
    assert problems(place, "--offline") == [(FLOW, "SYN080", 9)]
    assert problems(place, "--offline", "--strict", code=3) == [(FLOW, "SYN080", 9)]


def test_settings_grade_and_silence_rules(place: Place) -> None:
    place.write(FLOW, flow_text() + "variables:\n  password: hunter22\n")
    place.write("syncd.yaml", "rules: {SYN080: error}\n")
    problems(place, "--offline", code=3)
    place.write("syncd.yaml", "rules: {SYN080: off}\n")
    assert problems(place, "--offline", "--strict") == []


def test_a_target_can_be_named(place: Place) -> None:
    depends = (
        "triggers:\n  - id: t\n    type: io.kestra.plugin.core.trigger.Flow\n"
        "    dependsOn: [{namespace: a, flowId: b}]\n"
    )
    place.write(FLOW, flow_text() + depends)
    assert problems(place, "--offline") == [(FLOW, "SYN063", 11)]
    assert problems(place, "--offline", "--kestra", "2.0") == []
    assert problems(place, "--offline", "--kestra", "1.3", code=3) == [(FLOW, "SYN051", 11)]


def test_stored_flows_are_those_of_the_server(place: Place) -> None:
    place.write(FLOW, TYPO)
    place.ui.create(flow_text("kept") + "variables:\n  password: hunter22\n")
    assert problems(place, "--stored") == [("company.team/kept", "SYN080", 9)]
    place.syncd("validate", "--stored", str(place.root / FLOW), code=1)


def test_keys_are_those_of_the_namespaces_kv_yml(place: Place) -> None:
    place.write(FLOW, flow_text(message="\"{{ kv('NOPE') }} {{ kv('KNOWN') }}\""))
    assert problems(place, "--offline") == []
    place.write("namespaces/company.team/kv.yml", "KNOWN: 1\n")
    assert problems(place, "--offline") == [(FLOW, "SYN072", 7)]


@pytest.mark.parametrize("name", ["text", "json", "github", "gitlab", "sarif", "junit"])
def test_every_format_names_file_line_and_rule(place: Place, name: str) -> None:
    place.write(FLOW, flow_text() + "colour: red\n")
    shown = place.syncd("validate", "--offline", "--format", name, code=3).stdout
    assert FLOW in shown
    assert "SYN051" in shown
    assert "8" in shown
    if name in {"json", "gitlab", "sarif"}:
        json.loads(shown)

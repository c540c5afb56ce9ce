"""What each line of versions can do."""

import pytest

from syncd.kestra import Dialect


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        ("1.3.25", (1, 3)),
        ("v0.19.16", (0, 19)),
        ("2.0.0-SNAPSHOT", (2, 0)),
        ("0.21.0-rc1", (0, 21)),
        ("10.2", (10, 2)),
        ("develop", (2, 0)),
        ("", (2, 0)),
    ],
)
def test_numbers_are_read_from_any_version_and_unknown_ones_count_as_the_newest(
    version: str, numbers: tuple[int, int]
) -> None:
    assert Dialect.of(version).version == numbers


FIRST = {
    "tenant_segment": "0.23",
    "filters": "0.24",
    "instance_schemas": "0.24",
    "multipart_validation": "1.2",
    "file_revisions": "1.2",
    "lists_keys": "1.1",
    "zip_import_safe": "1.0",
    "swaps_file_and_folder": "2.0",
}
LAST = {
    "zip_import_safe": "1.3",
    "search_lists_files": "1.3",
    "spaces_become_plus": "1.3",
    "percent_refused": "1.3",
    "brackets_refused": "1.3",
    "reserves_flow_ids": "1.3",
    "reserves_flows_prefix": "0.21",
}
VERSIONS = ["0.19", "0.20", "0.21", "0.22", "0.23", "0.24", "1.0", "1.1", "1.2", "1.3", "2.0", "2.1"]


@pytest.mark.parametrize("fact", sorted({*FIRST, *LAST}))
def test_each_fact_holds_from_its_first_to_its_last_version_and_no_other(fact: str) -> None:
    first, last = VERSIONS.index(FIRST.get(fact, VERSIONS[0])), VERSIONS.index(LAST.get(fact, VERSIONS[-1]))
    if fact == "reserves_flow_ids":
        first = VERSIONS.index("1.0")
    holds = [version for version in VERSIONS if getattr(Dialect.of(version), fact)]
    assert holds == VERSIONS[first : last + 1]


def test_an_enterprise_server_has_tenants_in_every_version() -> None:
    assert Dialect.of("0.19.0", "EE").tenant_segment

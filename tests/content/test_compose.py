"""docker-compose.yml: valid by the Compose specification, complete, and without a secret of its own."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from .content import ROOT, flow

COMPOSE = ROOT / "docker-compose.yml"
SPECIFICATION = Path(__file__).parent / "compose-spec.json"  # compose-go 2.16.2, Apache-2.0
_VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as YAML reads it, variables as they stand."""
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


def example_variables() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def interpolated(text: str) -> str:
    """The text with the variables of `.env.example`, as Compose would fill them in."""
    return _VARIABLE.sub(lambda match: example_variables().get(match[1]) or match[3], text)


def test_it_is_valid_by_the_specification(compose: dict[str, Any]) -> None:
    validator = jsonschema_rs.validator_for(json.loads(SPECIFICATION.read_text()))

    assert [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(compose)] == []


def test_the_services_are_those_of_the_course(compose: dict[str, Any]) -> None:
    profiles = {name: service.get("profiles") for name, service in compose["services"].items()}

    assert profiles == {
        "kestra": None,
        "kestra_local": ["local"],
        "postgres": None,
        "postgres_zoomcamp": None,
        "pgadmin": None,
        "syncd": None,
    }
    assert compose["services"]["kestra_local"]["command"] == "server local"


def test_kestra_is_pinned_to_1_3_with_all_plugins(compose: dict[str, Any]) -> None:
    image = interpolated(compose["services"]["kestra"]["image"])

    assert re.fullmatch(r"kestra/kestra:v1\.3\.\d+", image)


def test_every_service_is_watched_and_none_is_open_to_the_network(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}, name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_the_ports_are_the_documented_ones(compose: dict[str, Any]) -> None:
    ports = {name: interpolated(" ".join(service.get("ports", []))) for name, service in compose["services"].items()}

    assert ports["kestra"] == "127.0.0.1:8080:8080"
    assert ports["pgadmin"] == "127.0.0.1:8085:80"
    assert ports["postgres_zoomcamp"] == "127.0.0.1:5433:5432"


def test_data_is_kept_in_named_volumes(compose: dict[str, Any]) -> None:
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", [])]
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith(".")}

    assert named == set(compose["volumes"])
    assert [mount for mount in mounts if mount.startswith(".")] == [".:/repository"]


def test_every_variable_is_explained_in_the_example() -> None:
    used = {match[1] for match in _VARIABLE.finditer(COMPOSE.read_text())}

    assert used == set(example_variables())


def test_no_password_is_written_into_the_file() -> None:
    """Each comes from a variable that has no default, so nothing starts with one that was not chosen."""
    for line in COMPOSE.read_text().splitlines():
        if re.search(r"password\w*:", line, re.IGNORECASE):
            assert re.search(r": \$\{\w+:\?copy \.env\.example to \.env\}$", line), line


def test_a_service_starts_after_what_it_needs_is_healthy(compose: dict[str, Any]) -> None:
    needs = {
        name: {needed: how["condition"] for needed, how in service["depends_on"].items()}
        for name, service in compose["services"].items()
        if "depends_on" in service
    }

    assert needs == {
        "kestra": {"postgres": "service_healthy"},
        "pgadmin": {"postgres_zoomcamp": "service_healthy"},
        "syncd": {"kestra": "service_healthy"},
    }


def test_the_configuration_inside_is_yaml_with_the_login_syncd_uses(compose: dict[str, Any]) -> None:
    services = compose["services"]
    login = {key: interpolated(services["syncd"]["environment"][key]) for key in ("SYNCD_USERNAME", "SYNCD_PASSWORD")}

    for name in ("kestra", "kestra_local"):
        inner = yaml.safe_load(interpolated(services[name]["environment"]["KESTRA_CONFIGURATION"]))
        given = inner["kestra"]["server"]["basic-auth"]
        assert {"SYNCD_USERNAME": given["username"], "SYNCD_PASSWORD": given["password"]} == login
    assert services["syncd"]["environment"]["SYNCD_URL"] == "http://kestra:8080"


def test_the_flows_find_the_database_of_the_course(compose: dict[str, Any]) -> None:
    variables = flow("zoomcamp/postgres_taxi")["variables"]
    given = compose["services"]["postgres_zoomcamp"]["environment"]

    assert variables["jdbc_url"] == f"jdbc:postgresql://postgres_zoomcamp:5432/{given['POSTGRES_DB']}"
    assert variables["jdbc_username"] == given["POSTGRES_USER"]
    assert variables["jdbc_password"] == interpolated(given["POSTGRES_PASSWORD"])


def test_the_image_of_syncd_has_git_and_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()

    assert any(" git " in line for line in lines)
    assert [line for line in lines if line.startswith("USER ")] == ["USER syncd"]
    copied = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert all((ROOT / name).exists() for name in copied)

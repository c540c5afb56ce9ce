"""
Settings and environments: file < environment variables < options, every problem at once, and where each value is from.

Nothing is opened here but `syncd.yaml` and the files that hold secrets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from syncd.errors import ConfigError
from syncd.guards import MaxDeletes
from syncd.layout import Layout
from syncd.plan import OnConflict, OnInvalid, Paused

FILE_NAME = "syncd.yaml"
DEFAULT_URL = "http://localhost:8080"
NAMESPACE = re.compile(r"[a-z0-9][a-z0-9._-]{0,149}")
_ENVIRONMENT = re.compile(r"[a-z0-9-]+")

VARIABLES: Mapping[str, tuple[str, ...]] = {
    "url": ("KESTRACTL_HOST", "KESTRA_URL"),
    "tenant": ("KESTRACTL_TENANT", "KESTRA_TENANT_ID"),
    "token": ("KESTRACTL_TOKEN", "KESTRA_API_TOKEN"),
    "username": ("KESTRACTL_USERNAME", "KESTRA_USERNAME"),
    "password": ("KESTRACTL_PASSWORD", "KESTRA_PASSWORD"),
}
"""Names that other Kestra tools read, used where neither `SYNCD_*` nor the file says anything."""


class LayoutSettings(BaseModel):
    """The `layout:` part of the file; see `syncd.layout.Layout` for what each value means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flows: str = "flows/{namespace}"
    files: str = "namespaces/{namespace}/files"
    namespace: str | None = None

    @property
    def layout(self) -> Layout:
        """The layout itself."""
        return Layout(self.flows, self.files, self.namespace)

    @model_validator(mode="after")
    def _is_a_layout(self) -> Self:
        try:
            _ = self.layout
        except ConfigError as error:
            raise ValueError(f"{error}; {error.hint}") from None
        return self


class Environment(BaseModel):
    """
    A named Kestra server, its tenant, the namespaces managed there, and what may be done to it.

    Secrets are not fields: they come from variables or from the files that `password_file` and `token_file` name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = DEFAULT_URL
    tenant: str = "main"
    username: str | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    ca_file: Path | None = None
    proxy: str | None = Field(default=None, repr=False)
    timeout: Annotated[float, Field(gt=0)] = 30.0
    namespaces: tuple[str, ...] = ()
    direction: Literal["push", "pull", "both"] = "push"
    source: str = "worktree"
    share: str | None = None
    prune: bool = False
    heal: bool = False
    paused: Paused = Paused.KEEP
    on_conflict: OnConflict = OnConflict.FAIL
    on_invalid: OnInvalid | None = None
    max_deletes: str | None = None
    protected: tuple[str, ...] = ()
    interval: Annotated[float, Field(gt=0)] = 60.0
    commit: bool = False
    branch: str | None = None
    push: bool = False

    @property
    def public_url(self) -> str:
        """The server's address without the credentials that it may hold."""
        return re.sub(r"//[^/]*@", "//", self.url)

    @field_validator("namespaces", "protected")
    @classmethod
    def _are_namespaces(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not NAMESPACE.fullmatch(name):
                raise ValueError(f"{name!r} is not a namespace: lower-case letters, digits, '.', '_' and '-' only")
        return names

    @field_validator("max_deletes", mode="before")
    @classmethod
    def _is_a_limit(cls, text: object) -> object:
        return None if text is None else str(MaxDeletes.parse(str(text)))

    @model_validator(mode="before")
    @classmethod
    def _holds_no_secret(cls, values: Any) -> Any:
        found = [name for name in ("password", "token") if isinstance(values, dict) and name in values]
        if found:
            raise ValueError(
                "; ".join(
                    f"a {name} does not belong into a file under version control, "
                    f"set SYNCD_{name.upper()}, or name a file in '{name}_file'"
                    for name in found
                )
            )
        return values


class Settings(BaseModel):
    """Everything `syncd.yaml` can say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: LayoutSettings = LayoutSettings()
    default: str | None = None
    environments: dict[str, Environment] = Field(default_factory=dict)
    rules: dict[str, Literal["off", "note", "warning", "error"]] = Field(default_factory=dict)

    @field_validator("environments", mode="before")
    @classmethod
    def _named_properly(cls, environments: Any) -> Any:
        if not isinstance(environments, dict):
            return environments or {}
        unfit = [repr(name) for name in environments if not _ENVIRONMENT.fullmatch(str(name)) or name == "rescue"]
        if unfit:
            raise ValueError(f"{', '.join(unfit)} cannot name an environment: use a-z, 0-9 and '-', and not 'rescue'")
        return {name: {} if value is None else value for name, value in environments.items()}

    @field_validator("rules", mode="before")
    @classmethod
    def _off_is_a_word(cls, rules: Any) -> Any:
        """YAML reads an unquoted `off` as false."""
        if not isinstance(rules, dict):
            return rules or {}
        return {code: "off" if grade is False else grade for code, grade in rules.items()}

    @model_validator(mode="after")
    def _default_exists(self) -> Self:
        if self.default is not None and self.default not in self.environments:
            raise ValueError(f"default: there is no environment {self.default!r}{_known(self.environments)}")
        return self


def _known(environments: Mapping[str, Environment]) -> str:
    return f"; there are: {', '.join(sorted(environments))}" if environments else ""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that never shows itself: not in `repr`, not in a log, not in an error."""

    value: str = field(repr=False)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __str__(self) -> str:
        return "******"


@dataclass(frozen=True)
class Target:
    """
    One environment with everything settled.

    Args:
        name: Of the environment.
        environment: Its settings after variables and options.
        password: For basic authentication.
        token: For bearer authentication; wins over the password.
        origin: For each setting: the option, variable or file it came from, or "default".
    """

    name: str
    environment: Environment
    password: Secret = Secret("")
    token: Secret = Secret("")
    origin: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """
    The settings of one repository, and where they came from.

    Args:
        settings: What the file says, or nothing but defaults.
        path: The file, or `None` where there is none.
        variables: The process environment.
    """

    settings: Settings = field(default_factory=Settings)
    path: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, root: Path, variables: Mapping[str, str] | None = None) -> Config:
        """
        Reads `syncd.yaml` at the root of a repository.

        Raises:
            ConfigError: It cannot be read; every problem is listed.
        """
        variables = os.environ if variables is None else variables
        path = root / FILE_NAME
        if not path.is_file():
            return cls(variables=variables)
        try:
            data = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, OSError) as error:
            raise ConfigError(
                f"{path.name} cannot be read: {error}", "mend it; 'syncd init --print' shows a commented example"
            ) from error
        try:
            return cls(Settings.model_validate(data if data is not None else {}), path, variables)
        except ValidationError as error:
            raise ConfigError(_listed(path.name, error), "see 'syncd init --print' for a commented example") from None

    def target(self, name: str | None = None, options: Mapping[str, object] | None = None) -> Target:
        """
        One environment, with variables and options laid over it.

        Args:
            name: As given with `--env`; else `SYNCD_ENV`, else the default of the file, else the only one there is.
            options: What the command line says; `None` and empty values say nothing.

        Raises:
            ConfigError: There is no such environment, or a value is wrong.
        """
        chosen = self._name(name)
        written = self.settings.environments.get(chosen, Environment())
        values = {key: getattr(written, key) for key in written.model_fields_set}
        origin = dict.fromkeys(values, self.path.name if self.path else "default")
        for key in Environment.model_fields:
            if found := self._variable(chosen, key, values):
                origin[key], values[key] = found
        for key, value in (options or {}).items():
            if value not in (None, (), ""):
                values[key], origin[key] = value, f"--{key.replace('_', '-')}"
        try:
            environment = Environment.model_validate(values)
        except ValidationError as error:
            raise ConfigError(_listed(f"environment {chosen}", error), "run 'syncd config show --origin'") from None
        password, token = self._secret(chosen, "password", environment), self._secret(chosen, "token", environment)
        if token[0] in VARIABLES["token"] and password[0] not in {"default", *VARIABLES["password"]}:
            token = "default", ""  # another tool's token does not win over a password that was meant for this one
        origin |= {"password": password[0], "token": token[0]}
        return Target(chosen, environment, Secret(password[1]), Secret(token[1]), origin)

    def names(self) -> tuple[str, ...]:
        """Every environment of the file; `default` where it has none."""
        return tuple(self.settings.environments) or ("default",)

    def _name(self, name: str | None) -> str:
        known = self.settings.environments
        chosen = name or self.variables.get("SYNCD_ENV") or self.settings.default
        if chosen is None:
            if len(known) > 1:
                raise ConfigError(
                    f"there are several environments: {', '.join(sorted(known))}",
                    "name one with --env, or set 'default:' in syncd.yaml",
                )
            chosen = next(iter(known), "default")
        if chosen not in known and not (chosen == "default" and not known):
            hint = (
                "name one of them with --env"
                if known
                else f"run 'syncd init' to write a {FILE_NAME}, or leave --env out"
            )
            raise ConfigError(f"there is no environment {chosen!r}{_known(known)}", hint)
        return chosen

    def _variable(self, environment: str, key: str, values: Mapping[str, object]) -> tuple[str, object] | None:
        names = [f"SYNCD_{environment.upper().replace('-', '_')}_{key.upper()}", f"SYNCD_{key.upper()}"]
        if key not in values:
            names += VARIABLES.get(key, ())
        for name in names:
            if text := self.variables.get(name):
                return name, _typed(key, text)
        return None

    def _secret(self, name: str, key: str, environment: Environment) -> tuple[str, str]:
        """Where a secret came from, and the secret. Files are read anew each time: rotation needs no restart."""
        own = [f"SYNCD_{name.upper().replace('-', '_')}_{key.upper()}", f"SYNCD_{key.upper()}"]
        for variable in own:
            if value := self.variables.get(variable):
                return variable, value
        if path := getattr(environment, f"{key}_file"):
            return f"{key}_file", self._read_secret(key, path)
        for variable in VARIABLES[key]:
            if value := self.variables.get(variable):
                return variable, value
        return "default", ""

    def _read_secret(self, key: str, path: Path) -> str:
        path = self.resolve(path)
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(
                f"{key}_file {path}: {error.strerror}", f"create it, or set SYNCD_{key.upper()}"
            ) from error
        except UnicodeDecodeError:
            raise ConfigError(
                f"{key}_file {path}: not a text in UTF-8", f"write it anew, or set SYNCD_{key.upper()}"
            ) from None

    def resolve(self, path: Path) -> Path:
        """A path of the file, which is relative to the folder that the file lies in."""
        base = self.path.parent if self.path else Path.cwd()
        return base / path.expanduser()


def _typed(key: str, text: str) -> object:
    """A variable's text as the field wants it: lists are split at commas and spaces, headers at line ends."""
    if key in {"namespaces", "protected"}:
        return tuple(re.split(r"[,\s]+", text.strip()))
    if key == "headers":
        pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
        return {name.strip(): value.strip() for name, _, value in pairs}
    return text


def _listed(where: str, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"])
        text = problem["msg"].removeprefix("Value error, ")
        lines.append(f"  {place}: {text}" if place else f"  {text}")
    return f"{where} has {len(lines)} problem{'' if len(lines) == 1 else 's'}:\n" + "\n".join(lines)

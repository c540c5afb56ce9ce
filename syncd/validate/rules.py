"""Every rule by its code: how grave it is and what it says in a line. How a rule is checked stands with the checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from syncd.model import Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One thing that can be wrong.

    Args:
        code: Stable for ever; a code is never used again for something else.
        severity: Unless `rules:` in `syncd.yaml` says otherwise.
        title: What it finds, in one line.
    """

    code: str
    severity: Severity
    title: str


@dataclass(frozen=True, slots=True)
class Remark:
    """
    One finding in one flow, before anybody knows its file.

    Args:
        code: Of the rule.
        message: What is wrong, with names.
        line: 1-based, or `None`.
        column: 1-based, or `None`.
        hint: What to do about it.
        severity: Where it differs from the rule's.
    """

    code: str
    message: str
    line: int | None = None
    column: int | None = None
    hint: str = ""
    severity: Severity | None = None


_TABLE = (
    Rule("SYN001", ERROR, "The file is not YAML that Kestra can read."),
    Rule("SYN002", ERROR, "A YAML file among the flows is not a flow."),
    Rule("SYN003", ERROR, "Two documents in one file."),
    Rule("SYN004", ERROR, "Two files hold the same flow."),
    Rule("SYN005", ERROR, "The folder and the flow's namespace disagree."),
    Rule("SYN006", ERROR, "A symbolic link or a submodule where a file is expected."),
    Rule("SYN007", ERROR, "A Git LFS pointer instead of the file."),
    Rule("SYN008", ERROR, "The file cannot be read."),
    Rule("SYN009", ERROR, "A file name that does not work everywhere."),
    Rule("SYN010", ERROR, "A flow id or namespace that Kestra refuses."),
    Rule("SYN015", ERROR, "A file and a folder want the same place."),
    Rule("SYN016", ERROR, "The layout has no place for a namespace."),
    Rule("SYN020", WARNING, "The server lists a name that cannot be one."),
    Rule("SYN021", WARNING, "The flow is a draft on the server."),
    Rule("SYN022", ERROR, "The server cannot read its own flow."),
    Rule("SYN023", ERROR, "The server's listing and its export of flows disagree."),
    Rule("SYN024", ERROR, "A flow came twice in the server's export."),
    Rule("SYN025", ERROR, "The files of a namespace cannot be listed."),
    Rule("SYN026", ERROR, "The server's listing of files and what can be read disagree."),
    Rule("SYN030", ERROR, "A name that this server cannot hold."),
    Rule("SYN031", ERROR, "Two names that this server takes for one."),
    Rule("SYN032", ERROR, "A file would have to lie below another file."),
    Rule("SYN040", ERROR, "The server refuses the flow."),
    Rule("SYN041", WARNING, "The server warns of something."),
    Rule("SYN042", WARNING, "The server says that something is out of date."),
    Rule("SYN050", ERROR, "The same key twice in one mapping."),
    Rule("SYN051", ERROR, "A property that Kestra does not know."),
    Rule("SYN052", ERROR, "A type that Kestra does not know."),
    Rule("SYN053", ERROR, "A required property is missing."),
    Rule("SYN054", ERROR, "A value of the wrong kind."),
    Rule("SYN055", ERROR, "A value outside of what is allowed."),
    Rule("SYN056", ERROR, "The same id twice."),
    Rule("SYN057", ERROR, "A rule of Kestra's own validation is broken."),
    Rule("SYN058", ERROR, "A schedule that cannot work."),
    Rule("SYN059", NOTE, "A plugin type that the packaged schema does not hold."),
    Rule("SYN060", WARNING, "A type under an old name."),
    Rule("SYN061", WARNING, "A deprecated type or property."),
    Rule("SYN062", WARNING, "Kestra 2.0 refuses what 1.3 accepts."),
    Rule("SYN063", WARNING, "Kestra 1.3 refuses what 2.0 accepts."),
    Rule("SYN064", WARNING, "A name that Kestra 1.x keeps for itself."),
    Rule("SYN070", WARNING, "A called flow is not in the repository."),
    Rule("SYN071", WARNING, "A namespace file that is read is not in the repository."),
    Rule("SYN072", WARNING, "A key that is read is neither in the repository nor set by any flow."),
    Rule("SYN073", WARNING, "The output of a task that does not exist."),
    Rule("SYN074", WARNING, "An input that is not declared."),
    Rule("SYN075", WARNING, "A name with a hyphen after a dot is read as a subtraction."),
    Rule("SYN076", WARNING, "`{#` opens a Pebble comment."),
    Rule("SYN080", WARNING, "A secret is written out."),
    Rule("SYN081", WARNING, "Kestra does not follow YAML aliases and merge keys."),
    Rule("SYN082", WARNING, "Kestra reads an unquoted name as a number or a boolean."),
    Rule("SYN301", ERROR, "A promotion would make two objects one."),
    Rule("SYN302", ERROR, "The layout has no place for the promoted namespace."),
    Rule("SYN303", WARNING, "A promoted flow names what the target does not have."),
    Rule("SYN304", WARNING, "A promoted flow may still use the source namespace."),
    Rule("SYN305", NOTE, "A promotion changed a place that wants a second look."),
)
RULES: Mapping[str, Rule] = MappingProxyType({rule.code: rule for rule in _TABLE})

OTHER_LINE: Mapping[str, str] = MappingProxyType({"2.0": "SYN062", "1.3": "SYN063"})
"""The rule for what only this line refuses, where the target is not known."""

"""The app's source tree, as the doctor shows it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from tidegate.cli.doctoring.model import Item, Section, Source, State
from tidegate.settings import Settings
from tidegate.settings.hidden import secrets_of
from tidegate.settings.model import SPECS
from tidegate.watch.doctor.model import Finding, Severity
from tidegate.watch.doctor.rules import RULES
from tidegate.watch.doctor.service import look_at

_NO_FILE: Final = Item(
    Section.SOURCE,
    "files",
    State.WARNING,
    "Looked at 0 files: is this the folder of the app's source?",
    ("Name the folder of its source.",),
)
_STATES = {Severity.ERROR: State.ERROR, Severity.WARNING: State.WARNING}


def look(root: Path, settings: Settings, progress: Callable[[int, int], None]) -> tuple[list[Item], Source]:
    """Look at a tree.

    Args:
        root: of the app.
        settings: whose secrets must not be in it.
        progress: told the number of files done, and of all.

    Raises:
        NotADirectoryError: the root is none.
        OSError: it cannot be read.
    """
    survey = look_at(root, named_secrets(settings), progress=progress)
    items = [_item(finding) for finding in survey.findings]
    if not survey.files:  # then no rule was held to anything, and "Nothing found." would say that all is well
        items.append(_NO_FILE)
        return items, Source(survey.files, survey.octets, survey.left_out)
    found = {finding.rule for finding in survey.findings}
    well = [Item(Section.SOURCE, rule, State.OK, "Nothing found.") for rule in RULES if rule not in found]
    return [*items, *well], Source(survey.files, survey.octets, survey.left_out)


def named_secrets(settings: Settings) -> Mapping[str, str]:
    """Each configured secret's text, to the variable that holds it.

    Args:
        settings: sound or not.
    """
    named = dict.fromkeys(sorted(secrets_of(settings)), "a setting")
    for field, spec in SPECS.items():
        value = getattr(settings, field)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, SecretStr):
                named[one.get_secret_value()] = spec.variables[0]
    return named


def escaped(path: str) -> str:
    """A path as it may stand in a terminal: a file's name can hold anything."""
    return path if path.isprintable() else path.encode("unicode_escape").decode("ascii")


def _item(finding: Finding) -> Item:
    rule = RULES[finding.rule]
    named = f" It is {escaped(finding.name)}'s." if finding.name else ""
    text = f"{rule.what}{named} {rule.why}"
    return Item(
        Section.SOURCE, rule.id, _STATES[rule.severity], text, (rule.mend,), "", escaped(finding.path), finding.line
    )

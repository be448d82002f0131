"""The diagnosis for people: what is wrong first, then what is well in a line each."""

from typing import Final

from rich.text import Text

from tidegate.cli.doctoring.model import Diagnosis, Item, Section, State
from tidegate.cli.screen import Screen

_WORDS: Final = {
    State.OK: ("ok", "green"),
    State.WARNING: ("warn", "yellow"),
    State.ERROR: ("ERROR", "bold red"),
    State.SKIPPED: ("-", "dim"),
}
_TITLES: Final = {
    Section.SETTINGS: "Settings",
    Section.CHECKLIST: "Production checklist",
    Section.PROBES: "Probes",
    Section.SOURCE: "The app's source tree",
}
_WHOSE: Final = {
    "ours": "ours",
    "identity_provider": "the identity provider's",
    "stream": "Stream's",
    "network": "the network's",
}
_INDENT: Final = 7


def show(diagnosis: Diagnosis, screen: Screen) -> None:
    """Print it.

    Args:
        diagnosis: of the doctor.
        screen: where to.
    """
    for section in Section:
        items = [item for item in diagnosis.items if item.section is section]
        if not items:
            continue
        screen.title(_TITLES[section])
        for item in items:
            _show_item(item, screen)
        screen.blank()
    screen.lines(diagnosis.notes)
    _show_source(diagnosis, screen)
    screen.title(summary(diagnosis))


def summary(diagnosis: Diagnosis) -> str:
    """The outcome in a line.

    Args:
        diagnosis: of the doctor.
    """
    counted = ((State.ERROR, "wrong"), (State.WARNING, "to look at"), (State.OK, "well"), (State.SKIPPED, "not asked"))
    return ", ".join(f"{diagnosis.count(state)} {word}" for state, word in counted) + "."


def _show_item(item: Item, screen: Screen) -> None:
    word, style = _WORDS[item.state]
    where = f"{item.file}:{item.line}  {item.id}" if item.file else f"{item.id:<25}"
    if not item.mends:
        screen.parts(Text(f"{word:<5}", style), where, item.text)
        return
    screen.parts(Text(f"{word:<5}", style), where.rstrip())
    whose = f" Whose fault: {_WHOSE[item.blame]}." if item.blame in _WHOSE else ""
    screen.line(f"{item.text}{whose}", indent=_INDENT)
    screen.lines((f"Mend: {mend}" for mend in item.mends), indent=_INDENT)


def _show_source(diagnosis: Diagnosis, screen: Screen) -> None:
    source = diagnosis.source
    if source is None:
        return
    screen.line(f"Looked at {source.files} files, {source.octets / 1e6:.1f} MB.")
    for why, count in sorted(source.left_out.items()):
        screen.line(f"Left out: {why} ({count}).")

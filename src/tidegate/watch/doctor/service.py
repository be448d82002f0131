"""Looking at an app's source tree."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidegate.watch.doctor.gitindex import tracked
from tidegate.watch.doctor.model import Bounds, Finding, Survey
from tidegate.watch.doctor.patterns import PATTERNS
from tidegate.watch.doctor.secrets import Secret, held_in, is_public, to_look_for
from tidegate.watch.doctor.texts import Kind, Text, is_env, kind_of
from tidegate.watch.doctor.walk import Entry, read, walk

_USUAL: Final = Bounds()


def look_at(
    root: Path,
    secrets: Mapping[str, str],
    *,
    bounds: Bounds = _USUAL,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Survey:
    """Hold a tree to the rules. Nothing in it is run or changed.

    Args:
        root: of the tree; a folder.
        secrets: text of each configured secret to the name of its variable.
        bounds: how much is looked at.
        progress: told the number of files done, and of all.

    Raises:
        NotADirectoryError: the root is none.
    """
    root = root.resolve()
    if not root.is_dir():
        raise NotADirectoryError(str(root))
    survey = Survey()
    entries = list(walk(root, bounds, survey))
    look = _Look(survey, bounds, tracked(root, _is_env, survey.leave_out))
    look.know(secrets)
    look.settings_files(entry for entry in entries if _is_env(str(entry.path)))
    for done, entry in enumerate(entries):
        progress(done, len(entries))
        look.file(entry)
    survey.findings = sorted(look.kept())
    return survey


@dataclass
class _Look:
    """A look under way.

    Attributes:
        survey: what comes of it.
        bounds: how much is looked at.
        repository: paths of files of settings that are in it; None where that is not known.
    """

    survey: Survey
    bounds: Bounds
    repository: frozenset[str] | None

    def __post_init__(self) -> None:
        self._named: dict[str, str] = {}
        self._secrets: tuple[Secret, ...] = ()
        self._found: dict[str, list[Finding]] = {}

    def know(self, secrets: Mapping[str, str]) -> None:
        """Look for these too."""
        self._named |= {text: name for text, name in secrets.items() if text not in self._named}
        self._secrets = to_look_for(self._named)

    def kept(self) -> Iterator[Finding]:
        """The findings, of each rule as many as are shown; the others are counted."""
        for found in self._found.values():
            yield from found

    def settings_files(self, entries: Iterable[Entry]) -> None:
        """Hold files of settings to the rule about them, and learn which secrets the app has."""
        known: dict[str, str] = {}
        counted = Survey()  # they are read, and counted, again with the others
        for entry in entries:
            octets = read(entry, self.bounds, counted)
            for held in held_in(_text_of(octets or b"")):
                if self.repository is not None and str(entry.path) in self.repository:
                    self._add(Finding(str(entry.path), held.line, "env-committed", held.name))
                if not is_public(held.name):
                    known.setdefault(held.text, held.name)
        self.know(known)

    def file(self, entry: Entry) -> None:
        """Hold a file to all other rules."""
        octets = read(entry, self.bounds, self.survey)
        if octets is None:
            return
        path, kind = str(entry.path), kind_of(entry.path)
        if kind is not Kind.ENV:  # which holds its secrets rightly, unless it is committed
            self._look_for_secrets(path, octets)
        if kind is Kind.OTHER or b"\0" in octets:
            return
        text = Text(kind, _text_of(octets))
        for pattern in PATTERNS:
            if kind in pattern.kinds:
                lines = {text.line_of(place) for place in pattern.found(text)}
                for line in lines:
                    if not text.ignored(pattern.rule, line):
                        self._add(Finding(path, line, pattern.rule))

    def _look_for_secrets(self, path: str, octets: bytes) -> None:
        for secret in self._secrets:
            place = octets.find(secret.octets)
            if place >= 0:
                self._add(Finding(path, octets.count(b"\n", 0, place) + 1, "secret-value", secret.name))

    def _add(self, finding: Finding) -> None:
        found = self._found.setdefault(finding.rule, [])
        if finding in found:
            return
        if len(found) >= self.bounds.findings:
            self.survey.leave_out(f"further findings of {finding.rule}")
        else:
            found.append(finding)


def _is_env(path: str) -> bool:
    return is_env(path.rpartition("/")[2].lower())


def _text_of(octets: bytes) -> str:
    return octets.decode("utf-8-sig", "replace").replace("\r\n", "\n")

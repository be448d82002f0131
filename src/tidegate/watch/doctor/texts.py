"""A file's text as the rules see it: what kind it is, comments blanked, places turned into lines. Pure."""

import re
from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final


class Kind(StrEnum):
    """What a file is."""

    SCRIPT = "script"  # JavaScript, TypeScript, and what holds them
    PYTHON = "python"
    BUNDLE = "bundle"  # delivered to clients
    ENV = "env"  # NAME=value lines
    PLAIN = "plain"  # other text that people write
    OTHER = "other"  # searched for the values of secrets only


_SCRIPTS: Final = frozenset({".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte", ".astro"})
_PLAIN: Final = frozenset(
    {
        *(".json", ".yml", ".yaml", ".toml", ".html", ".xml", ".plist"),
        *(".conf", ".ini", ".cfg", ".properties", ".sh", ".tf"),
    }
)
_BUNDLES: Final = frozenset({".js", ".mjs", ".cjs", ".html", ".map", ".json", ".css", ".hbc", ".jsbundle", ".bundle"})
_BUNDLE_FOLDERS: Final = frozenset({"dist", "web-build", "storybook-static"})
_BUNDLE_PATHS: Final = ((".next", "static"), ("build", "static"), (".output", "public"), ("out", "_next"))


def is_delivered(path: PurePosixPath) -> bool:
    """Whether a file lies where bundlers put what clients get.

    Args:
        path: from the root of the tree.
    """
    folders = path.parts[:-1]
    return not _BUNDLE_FOLDERS.isdisjoint(folders) or any(pair in _BUNDLE_PATHS for pair in pairwise(folders))


def kind_of(path: PurePosixPath) -> Kind:
    """What a file is, by its name and place.

    Args:
        path: from the root of the tree.
    """
    name, suffix = path.name.lower(), path.suffix.lower()
    if is_env(name):
        return Kind.ENV
    if is_delivered(path):
        return Kind.BUNDLE if suffix in _BUNDLES else Kind.OTHER
    if suffix in _SCRIPTS:
        return Kind.SCRIPT
    if suffix == ".py":
        return Kind.PYTHON
    return Kind.PLAIN if suffix in _PLAIN or name in {"dockerfile", "caddyfile"} else Kind.OTHER


def is_env(name: str) -> bool:
    """Whether a file holds settings by its name: ``.env``, ``.env.local``, ``prod.env``, ``.dev.vars``.

    Args:
        name: of the file, in small letters.
    """
    return name in {".env", ".dev.vars"} or name.startswith(".env.") or name.endswith(".env")


# Each alternative matches once it has begun, so no place is looked at twice however a text ends.
_QUOTED: Final = r'"(?:[^"\\\n]|\\.)*+"?|\'(?:[^\'\\\n]|\\.)*+\'?'
_SCRIPT_COMMENTS: Final = re.compile(
    _QUOTED + r"|`(?:[^`\\]|\\.)*+`?|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?", re.DOTALL
)
_HASH_COMMENTS: Final = re.compile(_QUOTED + r"|#[^\n]*+", re.DOTALL)
_BY_KIND: Final = {
    Kind.SCRIPT: _SCRIPT_COMMENTS,
    Kind.PYTHON: _HASH_COMMENTS,
    Kind.ENV: re.compile(r"(?m)^[ \t]*+#[^\n]*+"),
}
_VISIBLE: Final = re.compile(r"[^\n]")
_IGNORED: Final = re.compile(r"tidegate-doctor: ignore ([a-z-]{1,40})")


@dataclass(frozen=True)
class Text:
    """A file's text.

    Attributes:
        kind: what the file is.
        whole: as it is in the file.
    """

    kind: Kind
    whole: str

    @cached_property
    def bare(self) -> str:
        """The text with its comments blanked, every place kept."""
        pattern = _BY_KIND.get(self.kind)
        return self.whole if pattern is None else pattern.sub(_blanked, self.whole)

    def line_of(self, place: int) -> int:
        """The line, from 1, in which a place is."""
        return bisect_left(self._ends, place) + 1

    def ignored(self, rule: str, line: int) -> bool:
        """Whether a comment in the line, or in the one before, says that a rule is not meant here.

        Args:
            rule: its id.
            line: from 1.
        """
        return not {(line, rule), (line - 1, rule)}.isdisjoint(self._ignored)

    @cached_property
    def _ends(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.whole)]

    @cached_property
    def _ignored(self) -> frozenset[tuple[int, str]]:
        return frozenset((self.line_of(match.start()), match[1]) for match in _IGNORED.finditer(self.whole))


def _blanked(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] not in "/#" and not found.lstrip(" \t").startswith("#"):
        return found
    return found if found.startswith("/*") and not found.endswith("*/") else _VISIBLE.sub(" ", found)

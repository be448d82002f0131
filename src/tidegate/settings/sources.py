"""Where texts come from: the command line, the process environment, one file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

from tidegate.settings.model import SPECS
from tidegate.settings.problems import Problem, Unfit

FILE_VARIABLE: Final = "TIDEGATE_ENV_FILE"
UNNAMED: Final = Path(".env")
_FILE_BYTES_MAX: Final = 1_048_576
_TEXT_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class Given:
    """A text that somebody gave for a setting.

    Attributes:
        text: without white space around it, never empty.
        variable: the name under which it was given; the field's for the command line.
        origin: where it came from, for people.
    """

    text: str
    variable: str
    origin: str

    def __repr__(self) -> str:
        return f"Given({self.origin!r})"

    @property
    def is_in_file(self) -> bool:
        """Whether a file says it, and neither the process environment nor the command line."""
        return self.origin.startswith("file ")


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that was given, in the order in which it counts.

    Attributes:
        overrides: field to text, from the command line.
        process: the process environment.
        file: what the file says; empty without one.
        path: the file that was read, if any.
    """

    overrides: Mapping[str, str]
    process: Mapping[str, str]
    file: Mapping[str, str]
    path: Path | None

    def __repr__(self) -> str:
        return f"Sources(path={self.path})"

    def variable(self, name: str) -> Given | None:
        """What a variable was set to; a variable set to nothing counts as unset.

        Args:
            name: the variable.

        Returns:
            the text from the process environment, else from the file, else None.
        """
        if text := self.process.get(name, "").strip():
            return Given(text, name, f"environment {name}")
        if text := self.file.get(name, "").strip():
            return Given(text, name, f"file {self.path} {name}")
        return None

    def setting(self, field: str) -> Given | None:
        """What a setting was set to, under whichever of its names.

        Args:
            field: the field of ``Settings``.

        Returns:
            the text, or None where the default is to stand.

        Raises:
            Unfit: when two of its names are set and differ, or the text is no text.
        """
        given = self._override(field) or self._alias(field)
        if given is not None and len(given.text) > _TEXT_MAX:
            raise Unfit(f"is longer than {_TEXT_MAX} characters", "shorten it")
        if given is not None and any("\ud800" <= one <= "\udfff" for one in given.text):
            raise Unfit("is not UTF-8", "write it as UTF-8 text")
        return given

    def _override(self, field: str) -> Given | None:
        text = self.overrides.get(field, "").strip()
        return Given(text, SPECS[field].variables[0], "command line") if text else None

    def _alias(self, field: str) -> Given | None:
        found = [given for name in SPECS[field].variables if (given := self.variable(name))]
        if len({given.text for given in found}) > 1:
            names = " and ".join(given.variable for given in found[1:])
            raise Unfit(f"and {names} name the same setting and differ", "set one of them, or all to the same value")
        return found[0] if found else None

    def everything(self) -> Iterator[tuple[str, str]]:
        """Each variable that is set, with its text, the process environment's where both have it."""
        for name in {**self.file, **self.process}:
            if given := self.variable(name):
                yield name, given.text


def read_file(path: Path) -> dict[str, str]:
    """Read a file of ``NAME=value`` lines. Nothing in it is expanded: a secret may hold a dollar sign.

    Args:
        path: the file.

    Returns:
        variable to text; of a variable that stands there twice the last.

    Raises:
        Unfit: when it cannot be read as such; nothing of its content is repeated.
    """
    try:
        with path.open("rb") as file:
            octets = file.read(_FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "the path is invalid"
        raise Unfit(f"cannot be read: {why}", "name a file that this user can read") from None
    if len(octets) > _FILE_BYTES_MAX:
        raise Unfit(f"is larger than {_FILE_BYTES_MAX} bytes", "name a file of settings")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit("is not UTF-8", "save it as UTF-8") from None
    found: dict[str, str] = {}
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            raise Unfit(f"has a line {binding.original.line} that is not NAME=value", "mend that line")
        if binding.key is not None:
            found[binding.key] = binding.value or ""
    return found


def file_problem(unfit: Unfit, *, is_named: bool) -> Problem:
    """A file's fault as a problem. The name that somebody gave is a value, so it is not repeated."""
    if is_named:
        return Problem(FILE_VARIABLE, f"names a file that {unfit.wrong}", unfit.mend)
    return Problem(str(UNNAMED), unfit.wrong, unfit.mend)

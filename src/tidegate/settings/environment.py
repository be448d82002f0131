"""Which environment this is, decided from the process environment before any file is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidegate.settings.model import SPECS
from tidegate.settings.problems import Problem, Unfit
from tidegate.settings.sources import FILE_VARIABLE, UNNAMED, Given, Sources, file_problem, read_file
from tidegate.settings.stream_section import Environment

VARIABLE, FALLBACK = SPECS["environment"].variables
_STRICT: Final = frozenset({Environment.PRODUCTION, Environment.STAGING})
_NOTHING: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Decision:
    """The environment, and the sources that may be read in it.

    Attributes:
        environment: how strict to be; development where nothing said otherwise.
        given: who said so; None where nobody did.
        sources: what settings are to be read from.
        file_origin: who named the file; ``default`` where nobody did.
        problems: what is wrong with the environment or the file.
        warnings: what is not wrong but should be known.
    """

    environment: Environment
    given: Given | None
    sources: Sources
    file_origin: str
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def decide(overrides: Mapping[str, str], process: Mapping[str, str], named: Path | None) -> Decision:
    """Decide the environment and read the file that belongs to it.

    A named file takes part in the decision where the process environment is
    silent. An unnamed ``.env`` never does: a file that happens to lie in the
    working directory must not decide how strict the service is. For the same
    reason it is read in development only.

    Args:
        overrides: field to text, from the command line.
        process: the process environment.
        named: the file named on the command line, if any.

    Returns:
        the decision.
    """
    problems: list[Problem] = []
    path = named or _named_in(process)
    file_origin = "command line" if named else f"environment {FILE_VARIABLE}" if path else "default"
    said, given = _said(Sources(overrides, process, _NOTHING, None), problems)
    sources = _open(overrides, process, path or UNNAMED, is_named=path is not None, problems=problems)
    in_file, in_file_given = _said(Sources({}, _NOTHING, sources.file, sources.path), problems)
    if path is not None:
        final, final_given = (said, given) if given else (in_file, in_file_given)
        return Decision(final or Environment.DEVELOPMENT, final_given, sources, file_origin, tuple(problems), ())
    warnings: tuple[str, ...] = ()
    if in_file in _STRICT and in_file_given:
        problems.append(_unnamed_says(in_file, in_file_given.variable))
    elif said in _STRICT and sources.path:
        sources = Sources(overrides, process, _NOTHING, None)
        warnings = (f"{UNNAMED} is there but not read in {said}; to read it, set {FILE_VARIABLE}={UNNAMED}",)
    return Decision(said or Environment.DEVELOPMENT, given, sources, file_origin, tuple(problems), warnings)


def _named_in(process: Mapping[str, str]) -> Path | None:
    text = process.get(FILE_VARIABLE, "").strip()
    return Path(text) if text else None


def _open(
    overrides: Mapping[str, str], process: Mapping[str, str], path: Path, *, is_named: bool, problems: list[Problem]
) -> Sources:
    """The sources with the file read, or without it where there is none or it is wrong."""
    if is_named or path.is_file():
        try:
            return Sources(overrides, process, read_file(path), path)
        except Unfit as unfit:
            problems.append(file_problem(unfit, is_named=is_named))
    return Sources(overrides, process, _NOTHING, None)


def _said(sources: Sources, problems: list[Problem]) -> tuple[Environment | None, Given | None]:
    """What some sources say. ``NODE_ENV`` counts where the other name is unset, and its ``test`` means development."""
    override = sources.overrides.get("environment", "").strip()
    given = Given(override, VARIABLE, "command line") if override else None
    given = given or sources.variable(VARIABLE) or sources.variable(FALLBACK)
    if given is None:
        return None, None
    if given.variable == FALLBACK and given.text.lower() == "test":
        return Environment.DEVELOPMENT, given
    try:
        return Environment(str(SPECS["environment"].kind.read(given.text))), given
    except Unfit as unfit:
        problems.append(unfit.at(given.variable))
        return None, given


def _unnamed_says(environment: Environment, variable: str) -> Problem:
    return Problem(
        variable,
        f"says {environment} in {UNNAMED}, a file that nobody named",
        f"name it: {FILE_VARIABLE}={UNNAMED}",
    )

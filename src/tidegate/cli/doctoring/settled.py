"""The settings, sound or not: what is wrong with them, the checklist as far as it goes, and what to build from."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tidegate.app.given import with_credentials
from tidegate.cli.doctoring.model import Item, Section, State
from tidegate.credentials.kept import KeptRing
from tidegate.credentials.sources import SourceError
from tidegate.settings import Environment, Loaded, Settings, SettingsError
from tidegate.settings.checklist import Line, check
from tidegate.settings.facts import gather
from tidegate.settings.load import Surveyed, survey
from tidegate.settings.problems import Problem, printable
from tidegate.settings.repair import Repaired, judged, repaired

_DAY: Final = 86_400
_SOURCE: Final = "TIDEGATE_CREDENTIALS_SOURCE"


@dataclass(frozen=True, slots=True)
class Settled:
    """The settings as far as they go.

    Attributes:
        settings: as given, with defaults in place of what could not be read.
        fit: what a service can be assembled from that is only looked at; None where that cannot be had.
        items: what is wrong with them, and the checklist.
    """

    settings: Settings
    fit: Repaired | None
    items: tuple[Item, ...]


def settle(env_file: Path | None, *, live: bool) -> Settled:
    """Read the settings and judge them.

    Args:
        env_file: a file named on the command line.
        live: whether a source of credentials that is somewhere else may be asked.
    """
    surveyed = survey(env_file=env_file)
    problems = [_problem(one) for one in surveyed.problems]
    told: list[Item] = []
    if surveyed.loaded is not None and not live and _is_elsewhere(surveyed.loaded.settings.credentials_source):
        told.append(
            Item(Section.SETTINGS, _SOURCE, State.SKIPPED, "The source of credentials is asked with --live only.")
        )
    elif surveyed.loaded is not None:
        try:
            surveyed = _with_pairs(surveyed, with_credentials(surveyed.loaded.settings))
        except SourceError as error:
            problems.append(Item(Section.SETTINGS, _SOURCE, State.ERROR, f"{error}.", ("See that it can be read.",)))
        except SettingsError as error:
            problems += map(_problem, error.problems)
    warnings = surveyed.loaded.warnings if surveyed.loaded else ()
    told += [Item(Section.SETTINGS, "warning", State.WARNING, f"{warning}.") for warning in warnings]
    if not problems:
        told.insert(0, Item(Section.SETTINGS, "valid", State.OK, "The service starts with these settings."))
    return Settled(surveyed.draft.settings, _fit(surveyed), (*problems, *told, *_checklist(surveyed)))


def _is_elsewhere(source: str) -> bool:
    """Whether a source is asked over the network, with credentials for it."""
    return bool(source) and not source.startswith("file:")


def _with_pairs(surveyed: Surveyed, settings: Settings) -> Surveyed:
    """The same with what the source of credentials gives."""
    loaded = None if surveyed.loaded is None else replace(surveyed.loaded, settings=settings)
    return replace(surveyed, draft=replace(surveyed.draft, settings=settings), loaded=loaded)


def _fit(surveyed: Surveyed) -> Repaired | None:
    try:
        return repaired(surveyed)
    except ValueError:
        return None


def _problem(problem: Problem) -> Item:
    name = printable(problem.variable)
    return Item(Section.SETTINGS, name, State.ERROR, f"{name} {problem.wrong}.", (f"{_sentence(problem.mend)}.",))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _checklist(surveyed: Surveyed) -> Iterator[Item]:
    settings = surveyed.draft.settings
    bad = State.ERROR if settings.environment is Environment.PRODUCTION else State.WARNING
    known = judged(surveyed)
    for line, could in known:
        yield of_line(line, bad) if could else _unread(line)
    loaded = surveyed.loaded or Loaded(settings, {}, ())
    facts = replace(gather(loaded), credential_age_days=_age_days(settings))
    own = {line.id for line, _ in known}
    for line in check(loaded, facts=facts):
        if line.id not in own:
            yield of_line(line, bad)


def of_line(line: Line, bad: State) -> Item:
    """A line of the checklist.

    Args:
        line: passed or not.
        bad: how bad it is where it is not.
    """
    if line.passed:
        return Item(Section.CHECKLIST, line.id, State.OK, line.what)
    return Item(Section.CHECKLIST, line.id, bad, f"Does not hold: {line.what}", (line.mend,))


def _unread(line: Line) -> Item:
    text = f"Not judged, since a setting that it depends on cannot be read: {line.what}"
    return Item(Section.CHECKLIST, line.id, State.SKIPPED, text)


def _age_days(settings: Settings) -> int | None:
    """Of the secret in use at Stream, as far as this state directory knows."""
    ring = KeptRing(settings.state_dir, settings.base_url, settings.credentials_max).read()
    primary = None if ring is None else ring.primary
    return None if primary is None else int((time.time() - primary.made_at) // _DAY)

"""Reading the settings: sources, kinds, rules; then either settings, or every problem at once."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tidegate.settings import (
    credential_rules,
    misspelt,
    profile_text,
    rules,
    standing_rules,
    unnamed_rules,
    webhook_rules,
)
from tidegate.settings.derive import Derived, derive
from tidegate.settings.draft import Draft
from tidegate.settings.environment import Decision, decide
from tidegate.settings.hidden import secrets_of
from tidegate.settings.issuers import IssuerConfig
from tidegate.settings.model import SPECS, VARIABLES, Settings
from tidegate.settings.problems import Problem, SettingsError, Unfit, printable
from tidegate.settings.sources import Given, Sources
from tidegate.settings.stream_section import Environment

_HANDLED_APART: Final = frozenset({"environment", "env_file"})
_ORDER: Final = {variable: position for position, variable in enumerate(VARIABLES)}
_NO_OVERRIDES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Loaded:
    """Sound settings, and where each came from.

    Attributes:
        settings: the effective settings.
        origins: field to origin: ``environment NAME``, ``file PATH NAME``, ``command line`` or ``default``.
        warnings: what should be known, one sentence each.
        unknown: variables that are none of ours and look like it, made printable.
    """

    settings: Settings
    origins: Mapping[str, str]
    warnings: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def load(
    environ: Mapping[str, str] | None = None,
    *,
    env_file: Path | None = None,
    overrides: Mapping[str, str] = _NO_OVERRIDES,
) -> Loaded:
    """Read the settings.

    Args:
        environ: the process environment; the real one if None.
        env_file: a file of settings named on the command line; counts before ``TIDEGATE_ENV_FILE``.
        overrides: field to text, from the command line; counts before everything else.

    Returns:
        the settings with their origins and warnings.

    Raises:
        SettingsError: with every problem that was found.
        KeyError: when an override names no field.
    """
    surveyed = survey(environ, env_file=env_file, overrides=overrides)
    if surveyed.loaded is None:
        raise SettingsError(surveyed.problems)
    return surveyed.loaded


@dataclass(frozen=True, slots=True)
class Surveyed:
    """The settings as far as they could be read, sound or not.

    Attributes:
        draft: with the default in place of whatever could not be read.
        issuers: those that could be made.
        problems: everything that is wrong, in the order in which it is to be read.
        loaded: the settings; None where anything is wrong.
    """

    draft: Draft
    issuers: tuple[IssuerConfig, ...]
    problems: tuple[Problem, ...]
    loaded: Loaded | None


def survey(
    environ: Mapping[str, str] | None = None,
    *,
    env_file: Path | None = None,
    overrides: Mapping[str, str] = _NO_OVERRIDES,
) -> Surveyed:
    """Read the settings, whatever is wrong with them.

    Args:
        environ: as for `load`.
        env_file: likewise.
        overrides: likewise.

    Raises:
        KeyError: when an override names no field.
    """
    for name in overrides:
        SPECS[name]
    decision = decide(overrides, os.environ if environ is None else environ, env_file)
    problems = list(decision.problems)
    draft, listed = _read(decision, problems)
    derived = derive(draft, listed)
    problems += _judged(draft, derived)
    problems += unnamed_rules.check(decision, draft)
    problems += rules.check_public(dict(decision.sources.everything()), secrets_of(draft.settings))
    issuers = tuple(derived.issuers)
    loaded = None if problems else _loaded(decision, draft, derived)
    return Surveyed(draft, issuers, tuple(dict.fromkeys(sorted(problems, key=_position))), loaded)


def _judged(draft: Draft, derived: Derived) -> Iterator[Problem]:
    yield from credential_rules.check(draft)
    yield from derived.problems
    yield from rules.check(draft)
    yield from profile_text.check(
        draft.name("profile_rules"), draft.settings.profile_rules, draft.settings.profile_allow_admin, derived.issuers
    )
    if not derived.problems:
        yield from webhook_rules.check(draft, derived.issuers)
        yield from standing_rules.check(draft, derived.issuers)


def _loaded(decision: Decision, draft: Draft, derived: Derived) -> Loaded:
    settings = Settings.model_validate({**dict(draft.settings), "issuers": tuple(derived.issuers)})
    origins = {**_origins(draft, derived), "env_file": decision.file_origin}
    said = (misspelt.describe(name, meant) for name, meant in draft.unknown.items())
    warnings = (*decision.warnings, *derived.warnings, *credential_rules.warn(draft), *rules.warn(settings), *said)
    return Loaded(settings, MappingProxyType(origins), warnings, tuple(map(printable, draft.unknown)))


def _read(decision: Decision, problems: list[Problem]) -> tuple[Draft, tuple[Mapping[str, object], ...]]:
    """Read every field that was given; the rules see the default of those that could not be read."""
    values: dict[str, object] = {"environment": decision.environment, "env_file": decision.sources.path}
    given: dict[str, Given] = {"environment": decision.given} if decision.given else {}
    failed: set[str] = set()
    for field in SPECS.keys() - _HANDLED_APART:
        try:
            found = _read_field(decision.sources, field)
        except _AtError as fault:
            failed.add(field)
            problems.append(fault.problem)
            continue
        if found is not None:
            given[field], values[field] = found
    listed = values.pop("issuers", ())
    values.setdefault("docs", decision.environment is not Environment.PRODUCTION)
    draft = Draft(
        Settings.model_construct(**{**dict(Settings()), **values}),
        given,
        frozenset(failed),
        misspelt.find(decision.sources),
    )
    return draft, listed if isinstance(listed, tuple) else ()


class _AtError(Exception):
    """A field could not be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.variable)
        self.problem = problem


def _read_field(sources: Sources, field: str) -> tuple[Given, object] | None:
    variable = SPECS[field].variables[0]
    try:
        given = sources.setting(field)
        if given is None:
            return None
        variable = given.variable
        return given, SPECS[field].kind.read(given.text)
    except Unfit as unfit:
        raise _AtError(unfit.at(variable)) from None


def _position(problem: Problem) -> int:
    """The order of the documentation page; what is no setting, and so is out of place, comes first."""
    return _ORDER.get(problem.variable, -1)


def _origins(draft: Draft, derived: Derived) -> dict[str, str]:
    origins = {field: draft.given[field].origin if field in draft.given else "default" for field in SPECS}
    if "issuers" not in draft.given and derived.variables:
        by_variable = {given.variable: given.origin for given in draft.given.values()}
        origins["issuers"] = ", ".join(dict.fromkeys(by_variable[name] for name in derived.variables))
    return origins

"""Settings that are wrong, made fit to be looked at further: what is wrong is replaced and remembered."""

import inspect
import secrets
from dataclasses import dataclass
from typing import Final, cast

from pydantic import SecretStr

from tidegate.settings.checklist import RULES, Line
from tidegate.settings.load import Surveyed
from tidegate.settings.model import VARIABLES, Settings

CREDENTIALS: Final = frozenset({"api_key", "api_secret", "next_api_key", "next_api_secret", "credentials_source"})
"""The fields of key and secret."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """Settings from which a service can be assembled that is not to be used.

    Attributes:
        settings: with defaults in place of what was wrong, and with a made-up key and secret where there were none.
        replaced: the fields that are not as they were given, or were not given and must be.
        stood_in_for: whether the sandbox would be in the place of everybody else.
    """

    settings: Settings
    replaced: frozenset[str]
    stood_in_for: bool = False


def repaired(surveyed: Surveyed) -> Repaired:
    """Replace what is wrong.

    Args:
        surveyed: sound or not.

    Raises:
        ValueError: they cannot be made fit.
    """
    problems = surveyed.problems
    wrong = surveyed.draft.failed | {VARIABLES[one.variable] for one in problems if one.variable in VARIABLES}
    values = {**dict(surveyed.draft.settings), "issuers": surveyed.issuers}
    defaults = dict(Settings())
    values |= {field: defaults[field] for field in wrong - {"issuers", "environment"}}
    # A source of credentials gives no key and secret before it is read.
    if not values["api_key"] or values["api_secret"] is None:
        values["credentials_source"] = defaults["credentials_source"]
    if not values["api_key"]:
        wrong |= {"api_key"}
        values["api_key"] = secrets.token_hex(8)
    if values["api_secret"] is None:
        wrong |= {"api_secret"}
        values["api_secret"] = SecretStr(secrets.token_hex(32))
    stood_in_for = surveyed.loaded is not None and surveyed.loaded.settings.sandbox_wanted
    return Repaired(Settings.model_validate(values), frozenset(wrong), stood_in_for)


def judged(surveyed: Surveyed) -> list[tuple[Line, bool]]:
    """The lines of the checklist that the settings alone answer.

    Args:
        surveyed: sound or not.

    Returns:
        each line, and whether it could be judged: it cannot where it depends on what could not be read.
    """
    settings = surveyed.draft.settings.model_copy(update={"issuers": surveyed.issuers})
    unread = surveyed.draft.failed | ({"issuers"} if _lacks_issuers(surveyed) else set())
    found = []
    for rule in RULES:
        looked_at = _Noted(settings)
        holds = rule.holds(cast("Settings", looked_at))
        found.append((Line(rule.id, holds, rule.what, rule.mend), not looked_at.noted & unread))
    return found


def _lacks_issuers(surveyed: Surveyed) -> bool:
    """Whether an issuer was asked for that could not be made."""
    return bool(surveyed.problems) and surveyed.draft.has_issuers() and not surveyed.issuers


class _Noted:
    """Settings that note which of their fields are read, also by their own properties and methods.

    Args:
        settings: whose.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.noted: set[str] = set()

    def __getattr__(self, name: str) -> object:
        member = inspect.getattr_static(type(self._settings), name, None)
        if isinstance(member, property) and member.fget is not None:
            return member.fget(self)
        self.noted.add(name)
        return getattr(self._settings, name)

"""Whether revocations are remembered for longer than any session lives that they refuse."""

import math
from collections.abc import Iterable, Iterator
from typing import Final

from tidegate.settings import authjs, authjs_apps
from tidegate.settings.draft import Draft
from tidegate.settings.issuers import IssuerConfig
from tidegate.settings.model import Settings
from tidegate.settings.problems import Problem
from tidegate.settings.stream_section import Environment

_DAY_SECONDS: Final = 86_400


def check(draft: Draft, issuers: Iterable[IssuerConfig]) -> Iterator[Problem]:
    """Judge it in production, where a session that comes back to life must not be.

    Args:
        draft: the settings as far as they could be read.
        issuers: that are configured.

    Yields:
        a problem for each issuer of too long-lived sessions.
    """
    if draft.is_production() and not draft.failed & {"standing_keep_days", "authjs_max_age_seconds"}:
        for wrong, mend in _found(draft.settings, issuers):
            yield Problem(draft.name("standing_keep_days"), wrong, mend)


def warn(settings: Settings) -> Iterator[str]:
    """Say it elsewhere.

    Args:
        settings: complete and sound.

    Yields:
        a sentence for each issuer of too long-lived sessions.
    """
    if settings.environment is not Environment.PRODUCTION:
        for wrong, mend in _found(settings, settings.issuers):
            yield f"TIDEGATE_STANDING_KEEP_DAYS {wrong}; {mend}"


def _found(settings: Settings, issuers: Iterable[IssuerConfig]) -> Iterator[tuple[str, str]]:
    """What is wrong and how to mend it. Sessions without a greatest age end by themselves, except those of Auth.js."""
    if not (settings.operator_keys or settings.webhook_secrets or settings.database_url):
        return  # nobody can revoke anything
    for issuer in issuers:
        encrypted = issuer.kind == authjs.KIND
        variable = "TIDEGATE_AUTHJS_MAX_AGE_SECONDS" if encrypted else "TIDEGATE_SESSION_MAX_AGE_SECONDS"
        again = "so a revoked one would be accepted again"
        if encrypted and not authjs_apps.app(issuer, settings).secrets:
            continue  # each of its sessions is asked for at the app
        if encrypted and not issuer.max_age_seconds:
            wrong = (
                f"is a number of days, while {variable} lets sessions of issuer {issuer.name} be of any age, {again}"
            )
            yield wrong, f"set {variable} to fewer days"
        elif issuer.max_age_seconds + issuer.clock_skew_seconds > settings.standing_keep_days * _DAY_SECONDS:
            days = math.ceil((issuer.max_age_seconds + issuer.clock_skew_seconds) / _DAY_SECONDS)
            wrong = f"is less than the age that {variable} allows to sessions of issuer {issuer.name}, {again}"
            yield wrong, f"raise it to {days}, or lower {variable}"

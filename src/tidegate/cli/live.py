"""What ``tidegate config check --live`` finds out: calls to Stream and to the issuers, as the service makes them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tidegate.app.build import breaker_of, credentials_of, stream_client
from tidegate.app.given import with_credentials
from tidegate.cli.exits import CommandFailed, Exit
from tidegate.clock import Clock, SystemClock
from tidegate.identity.assemble import assemble
from tidegate.settings import Settings
from tidegate.settings.checklist import Line
from tidegate.settings.live_checklist import LiveFacts
from tidegate.settings.live_checklist import check_live as checked
from tidegate.upstream.client import StreamClient
from tidegate.upstream.errors import (
    AccessKeyError,
    AppSuspended,
    AuthFailed,
    CallRefused,
    TokenDateWrong,
    TokenExpired,
    TokenNotYetValid,
    UpstreamError,
)
from tidegate.upstream.quota import Quota

PROBES: Final = ("tg-@probe-case-a", "tg-@probe-case-A")
"""Two ids that differ in case only, in the space that no subject can get."""

_DATE_ROUNDING: Final = 0.5
"""Seconds. A ``Date`` header has its fraction cut off; half a second more is the best guess."""

_CLOCK_ERRORS: Final = (TokenDateWrong, TokenExpired, TokenNotYetValid)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it.

    Attributes:
        lines: of the checklist.
        notes: what was done and what went wrong, a sentence each.
    """

    lines: tuple[Line, ...]
    notes: tuple[str, ...]


def check_live(settings: Settings, clock: Clock | None = None) -> Answer:
    """Make the calls and judge them.

    Args:
        settings: with key and secret, or with the source that gives them.
        clock: for durations and tokens.

    Raises:
        CommandFailed: there is no key and secret.
        SourceError: their source cannot be read.
    """
    settings = with_credentials(settings)
    _demand_credentials(settings)
    return asyncio.run(_check(settings, clock or SystemClock()))


def _demand_credentials(settings: Settings) -> None:
    if not settings.api_key or settings.api_secret is None:
        mend = "set STREAM_API_KEY and STREAM_API_SECRET"
        raise CommandFailed("--live has no key and secret to call Stream with", mend, status=Exit.WRONG)


async def _check(settings: Settings, clock: Clock) -> Answer:
    notes: list[str] = []
    quota = Quota(clock)
    client = stream_client(settings, credentials_of(settings), clock, breaker_of(settings, clock), quota)
    try:
        facts = await _look_at_app(client, clock, notes)
        if facts.credentials_accepted:
            facts = replace(facts, quota_ratio=await _quota(client, quota, notes))
            facts = replace(facts, capitals_distinguished=await _capitals(client, notes))
    finally:
        await client.aclose()
    facts = replace(facts, issuer_keys=await _keys(settings, clock, notes))
    return Answer(tuple(checked(settings, facts)), tuple(notes))


async def _look_at_app(client: StreamClient, clock: Clock, notes: list[str]) -> LiveFacts:
    began = clock.now()
    try:
        app = await client.app()
    except UpstreamError as error:
        notes.append(f"Stream's answer: {error}.")
        facts, server_time = _refused(error), error.server_time
    else:
        facts = LiveFacts(
            app_reachable=True,
            credentials_accepted=True,
            auth_checks_on=not app.disable_auth_checks,
            permission_checks_on=not app.disable_permissions_checks,
            suspended=app.suspended,
        )
        server_time = app.server_time
    if server_time is None:
        return facts
    return replace(facts, clock_difference_s=server_time + _DATE_ROUNDING - (began + clock.now()) / 2)


def _refused(error: UpstreamError) -> LiveFacts:
    """What an error of the first call says; what it leaves open stays None."""
    answered = isinstance(error, CallRefused) or error.status is not None
    if isinstance(error, AppSuspended):
        return LiveFacts(answered, credentials_accepted=True, suspended=True)
    if isinstance(error, (AccessKeyError, AuthFailed)) and not isinstance(error, _CLOCK_ERRORS):
        return LiveFacts(answered, credentials_accepted=False)
    return LiveFacts(answered)


async def _quota(client: StreamClient, quota: Quota, notes: list[str]) -> float | None:
    try:
        limits = await client.rate_limits()
    except UpstreamError as error:
        notes.append(f"Stream's rate limits could not be read: {error}.")
        return quota.lowest_ratio()
    return min((limit.ratio for limit in limits.values()), default=quota.lowest_ratio())


async def _capitals(client: StreamClient, notes: list[str]) -> bool | None:
    """Whether Stream keeps two users apart whose ids differ in case only; None where it could not be tried."""
    try:
        await client.upsert_users([{"id": one, "name": f"Tidegate's probe {one}"} for one in PROBES])
        notes.append(f"Created at Stream, or replaced: the users {' and '.join(PROBES)}. No person can get these ids.")
        found = await client.query_users(PROBES)
    except CallRefused as error:
        notes.append(f"Stream would not have two users whose ids differ in case only: {error}.")
        return False
    except UpstreamError as error:
        notes.append(f"Whether user ids differ by case could not be tried: {error}.")
        return None
    names = {found[one].name for one in PROBES if one in found}
    return len(names) == len(PROBES)


async def _keys(settings: Settings, clock: Clock, notes: list[str]) -> Mapping[str, bool]:
    """Which issuers' keys can be had."""
    issuers = assemble(settings, clock)
    had: dict[str, bool] = {}
    try:
        for issuer in issuers.issuers:
            if issuer.keys.current() is None:
                await issuer.keys.ask(None)
            had[issuer.policy.name] = issuer.keys.current() is not None
            if error := issuer.keys.status().last_error:
                notes.append(f"Issuer {issuer.policy.name}: {error}.")
    finally:
        await issuers.aclose()
    return had

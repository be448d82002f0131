"""The judgement of health: pure, from what others have found out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tidegate.identity.keysource import KeyState
from tidegate.upstream.breaker import BreakerState
from tidegate.watch.model import (
    REFUSALS,
    SLOW_MS,
    Checks,
    Failure,
    Health,
    HealthInputs,
    IssuerHealth,
    KeyType,
    Posture,
    ProbeResult,
    Remark,
    Status,
    Troubleshooting,
)

QUOTA_LOW: Final = 0.2
"""Below this part of a limit of Stream's the service counts as degraded."""

CLOCK_TOLERANCE_S: Final = 4.0
"""Seconds. Tokens are dated at least 5 s back; a clock further ahead than that makes Stream refuse them."""

UNTOLD_S: Final = 10.0
"""Seconds. A revocation or ban that Stream has not been told of for so long is not on its way any more."""

_MIN_KEY_LENGTH: Final = 10
_DEVELOPMENT_WORDS: Final = ("demo", "test", "dev")
_SEVERITY: Final = {Status.HEALTHY: 0, Status.DEGRADED: 1, Status.UNHEALTHY: 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was noticed.

    Attributes:
        status: how bad it is; healthy: worth a warning, no more.
        issue: what is wrong, one sentence.
        solutions: how to mend it.
    """

    status: Status
    issue: str
    solutions: tuple[str, ...] = ()


_ADVICE: Final = {
    Failure.UNREACHABLE: (
        "Stream cannot be reached.",
        (
            "Check that this machine can resolve and reach the host of STREAM_CHAT_BASE_URL.",
            "Check that the firewall lets HTTPS out.",
            "Look at Stream's status page.",
        ),
    ),
    Failure.SLOW: (
        "Stream did not answer within the time-out.",
        (
            "Check the network between this machine and Stream.",
            "If the way to Stream is long, raise STREAM_CHAT_TIMEOUT (milliseconds).",
        ),
    ),
    Failure.KEY_REFUSED: (
        "Stream does not know the API key.",
        (
            "Compare STREAM_API_KEY with the key in Stream's dashboard, character by character.",
            "Make sure it is the key of a real app, and of this environment's app.",
        ),
    ),
    Failure.SECRET_REFUSED: (
        "Stream refuses the signature made with the API secret.",
        (
            "Set STREAM_API_SECRET to the secret that belongs to this API key.",
            "If the secret was replaced in Stream's dashboard, set the new one here.",
        ),
    ),
    Failure.CLOCK_REFUSED: (
        "Stream refuses the date of our server token: this machine's clock is wrong.",
        ("Set this machine's clock by NTP.",),
    ),
    Failure.SUSPENDED: (
        "Stream has suspended the app.",
        ("Ask Stream's support why; the dashboard shows the explanation.",),
    ),
    Failure.SERVER_FAULT: ("Stream answers with server errors.", ("Look at Stream's status page.",)),
    Failure.RATE_LIMITED: (
        "Stream's rate limit is spent.",
        ("Find out what uses up the limit; lower TIDEGATE_SYNC_CALLS_PER_MINUTE.", "Ask Stream for a higher limit."),
    ),
    Failure.OTHER: (
        "The answer was not one of Stream's.",
        ("Check STREAM_CHAT_BASE_URL, and that no proxy answers in Stream's place.",),
    ),
}


def judge(inputs: HealthInputs) -> Health:
    """Judge how the service is.

    Unhealthy: the configuration is invalid, Stream will not have our key, secret or
    app, or no issuer is usable. Degraded: Stream fails or is slow, its quota runs
    low, keys are stale, one issuer of several is down, the database cannot be used, or nothing is known yet.

    Args:
        inputs: what is known.

    Returns:
        the health page's content.
    """
    findings = [
        *_configuration(inputs.problems),
        *_issuers(inputs.issuers),
        *_stream(inputs),
        *_quota(inputs.quota_ratio),
        *_store(inputs.store_down_s),
        *_untold(inputs.untold, inputs.untold_s),
        *map(_remarked, inputs.credentials),
        *_posture(_current(inputs), public=inputs.public),
    ]
    status = max((finding.status for finding in findings), key=_SEVERITY.__getitem__, default=Status.HEALTHY)
    issues = tuple(finding.issue for finding in findings if finding.status is not Status.HEALTHY)
    probe = inputs.probe
    return Health(
        status=status,
        checks=_checks(inputs),
        message=_message(status, findings, inputs),
        warnings=tuple(finding.issue for finding in findings if finding.status is not Status.UNHEALTHY),
        response_time_ms=round(probe.duration_ms, 1) if probe else 0.0,
        fast=probe is not None and probe.ok and probe.duration_ms < SLOW_MS,
        troubleshooting=Troubleshooting(
            status=status,
            issues=issues,
            solutions=_solutions(finding for finding in findings if finding.status is not Status.HEALTHY),
            recommendations=_solutions(finding for finding in findings if finding.status is Status.HEALTHY),
        ),
    )


def key_type(api_key: str | None, *, problem: bool = False, words_accepted: bool = False) -> KeyType:
    """What kind of key is configured, by its look.

    Args:
        api_key: as configured.
        problem: whether its validation, or Stream, has found fault with it.
        words_accepted: whether demo, test and dev in a key count as chance.

    Returns:
        ``invalid`` for none or a faulty one, ``development`` where the key contains
        demo, test or dev, else ``production``.
    """
    if problem or not api_key or len(api_key) < _MIN_KEY_LENGTH:
        return "invalid"
    lowered = api_key.lower()
    if not words_accepted and any(word in lowered for word in _DEVELOPMENT_WORDS):
        return "development"
    return "production"


def _checks(inputs: HealthInputs) -> Checks:
    probe = _current(inputs)
    answered = probe is not None and (probe.ok or probe.failure in REFUSALS | _ANSWERED)
    working = probe is not None and probe.ok and not (probe.posture and probe.posture.suspended)
    return Checks(
        configuration_valid=not inputs.problems,
        connection_established=answered,
        authentication_working=working,
    )


_ANSWERED: Final = frozenset({Failure.SERVER_FAULT, Failure.RATE_LIMITED})


def _current(inputs: HealthInputs) -> ProbeResult | None:
    """The probe, unless it is too old to say anything about now."""
    return inputs.probe if inputs.probe_age_s <= inputs.probe_max_age_s else None


def _message(status: Status, findings: Iterable[Finding], inputs: HealthInputs) -> str:
    """The worst finding, and how old what is known of Stream is."""
    worst = next((finding.issue for finding in findings if finding.status is status), None)
    said = "Everything works." if status is Status.HEALTHY or worst is None else worst
    return said if inputs.probe is None else f"{said} Stream was checked {inputs.probe_age_s:.0f} s ago."


def _solutions(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(solution for finding in findings for solution in finding.solutions))


def _configuration(problems: Iterable[str]) -> Iterator[Finding]:
    mend = ("Run `tidegate config check`: it names each variable and how to mend it.",)
    for problem in problems:
        yield Finding(Status.UNHEALTHY, problem, mend)


def _issuers(issuers: tuple[IssuerHealth, ...]) -> Iterator[Finding]:
    if not issuers:
        yield Finding(
            Status.UNHEALTHY,
            "No identity provider is configured, so no session can be verified.",
            ("Set CLERK_PUBLISHABLE_KEY, or TIDEGATE_OIDC_ISSUER for any other provider.",),
        )
    some_usable = any(issuer.usable for issuer in issuers)
    for issuer in issuers:
        if issuer.keys is KeyState.STALE:
            yield Finding(
                Status.DEGRADED,
                f"The keys of issuer {issuer.name} could not be refreshed; the last good ones are in use.",
                (f"Check that this machine can reach the key server of issuer {issuer.name}.",),
            )
        elif not issuer.usable:
            yield Finding(
                Status.DEGRADED if some_usable else Status.UNHEALTHY,
                f"There are no usable keys of issuer {issuer.name}; its sessions cannot be verified.",
                (f"Check the issuer URL or JWKS URL of issuer {issuer.name}, and that this machine can reach it.",),
            )
        if issuer.route_fault:
            yield _route(issuer)


def _route(issuer: IssuerHealth) -> Finding:
    return Finding(
        Status.DEGRADED,
        f"The session route of the app gives issuer {issuer.name} no answers ({issuer.route_fault}), "
        "so sessions in its database cannot be checked.",
        (
            "See that the app runs, and that this machine gets JSON from TIDEGATE_AUTHJS_SESSION_URL, not a redirect.",
            "If it is slow, look at the app's database, or raise TIDEGATE_AUTHJS_TIMEOUT_MS (milliseconds).",
        ),
    )


def _stream(inputs: HealthInputs) -> Iterator[Finding]:
    probe = _current(inputs)
    if probe is None:
        yield Finding(Status.DEGRADED, _unknown(inputs))
    elif probe.failure is not None:
        issue, solutions = _ADVICE[probe.failure]
        refused = probe.failure in REFUSALS
        yield Finding(Status.UNHEALTHY if refused else Status.DEGRADED, issue, solutions)
    elif probe.duration_ms >= SLOW_MS:
        yield Finding(
            Status.DEGRADED,
            f"Stream took {probe.duration_ms:.0f} ms to answer; {SLOW_MS:.0f} ms and more count as slow.",
            ("Check the network between this machine and Stream.", "Look at Stream's status page."),
        )
    if inputs.breaker is not BreakerState.CLOSED and (probe is None or probe.ok):
        yield Finding(
            Status.DEGRADED,
            "Calls to Stream have been failing; it is left alone for a while.",
            ("Look at Stream's status page.",),
        )


def _unknown(inputs: HealthInputs) -> str:
    if inputs.probe is None:
        return "Stream is not yet checked."
    return f"The last check of Stream is {inputs.probe_age_s:.0f} s old and says nothing about now."


def _quota(ratio: float | None) -> Iterator[Finding]:
    if ratio is not None and ratio < QUOTA_LOW:
        yield Finding(
            Status.DEGRADED,
            f"{ratio:.0%} of a rate limit of Stream's is left.",
            _ADVICE[Failure.RATE_LIMITED][1],
        )


def _remarked(remark: Remark) -> Finding:
    return Finding(Status.DEGRADED if remark.degraded else Status.HEALTHY, remark.text, (remark.mend,))


def _store(down_s: float | None) -> Iterator[Finding]:
    """Tokens are given out all the same, by what is known here."""
    if down_s is not None:
        yield Finding(
            Status.DEGRADED,
            f"The database cannot be used; what changed elsewhere in the last {down_s:.0f} s is not known here.",
            ("Run `tidegate db status`: it says why.", "Check the database that TIDEGATE_DATABASE_URL names."),
        )


def _untold(count: int, seconds: float) -> Iterator[Finding]:
    """Nobody gets a new token meanwhile; one that is out is good at Stream until it ends."""
    if count and seconds >= UNTOLD_S:
        yield Finding(
            Status.DEGRADED,
            f"Stream could not be told of {count} revocations or bans, of the first one for {seconds:.0f} s.",
            ("Run `tidegate standing --pending`: it says of whom, and why.", "Look at Stream's status page."),
        )


def _posture(probe: ProbeResult | None, *, public: bool) -> Iterator[Finding]:
    """What the last answer tells of the app and the clocks."""
    if probe is None:
        return
    posture = probe.posture
    if posture is not None and posture.suspended:
        yield Finding(Status.UNHEALTHY, *_ADVICE[Failure.SUSPENDED])
    if posture is not None and public and (posture.disable_auth_checks or posture.disable_permissions_checks):
        # Whoever reads this must not learn that the app stands open.
        yield Finding(
            Status.HEALTHY,
            "A setting of the app at Stream deserves a look.",
            ("Run `tidegate config check --live`: it names the setting.",),
        )
    elif posture is not None:
        yield from _open_checks(posture)
    difference = probe.clock_difference_s
    if difference is not None and abs(difference) > CLOCK_TOLERANCE_S:
        yield Finding(
            Status.HEALTHY,
            f"This machine's clock and Stream's differ by {abs(difference):.0f} s.",
            ("Set this machine's clock by NTP: Stream refuses tokens dated in its future.",),
        )


def _open_checks(posture: Posture) -> Iterator[Finding]:
    if posture.disable_auth_checks:
        yield Finding(
            Status.HEALTHY,
            "The app at Stream has authentication checks disabled: anyone can sign in as anyone.",
            ("Switch authentication checks on in Stream's dashboard.",),
        )
    if posture.disable_permissions_checks:
        yield Finding(
            Status.HEALTHY,
            "The app at Stream has permission checks disabled: every user may do everything.",
            ("Switch permission checks on in Stream's dashboard.",),
        )

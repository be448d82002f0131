"""Probe results, what health is judged from, and what the judgement says."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from tidegate.identity.keysource import KeyState
from tidegate.upstream.breaker import BreakerState
from tidegate.watch.probes.model import Blame, Outcome

SLOW_MS: Final = 2000.0
"""An answer of Stream's that takes this long, in milliseconds, counts as slow."""

KeyType = Literal["production", "development", "invalid"]


class Failure(StrEnum):
    """Why a probe of Stream failed."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    KEY_REFUSED = "key_refused"
    SECRET_REFUSED = "secret_refused"
    CLOCK_REFUSED = "clock_refused"
    SUSPENDED = "suspended"
    SERVER_FAULT = "server_fault"
    RATE_LIMITED = "rate_limited"
    OTHER = "other"


REFUSALS: Final = frozenset({Failure.KEY_REFUSED, Failure.SECRET_REFUSED, Failure.CLOCK_REFUSED, Failure.SUSPENDED})
"""Failures in which Stream answered and would not have us."""


@dataclass(frozen=True, slots=True)
class Posture:
    """Settings of the app at Stream that decide whether a token means anything there.

    Attributes:
        disable_auth_checks: True: Stream accepts any user token, whoever signed it.
        disable_permissions_checks: True: every user may do everything.
        suspended: Stream has suspended the app.
        revoked_before: seconds since the epoch; Stream refuses all of the app's tokens dated earlier. 0: none.
    """

    disable_auth_checks: bool
    disable_permissions_checks: bool
    suspended: bool
    revoked_before: int = 0


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One probe of Stream.

    Attributes:
        at: when it ended, seconds since the epoch.
        ended: when it ended, monotonic seconds; its age is counted from this.
        duration_ms: how long it took, milliseconds.
        failure: why it failed; None: it did not.
        code: Stream's own error code, where there was one.
        posture: the app's settings, when it did not fail.
        clock_difference_s: Stream's clock less ours, in seconds, about half a second
            uncertain; None where Stream told no time.
    """

    at: float
    ended: float
    duration_ms: float
    failure: Failure | None = None
    code: int | None = None
    posture: Posture | None = None
    clock_difference_s: float | None = None

    @property
    def ok(self) -> bool:
        """Whether Stream answered as it should, however slowly."""
        return self.failure is None


@dataclass(frozen=True, slots=True)
class IssuerHealth:
    """One configured issuer.

    Attributes:
        name: as configured.
        keys: how current its keys are.
        asks_app: whether sessions are asked for at the app's own session route.
        route_fault: why that gives no answer, one word of a closed set; "" where it answers.
    """

    name: str
    keys: KeyState
    asks_app: bool = False
    route_fault: str = ""

    @property
    def usable(self) -> bool:
        """Whether its sessions can be verified: its keys are fresh, or stale within their bound."""
        return self.keys in (KeyState.FRESH, KeyState.STALE)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a room says of itself.

    Attributes:
        text: a sentence, without names or values.
        mend: what to do about it, a sentence.
        degraded: whether the service does less than it should; else it is a warning.
        cause: its name among the causes.
    """

    text: str
    mend: str
    degraded: bool = True
    cause: str = "credentials"


@dataclass(frozen=True, slots=True)
class HealthInputs:
    """Everything that health is judged from.

    Attributes:
        problems: what is wrong with the configuration, one sentence each; empty: nothing.
        probe: the last probe of Stream; None before the first.
        probe_age_s: its age in seconds.
        probe_max_age_s: seconds after which a probe says nothing about now.
        breaker: where the circuit breaker to Stream stands.
        quota_ratio: the smallest part left of any limit of Stream's; None where not known.
        issuers: the configured ones.
        public: whether strangers read the judgement: then it does not say which checks the app has off.
        credentials: what deserves attention of the credentials at Stream, each with its mend.
        store_down_s: seconds for which the database could not be used; None while it can.
        untold: how many revocations and bans Stream is still to be told.
        untold_s: how long the first of them waits, seconds.
        outcomes: what the probes found, as far as it says something about now.
        now: seconds since the epoch; 0: not known.
    """

    problems: tuple[str, ...] = ()
    probe: ProbeResult | None = None
    probe_age_s: float = 0.0
    probe_max_age_s: float = 120.0
    breaker: BreakerState = BreakerState.CLOSED
    quota_ratio: float | None = None
    issuers: tuple[IssuerHealth, ...] = ()
    public: bool = False
    credentials: tuple["Remark", ...] = ()
    store_down_s: float | None = None
    untold: int = 0
    untold_s: float = 0.0
    outcomes: tuple[Outcome, ...] = ()
    now: float = 0.0


class Status(StrEnum):
    """The health page's word."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Checks:
    """The three questions of the health page."""

    configuration_valid: bool
    connection_established: bool
    authentication_working: bool


@dataclass(frozen=True, slots=True)
class Troubleshooting:
    """What is wrong, how to mend it, and what else would be wise.

    Attributes:
        status: the same word as the page's own.
        issues: what is wrong, one sentence each.
        solutions: how to mend it.
        recommendations: what is not wrong yet.
    """

    status: Status
    issues: tuple[str, ...]
    solutions: tuple[str, ...]
    recommendations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was noticed.

    Attributes:
        status: how bad it is; healthy: worth a warning, no more.
        issue: what is wrong, one sentence.
        solutions: how to mend it.
        cause: its name among the causes.
        subject: the probe, or the issuer, that it is about; "" where there is none.
        blame: whose fault it is.
        sure: how sure that is, from 0 to 1.
        since: seconds since the epoch; None where not known.
    """

    status: Status
    issue: str
    solutions: tuple[str, ...] = ()
    cause: str = ""
    subject: str = ""
    blame: Blame = Blame.NOBODY
    sure: float = 0.0
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The judgement.

    Attributes:
        status: the worst of what was found.
        checks: the three questions.
        message: one sentence for a person.
        warnings: what degrades the service or deserves attention; no secret in any.
        response_time_ms: Stream's time to answer the last probe, milliseconds; 0 before the first.
        fast: whether Stream answered it in less than 2000 ms.
        troubleshooting: what to do.
        findings: everything that was noticed, the worst first.
    """

    status: Status
    checks: Checks
    message: str
    warnings: tuple[str, ...]
    response_time_ms: float
    fast: bool
    troubleshooting: Troubleshooting
    findings: tuple[Finding, ...] = ()

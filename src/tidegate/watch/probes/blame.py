"""Whose fault it is: one table from what was seen to a cause, a culprit and how sure that is. Pure."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from tidegate.identity.fetch import Fault
from tidegate.watch.model import SLOW_MS, Failure, ProbeResult
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import Blame


class Verdict(NamedTuple):
    """A cause, whose fault it is, and how sure that is, from 0 to 1."""

    cause: Cause
    blame: Blame
    sure: float


@dataclass(frozen=True, slots=True)
class Around:
    """What else was seen at the time.

    Attributes:
        others_reached: whether another server on the network could be reached; None where there is none to try.
        others_agree: whether this machine's clock agrees with that of other servers; None where not known.
    """

    others_reached: bool | None = None
    others_agree: bool | None = None


_BY_FAILURE: Final = MappingProxyType(
    {
        Failure.KEY_REFUSED: Verdict(Cause.API_KEY_REFUSED, Blame.OURS, 0.95),
        Failure.SECRET_REFUSED: Verdict(Cause.API_SECRET_REFUSED, Blame.OURS, 0.95),
        Failure.CLOCK_REFUSED: Verdict(Cause.CLOCK_REFUSED, Blame.OURS, 0.7),
        Failure.SUSPENDED: Verdict(Cause.APP_SUSPENDED, Blame.OURS, 0.7),
        Failure.SERVER_FAULT: Verdict(Cause.STREAM_ERRORS, Blame.STREAM, 0.95),
        Failure.RATE_LIMITED: Verdict(Cause.STREAM_LIMITED, Blame.OURS, 0.7),
        Failure.OTHER: Verdict(Cause.NOT_STREAM, Blame.NETWORK, 0.5),
        Failure.UNREACHABLE: Verdict(Cause.STREAM_UNREACHABLE, Blame.STREAM, 0.5),
        Failure.SLOW: Verdict(Cause.STREAM_TIMED_OUT, Blame.STREAM, 0.5),
    }
)
"""What a failure says where nothing else is known."""

_NETWORK: Final = MappingProxyType(
    {
        (Failure.UNREACHABLE, True): Verdict(Cause.STREAM_UNREACHABLE, Blame.STREAM, 0.9),
        (Failure.UNREACHABLE, False): Verdict(Cause.NETWORK_DOWN, Blame.NETWORK, 0.8),
        (Failure.SLOW, True): Verdict(Cause.STREAM_TIMED_OUT, Blame.STREAM, 0.8),
        (Failure.SLOW, False): Verdict(Cause.NETWORK_DOWN, Blame.NETWORK, 0.7),
    }
)
"""What it says together with whether other servers can be reached."""

_CLOCKS: Final = MappingProxyType(
    {
        True: Verdict(Cause.CLOCK_REFUSED, Blame.STREAM, 0.6),
        False: Verdict(Cause.CLOCK_REFUSED, Blame.OURS, 0.95),
    }
)
"""A refused date, together with whether others agree with this machine's clock."""

_SLOW_ANSWER: Final = Verdict(Cause.STREAM_SLOW, Blame.STREAM, 0.6)


def of_stream(result: ProbeResult, around: Around) -> Verdict | None:
    """What is wrong with Stream, as seen from here.

    Args:
        result: of a call.
        around: what else was seen.

    Returns:
        None where nothing is.
    """
    failure = result.failure
    if result.posture is not None and result.posture.suspended:
        return _BY_FAILURE[Failure.SUSPENDED]
    if failure is None:
        return _SLOW_ANSWER if result.duration_ms >= SLOW_MS else None
    if failure is Failure.CLOCK_REFUSED and around.others_agree is not None:
        return _CLOCKS[around.others_agree]
    if around.others_reached is not None and (failure, around.others_reached) in _NETWORK:
        return _NETWORK[failure, around.others_reached]
    return _BY_FAILURE[failure]


def of_clock(stream: float | None, others: float | None, tolerance_s: float) -> Verdict | None:
    """Whose clock is wrong.

    Args:
        stream: Stream's clock less ours, seconds; None where not known.
        others: the issuers' clocks less ours, seconds, the one that is nearest to ours; None where not known.
        tolerance_s: seconds that do no harm.

    Returns:
        None where nothing is wrong, as far as is known.
    """
    stream_off = stream is not None and abs(stream) > tolerance_s
    others_off = others is not None and abs(others) > tolerance_s
    if stream_off and others_off:
        return Verdict(Cause.CLOCK_WRONG, Blame.OURS, 0.95)
    if stream_off:
        return Verdict(Cause.CLOCK_DIFFERS, *((Blame.OURS, 0.6) if others is None else (Blame.STREAM, 0.8)))
    if others_off:
        return Verdict(Cause.CLOCK_DIFFERS, *((Blame.OURS, 0.6) if stream is None else (Blame.PROVIDER, 0.8)))
    return None


def of_keys(*, fault: Fault | None, cause: Cause, stream_reached: bool | None) -> Verdict:
    """Whose fault it is that an issuer's keys cannot be fetched.

    Args:
        fault: what the last fetch came to; None where it went well, or there was none.
        cause: how bad it is.
        stream_reached: whether Stream could be reached at the time; None where not known.
    """
    if fault is None:
        return Verdict(cause, Blame.OURS, 0.6)  # keys of the configuration, every one of them distrusted
    if fault in _KEYS_OURS:
        return Verdict(Cause.KEYS_MISCONFIGURED if cause is Cause.KEYS_UNUSABLE else cause, Blame.OURS, 0.7)
    if fault not in _KEYS_UNREACHED:
        return Verdict(cause, Blame.PROVIDER, 0.9)  # it answered, and not as it should
    if stream_reached is None:
        return Verdict(cause, Blame.PROVIDER, 0.6)
    return Verdict(cause, Blame.PROVIDER, 0.9) if stream_reached else Verdict(cause, Blame.NETWORK, 0.8)


_KEYS_OURS: Final = frozenset(
    {Fault.URL_REFUSED, Fault.REDIRECT, Fault.ISSUER_MISMATCH, Fault.SANDBOX, Fault.STATE, Fault.INTERNAL}
)
"""What shows that our settings, or this machine, are wrong."""

_KEYS_UNREACHED: Final = frozenset({Fault.UNREACHABLE, Fault.TIMEOUT})

"""What the canary's troubles mean: how bad, why, and whose fault. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tidegate.upstream.errors import BreakerOpen, RateLimited, UpstreamBusy, UpstreamError, error_type
from tidegate.watch.canary.model import SocketError, Trouble
from tidegate.watch.model import SLOW_MS, Failure, ProbeResult
from tidegate.watch.prober import failure_of
from tidegate.watch.probes.blame import Around, of_stream
from tidegate.watch.probes.cause import Cause
from tidegate.watch.probes.model import Blame, State

SLOW_SECONDS: Final = SLOW_MS / 1000
"""Seconds; a message that takes as long counts as slow, as an answer of Stream's does."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one run shows.

    Attributes:
        state: how bad it is.
        cause: why; None where all is well.
        blame: whose fault it is.
        sure: how sure that is, from 0 to 1.
    """

    state: State
    cause: Cause | None = None
    blame: Blame = Blame.NOBODY
    sure: float = 1.0


WELL: Final = Finding(State.OK)
LOST: Final = Finding(State.FAILING, Cause.EVENTS_LOST, Blame.STREAM, 0.95)
LOST_ONE: Final = Finding(State.WARNING, Cause.EVENTS_LOST, Blame.STREAM, 0.9)
SLOW: Final = Finding(State.WARNING, Cause.EVENTS_SLOW, Blame.STREAM, 0.6)
DROPPING: Final = Finding(State.WARNING, Cause.SOCKET_BROKEN, Blame.NETWORK, 0.5)

_TROUBLES: Final[Mapping[Trouble, Finding]] = MappingProxyType(
    {
        Trouble.UNREACHABLE: Finding(State.FAILING, Cause.SOCKET_REFUSED, Blame.NETWORK, 0.5),
        Trouble.UNTRUSTED: Finding(State.FAILING, Cause.CERTIFICATE_REFUSED, Blame.NETWORK, 0.7),
        Trouble.TIMED_OUT: Finding(State.FAILING, Cause.SOCKET_REFUSED, Blame.STREAM, 0.5),
        Trouble.NO_SOCKET: Finding(State.FAILING, Cause.SOCKET_REFUSED, Blame.STREAM, 0.6),
        Trouble.REFUSED: Finding(State.FAILING, Cause.SOCKET_REFUSED, Blame.STREAM, 0.6),
        Trouble.BROKEN: Finding(State.FAILING, Cause.SOCKET_BROKEN, Blame.STREAM, 0.6),
        Trouble.FLOODED: Finding(State.FAILING, Cause.NOT_STREAM, Blame.NETWORK, 0.5),
    }
)


def of_socket(error: SocketError) -> Finding:
    """What trouble with the socket means; Stream's own code says more than the rest."""
    if error.code is not None:
        refusal = error_type(error.status or 0, error.code)("connect", code=error.code, status=error.status)
        if failure_of(refusal) is not Failure.OTHER:
            return of_call(refusal)
    return _TROUBLES[error.trouble]


def of_call(error: UpstreamError) -> Finding:
    """What it means that a call on the way to a message did not succeed.

    Where Stream is left alone, or its limit is spent, nothing is known of the delivery.
    """
    if isinstance(error, BreakerOpen | UpstreamBusy):
        return Finding(State.UNKNOWN, Cause.STREAM_LEFT_ALONE, Blame.STREAM, 0.5)
    failure = failure_of(error)
    verdict = of_stream(ProbeResult(at=0.0, ended=0.0, duration_ms=0.0, failure=failure), Around())
    if failure is Failure.OTHER or verdict is None:
        # Stream does everything else: it is the canary's user, channel or permissions.
        return Finding(State.WARNING, Cause.CANARY_REFUSED, Blame.OURS, 0.7)
    state = State.UNKNOWN if isinstance(error, RateLimited) else State.FAILING
    return Finding(state, *verdict)

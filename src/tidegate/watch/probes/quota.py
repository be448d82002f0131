"""How much of Stream's limits is left, and when each is spent if it goes on like this."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.clock import Clock
from tidegate.upstream.client import StreamClient
from tidegate.upstream.errors import UpstreamError
from tidegate.upstream.model import Operation, RateLimit
from tidegate.watch.model import ProbeResult
from tidegate.watch.prober import failure_of
from tidegate.watch.probes.blame import Around, of_stream
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import Outcome, ProbeSpec, State
from tidegate.watch.probes.outcomes import fine, unknown, wrong
from tidegate.watch.thresholds import QUOTA_LOW

QUOTA: Final = "quota"
PERIOD_S: Final = 60.0
"""Seconds: as long as a window of Stream's, so that each one is seen once."""

WINDOW_S: Final = 60.0
LIMITS_SHOWN: Final = 16
"""Limits whose figures are kept: those of which the least is left."""

_SEEN_LEAST_S: Final = 10.0
"""Seconds of a window that must have passed before its pace says anything."""

_USED_LEAST: Final = 0.2
"""The part of a limit that must be used before its pace is worth a word."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where one limit stands.

    Attributes:
        name: Stream's name of the endpoint, or ours of the call.
        ratio: the part that is left, from 0 to 1.
        spent_in_s: seconds after which nothing is left at this pace; None where its window ends before.
    """

    name: str
    ratio: float
    spent_in_s: float | None


def forecast(name: str, limit: RateLimit, at: float) -> Forecast:
    """Continue the pace of a window to its end.

    Args:
        name: of the limit.
        limit: as Stream told it.
        at: when, seconds since the epoch.
    """
    left = limit.reset - at
    passed, used = WINDOW_S - left, limit.limit - limit.remaining
    if limit.remaining == 0:
        return Forecast(name, 0.0, 0.0)
    if not 0 < left <= WINDOW_S - _SEEN_LEAST_S or used < _USED_LEAST * limit.limit:
        return Forecast(name, limit.ratio, None)
    seconds = limit.remaining * passed / used
    return Forecast(name, limit.ratio, seconds if seconds < left else None)


class QuotaProbe:
    """``GET /rate_limits``, and what the answers to our own calls said.

    Args:
        client: to Stream.
        clock: for windows.
        timeout_s: of the client.
    """

    def __init__(self, client: StreamClient, clock: Clock, timeout_s: float) -> None:
        self.spec = ProbeSpec(
            QUOTA,
            "Stream's rate limits",
            period_s=PERIOD_S,
            timeout_s=timeout_s + 5.0,
            calls={Operation.GET_RATE_LIMITS.label: 1},
        )
        self._client = client
        self._clock = clock

    async def run(self) -> Outcome:
        """Ask, and judge."""
        began = self._clock.now()
        try:
            listed = await self._client.rate_limits(attempts=1)
        except UpstreamError as error:
            return self._unasked(error, began)
        now = self._clock.now()
        found = {name: forecast(name, limit, now) for name, limit in listed.items() if _NAME.fullmatch(name)}
        return judged(found | self._of_answers(), now)

    def _of_answers(self) -> dict[str, Forecast]:
        return {name: forecast(name, limit, at) for name, (limit, at) in self._client.quota.running().items()}

    def _unasked(self, error: UpstreamError, began: float) -> Outcome:
        """What the answers say has to do; where they say nothing bad, nothing is known."""
        now = self._clock.now()
        known = judged(self._of_answers(), now)
        if known.state is not State.OK:
            return known
        verdict = of_stream(ProbeResult(now, 0.0, (now - began) * 1000, failure_of(error)), Around())
        return unknown(QUOTA, now, verdict.cause if verdict else Cause.PROBE_BROKEN)


def judged(found: Mapping[str, Forecast], now: float) -> Outcome:
    """What the limits say together.

    Args:
        found: by name.
        now: seconds since the epoch.
    """
    ranked = sorted(found.values(), key=lambda one: one.ratio)
    if not ranked:
        return fine(QUOTA, now)
    figures = _figures(ranked)
    lowest = ranked[0]
    soonest = min((one for one in ranked if one.spent_in_s is not None), key=_soonness, default=None)
    if lowest.ratio < QUOTA_LOW:
        text = f"{lowest.ratio:.0%} of a rate limit of Stream's is left ({lowest.name})."
        state = State.FAILING if lowest.ratio == 0 else State.WARNING
        return wrong(QUOTA, now, state, Cause.QUOTA_LOW, text=text, sure=0.8, figures=figures)
    if soonest is not None:
        text = f"At this pace Stream's rate limit of {soonest.name} is spent in {soonest.spent_in_s:.0f} s."
        return wrong(QUOTA, now, State.WARNING, Cause.QUOTA_RUNNING_OUT, text=text, sure=0.6, figures=figures)
    return fine(QUOTA, now, figures)


def _soonness(one: Forecast) -> float:
    return one.spent_in_s or 0.0


def _figures(ranked: list[Forecast]) -> dict[str, float]:
    figures = {"limits": float(len(ranked)), "lowest_ratio": ranked[0].ratio}
    for one in ranked[:LIMITS_SHOWN]:
        figures[f"ratio:{one.name}"] = one.ratio
        if one.spent_in_s is not None:
            figures[f"spent_in_seconds:{one.name}"] = one.spent_in_s
    return figures

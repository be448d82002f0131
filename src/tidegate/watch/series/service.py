"""The sampler, and what it remembers."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import structlog

from tidegate.clock import Clock
from tidegate.watch.series.figures import figure
from tidegate.watch.series.ring import FINE_SLOTS, PERIOD_S, Track, end_of, last_of, slot_at
from tidegate.watch.series.sources import LEVELS, Level, Reading, read

_AFTER_S: Final = 0.05
"""Seconds after a slot's end, so that no clock's rounding puts a sample into the slot before."""

_QUANTILES: Final = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))

Levels = Callable[[], Mapping[str, float]]
"""Figures of which it is only known at that moment which there are."""


class Series:
    """What this replica measured, over the last hour and the last day.

    Args:
        clock: numbers the slots.
        levels: figures to ask for, besides those of the metrics.
        further: the figures of the probes.
        source: reads the counters.
    """

    def __init__(
        self,
        clock: Clock,
        levels: Mapping[str, Level] | None = None,
        *,
        further: Levels = dict,
        source: Callable[[], Reading] = read,
    ) -> None:
        self._clock = clock
        self._levels = {**LEVELS, **(levels or {})}
        self._further = further
        self._source = source
        self._before = source()
        self._tracks: dict[str, Track] = {}
        self._told: list[Callable[[int], None]] = []

    def names(self) -> tuple[str, ...]:
        """The figures of which there is anything, sorted."""
        return tuple(sorted(self._tracks))

    def recent(self, name: str, seconds: float) -> list[tuple[float, float]]:
        """The last values of a figure.

        Args:
            name: of the figure; an unknown one has no values.
            seconds: how far back: up to an hour in steps of 10 s, up to a day in steps of 5 minutes.

        Returns:
            the end of each step in seconds since the epoch, and the value; steps without one are left out.
        """
        track = self._tracks.get(name)
        if track is None:
            return []
        newest = slot_at(self._clock.now())
        if seconds <= FINE_SLOTS * PERIOD_S:
            return [(end_of(slot), value) for slot, value in track.fine(newest, seconds)]
        return [
            (min(end_of(newest), end_of(last_of(coarse))), value) for coarse, value in track.coarse(newest, seconds)
        ]

    def window(self, name: str, seconds: float) -> list[float]:
        """The values of a figure in a window that ends now; see `tidegate.watch.series.ring.Track.window`."""
        track = self._tracks.get(name)
        return [] if track is None else track.window(slot_at(self._clock.now()), seconds)

    def last(self, slot: int) -> dict[str, float]:
        """What every figure was in one slot."""
        return {name: value for name, track in tuple(self._tracks.items()) for _, value in track.fine(slot, PERIOD_S)}

    def on_tick(self, told: Callable[[int], None]) -> None:
        """Have somebody told the slot of each sample; it must not wait or raise."""
        self._told.append(told)

    def track(self, name: str) -> Track:
        """The track of a figure, made where there is none.

        Raises:
            KeyError: there is no such figure.
        """
        known = self._tracks.get(name)
        if known is None:
            known = self._tracks[name] = Track(figure(name).merge)
        return known

    def ask(self, levels: Mapping[str, Level]) -> None:
        """Have further figures sampled, of something that is made later than this.

        Args:
            levels: by name.
        """
        self._levels.update(levels)

    def tick(self) -> None:
        """Take a sample of everything."""
        slot = slot_at(self._clock.now())
        for name, value in self._sample():
            self.track(name).put(slot, value)
        for told in self._told:
            told(slot)

    def note(self, figures: Mapping[str, float]) -> None:
        """Take what was measured just now into the last slot, so that it counts before the next sample.

        Args:
            figures: by name.
        """
        slot = slot_at(self._clock.now())
        for name, value in figures.items():
            self.track(name).put(slot, value)

    async def run(self) -> None:
        """Sample at the end of each slot, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_S - self._clock.now() % PERIOD_S + _AFTER_S)
            self.tick()

    def _sample(self) -> Iterator[tuple[str, float]]:
        before, reading = self._before, self._source()
        self._before = reading
        for name, value in reading.counts.items():
            yield name, max(0.0, value - before.counts.get(name, 0.0))
        for name, now, earlier in (
            ("exchange", reading.exchange, before.exchange),
            ("stream", reading.stream, before.stream),
        ):
            since = now.since(earlier)
            for short, quantile in _QUANTILES:
                found = since.quantile(quantile)
                if found is not None:
                    yield f"{name}.{short}", found
        yield from self._levels_now()

    def _levels_now(self) -> Iterator[tuple[str, float]]:
        for name, level in self._levels.items():
            try:
                value = level()
            except Exception:  # noqa: BLE001 - one figure's fault must not blind the watch
                structlog.get_logger("tidegate.watch").exception("could not sample a figure", figure=name)
                continue
            if value is not None:
                yield name, float(value)
        yield from self._further().items()

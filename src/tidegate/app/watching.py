"""The watch that the settings describe: probes, whose turn they are, and the judgement on what they find."""

from collections.abc import Callable
from dataclasses import dataclass

from tidegate.app.alerting import alerts_of, notifier_of, with_notifier
from tidegate.app.canary import canary_of
from tidegate.app.ledger import with_ledger
from tidegate.app.lifespan import Background
from tidegate.app.probing import probes_of
from tidegate.app.rotation import remarks_of
from tidegate.app.series import series_of
from tidegate.app.standing import StandingParts
from tidegate.app.stores import store_wanted
from tidegate.app.watched import Watched
from tidegate.clock import Clock
from tidegate.settings import Environment
from tidegate.watch.alerts.service import Alerts
from tidegate.watch.model import ProbeResult
from tidegate.watch.prober import Prober
from tidegate.watch.probes.blame import Around
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.clocks import CLOCK
from tidegate.watch.probes.model import Outcome
from tidegate.watch.probes.posture import POSTURE
from tidegate.watch.probes.service import OneProcess, Probe, Runner, Turn
from tidegate.watch.probes.stream import CREDENTIALS, is_elsewhere, outcome_of, result_of
from tidegate.watch.series.service import Series
from tidegate.watch.service import Watch


@dataclass(frozen=True, slots=True)
class Watching:
    """The watch, assembled.

    Attributes:
        board: the last outcome of each probe, whichever replica ran it.
        runner: runs the probes.
        prober: makes the live call to Stream.
        watch: judges how the service is.
        series: this replica's figures over time.
        alerts: judged by them.
    """

    board: Board
    runner: Runner
    prober: Prober
    watch: Watch
    series: Series
    alerts: Alerts


def watching_of(watched: Watched, background: Background, clock: Clock) -> Watching:
    """The watch over these parts; it runs in the background.

    Args:
        watched: what is looked at.
        background: runs the probes.
        clock: for periods and ages.
    """
    settings, standing, board = watched.settings, watched.standing, Board()
    prober = _prober(watched, board, clock)
    background.close_with(prober.aclose)
    canary = canary_of(settings, watched.client, watched.credentials, clock)
    if canary is not None:
        background.close_with(canary.aclose)
    probes: list[Probe] = [*probes_of(watched, prober, board, clock), *([canary] if canary else [])]
    notifier, turn = notifier_of(settings, background, clock), _turn(watched, board, clock)
    runner = Runner(probes, board, turn, clock)
    board.on_post(_learner(prober, standing, clock))
    board.on_post(_follower(runner))
    background.add("probes", runner.run)
    watch = Watch(
        prober=prober,
        client=watched.client,
        issuers=watched.issuers.issuers,
        probe_seconds=settings.probe_seconds,
        public=settings.environment is Environment.PRODUCTION,
        credentials=with_notifier(
            standing.remarked(with_ledger(remarks_of(watched.rotation, clock, settings), watched.records)), notifier
        ),
        store_down_seconds=watched.store.down_seconds,
        untold=standing.pusher.untold,
        standing=lambda: standing.memory.knowledge,
        found=lambda: (runner.recent(), clock.now()),
    )
    series = series_of(settings, watch, watched.client.quota, board, background, clock)
    store = watched.store if store_wanted(settings) else None
    alerts = alerts_of(settings, series, board, turn, notifier, store, background, clock)
    return Watching(board, runner, prober, watch, series, alerts)


def _turn(watched: Watched, board: Board, clock: Clock) -> Turn:
    """One prober for all replicas of a store; a process without one is alone in the world."""
    if not store_wanted(watched.settings):
        return OneProcess()
    from tidegate.watch.probes.sharing import StoreTurn

    return StoreTurn(watched.store, board, clock)


def _prober(watched: Watched, board: Board, clock: Clock) -> Prober:
    """Its live tests stand on the board too, so that nobody sees an older result there than strangers do."""
    settings = watched.settings

    def told(result: ProbeResult) -> None:
        board.post(outcome_of(result, Around()))

    return Prober(
        watched.client,
        clock,
        live_gap_s=settings.live_test_gap_seconds,
        live_wait_s=settings.live_test_wait_ms / 1000,
        heard=watched.standing.heard,
        expired=watched.standing.expired,
        told=told,
    )


def _learner(prober: Prober, standing: StandingParts, clock: Clock) -> Callable[[Outcome], None]:
    """What another replica heard of Stream counts here as if this one had heard it."""

    def learn(outcome: Outcome) -> None:
        result = result_of(outcome, clock) if is_elsewhere(outcome) else None
        if result is None:
            return
        prober.take(result)
        if result.posture is not None:
            standing.memory.stream_says(result.posture.revoked_before)
        elif result.code == _EXPIRED:
            standing.expired()

    return learn


def _follower(runner: Runner) -> Callable[[Outcome], None]:
    """What follows from an answer of Stream's is looked at when there is one."""

    def follow(outcome: Outcome) -> None:
        if outcome.probe == CREDENTIALS:
            runner.hurry(POSTURE)
            runner.hurry(CLOCK)

    return follow


_EXPIRED = 40
"""Stream's code for an old token: ours, after a revocation for the whole app."""

"""Alerts that the settings describe: judged where it is this replica's turn, and told to whoever is configured."""

import socket
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin

from tidegate.app.ledger import Remarks
from tidegate.app.lifespan import Background
from tidegate.clock import Clock
from tidegate.settings import Environment, Settings
from tidegate.settings.webhook_section import webhook_key
from tidegate.store import Store
from tidegate.watch.alerts.conditions import counted
from tidegate.watch.alerts.kept import FileKeeper, Keeper, WindowsFile
from tidegate.watch.alerts.notify.model import RUNBOOK_FILE, Channel, Place
from tidegate.watch.alerts.notify.service import Notifier
from tidegate.watch.alerts.rules import FIGURES_JUDGED
from tidegate.watch.alerts.service import Alerts, Together
from tidegate.watch.model import Remark
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.service import Turn
from tidegate.watch.series.figures import ISSUER_REFUSED
from tidegate.watch.series.service import Series

_HOUR_SECONDS: Final = 3_600.0
_FAILING_S: Final = 30.0
_UNTOLD: Final = Remark(
    "Notifications of alerts cannot be delivered at this moment; they are tried again.",
    "Run `tidegate alerts --test`: it tries each receiver and says what came of it.",
    degraded=False,
)


def notifier_of(settings: Settings, background: Background, clock: Clock) -> Notifier:
    """Who is told of alerts.

    Args:
        settings: sound ones.
        background: runs and closes it.
        clock: for pauses.

    Raises:
        ValueError: a receiver is none that apprise knows.
    """
    place = Place(settings.environment.value, socket.gethostname()[:64], runbook_page(settings))
    notifier = Notifier(_channels(settings, clock), place, clock)
    if len(notifier):
        background.add("notifications", notifier.run)
        background.close_with(notifier.aclose)
    return notifier


def runbook_page(settings: Settings) -> str:
    """URL of the runbook, which lies beside the page of reasons; its file where it is not published.

    Args:
        settings: sound ones.
    """
    return urljoin(settings.documentation_url, "../alerts/") if settings.documentation_url else RUNBOOK_FILE


def with_notifier(remarks: Remarks, notifier: Notifier) -> Remarks:
    """What health says, and what it says of the notifications.

    Args:
        remarks: of others.
        notifier: knows whom it could not reach.
    """

    def all_remarks() -> tuple[Remark, ...]:
        return (*remarks(), *([_UNTOLD] if notifier.failing_seconds() > _FAILING_S else []))

    return all_remarks


def alerts_of(
    settings: Settings,
    series: Series,
    board: Board,
    turn: Turn,
    notifier: Notifier,
    store: Store | None,
    background: Background,
    clock: Clock,
) -> Alerts:
    """The alerts; they are judged in the background.

    Args:
        settings: sound ones.
        series: this replica's figures.
        board: what probes found.
        turn: whose it is to judge.
        notifier: tells people.
        store: that the replicas share; None for a process without one.
        background: runs it.
        clock: for all times.
    """
    keeper, together = _shared(settings, store, clock)
    windows = WindowsFile(settings.state_dir, series, counted(_judged(settings))) if together is None else None
    alerts = Alerts(
        series=series,
        board=board,
        turn=turn,
        keeper=keeper,
        notifier=notifier,
        clock=clock,
        repeat_s=settings.alert_repeat_hours * _HOUR_SECONDS,
        together=together,
        windows=windows,
    )
    background.add("alerts", alerts.run)
    return alerts


def _judged(settings: Settings) -> frozenset[str]:
    """The figures that rules look at, those of each issuer too."""
    return FIGURES_JUDGED | {f"{ISSUER_REFUSED}{issuer.name}" for issuer in settings.issuers}


def _shared(settings: Settings, store: Store | None, clock: Clock) -> tuple[Keeper, Together | None]:
    if store is None:
        return FileKeeper(settings.state_dir), None
    from tidegate.watch.alerts.shared import SharedWindows, StoreKeeper

    return StoreKeeper(store, clock), SharedWindows(store, clock, _judged(settings))


def _channels(settings: Settings, clock: Clock) -> Iterator[Channel]:
    url, secret = settings.alert_webhook_url, settings.alert_webhook_secret
    if url is not None and secret is not None:
        from tidegate.identity.fetch import new_client
        from tidegate.watch.alerts.notify.webhook import WebhookChannel

        yield WebhookChannel(
            new_client(connections=1),
            url.get_secret_value(),
            webhook_key(secret.get_secret_value()),
            clock,
            development=settings.environment is Environment.DEVELOPMENT,
        )
    if settings.alert_receivers:
        from tidegate.watch.alerts.notify.apprises import AppriseChannel

        for number, receiver in enumerate(settings.alert_receivers, 1):
            yield AppriseChannel(number, receiver.get_secret_value())

"""Rules about what the service stands on: disk, database, clock, plan, receivers."""

from typing import Final

from tidegate.watch.alerts.conditions import Against, Counted, Level, Side
from tidegate.watch.alerts.model import Rule, Severity, Way
from tidegate.watch.probes.model import Blame

_MINUTE: Final = 60.0

ROOM: Final = (
    Rule(
        "LedgerBehind",
        Severity.PAGE,
        (
            Way(Level("ledger.lag_seconds", Side.ABOVE, 30.0), Blame.OURS, "Entries of the ledger wait for over 30 s."),
            Way(Counted("ledger.lost", 5 * _MINUTE), Blame.OURS, "Entries of the ledger were lost."),
        ),
        30.0,
        "The ledger cannot be written, or lost entries.",
        "Tokens are issued and nobody will be able to say to whom, once the queue is full; with "
        "`TIDEGATE_LEDGER_WHEN_FULL=refuse` exchanges answer 503 then.",
        (
            "Look at the disk (`df`, and whether it can be written to), or at the database of the ledger.",
            "`tidegate_ledger_failures_total` and the log say why. What waits is written once it can be.",
        ),
        probes=("disk", "database", "ledger"),
    ),
    Rule(
        "DiskNearlyFull",
        Severity.TICKET,
        (Way(Level("probe.disk", Side.ABOVE, 0.5), Blame.OURS, "The disk of the state directory is nearly full."),),
        _MINUTE,
        "The disk under `TIDEGATE_STATE_DIR` is nearly full or cannot be written to.",
        "The ledger, saved keys and the state of alerts are there.",
        ("Make room; `tidegate ledger prune` removes what need not be kept any more.",),
        probes=("disk",),
    ),
    Rule(
        "DatabaseUnavailable",
        Severity.PAGE,
        (Way(Level("store.up", Side.BELOW, 0.5), Blame.OURS, "The database cannot be used."),),
        _MINUTE,
        "The database cannot be used.",
        "Exchanges go on by what each replica knows. New bans and revocations are refused, and replicas do not "
        "hear of each other; each judges alerts by its own figures alone, and says so.",
        ("`tidegate db status` says what the driver says.", "Look at the database, its connections and its disk."),
        probes=("database",),
    ),
    Rule(
        "ReplicasNotWoken",
        Severity.TICKET,
        (Way(Level("store.waker_up", Side.BELOW, 0.5), Blame.OURS, "Replicas are not woken by each other."),),
        2 * _MINUTE,
        "Redis, or the database's NOTIFY, does not reach this replica.",
        "Replicas look for changes by themselves, `TIDEGATE_CHANGES_POLL_MS` apart. Nothing is lost; a ban takes "
        "that much longer.",
        ("Look at Redis, or at connections to the database that a pooler cuts.",),
        probes=("redis",),
    ),
    Rule(
        "ClockOff",
        Severity.TICKET,
        (Way(Level("probe.clock", Side.ABOVE, 0.5), Blame.OURS, "This machine's clock and Stream's differ."),),
        2 * _MINUTE,
        "This machine's clock is off.",
        "Tokens are dated by it. Some seconds ahead, and Stream refuses every one of them.",
        ("Set the clock by NTP, and see why that stopped.",),
        probes=("clock",),
    ),
    Rule(
        "ConnectionsNearPlan",
        Severity.TICKET,
        (
            Way(
                Against("client.connections", "plan.connections", 0.8),
                Blame.OURS,
                "More than 80 % of the plan's connections are in use.",
            ),
        ),
        5 * _MINUTE,
        "The apps hold more than 80 % of the connections of the plan.",
        "From what the apps report, so it is an estimate. Beyond the plan Stream refuses connections, or charges "
        "for them.",
        (
            "Look for a version of an app that connects again without disconnecting.",
            "Compare with Stream's dashboard, then raise the plan and `TIDEGATE_PLAN_CONNECTIONS`.",
        ),
    ),
    Rule(
        "NotificationsFailing",
        Severity.TICKET,
        (
            Way(
                Level("notify.failing_seconds", Side.ABOVE, 2 * _MINUTE),
                Blame.OURS,
                "A receiver of notifications could not be reached for over 2 minutes.",
            ),
        ),
        0.0,
        "Alerts do not reach one of their receivers.",
        "What could not be told is told once it can be. Until then nobody hears of alerts there.",
        ("`tidegate alerts --test` tries each receiver.", "The log says what each answered; addresses are not in it."),
    ),
    Rule(
        "TidegateDown",
        Severity.PAGE,
        (),
        _MINUTE,
        "A replica of Tidegate cannot be scraped.",
        "Only Prometheus can say this: whoever is down says nothing.",
        ("Look at the process, its log, and the address of `TIDEGATE_OPS_BIND`.",),
        inside=False,
        expr='up{job="tidegate"} == 0 or absent(up{job="tidegate"})',
    ),
)

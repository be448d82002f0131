"""Rules about whether chat works."""

from typing import Final

from tidegate.watch.alerts.conditions import Level, Share, Side
from tidegate.watch.alerts.model import Rule, Severity, Way
from tidegate.watch.probes.model import Blame

_MINUTE: Final = 60.0
_LOOK: Final = "`GET /api/chat/health` says what is wrong, whose fault it is and how to mend it."

CHAT: Final = (
    Rule(
        "ChatHealthNotHealthy",
        Severity.PAGE,
        (Way(Level("health.status", Side.ABOVE, 0.5), Blame.UNCLEAR, "Health is not healthy."),),
        _MINUTE,
        "The service says of itself that it is degraded or unhealthy.",
        "The judgement of all probes together. 1 is degraded: people get tokens, and something is wrong all the "
        "same. 2 is unhealthy: tokens cannot be made, or mean nothing at Stream.",
        (_LOOK, "Where it blames Stream, look at Stream's status page, and tell the teams of the apps."),
        probes=("",),
    ),
    Rule(
        "ChatErrorRateHigh",
        Severity.PAGE,
        (
            # Where both are so, ours are the consequence: this way is tried first.
            Way(
                Share("stream.failed", "stream.calls", 5 * _MINUTE, 0.05, least=20, least_part=5),
                Blame.STREAM,
                "More than 5 % of the calls to Stream in 5 minutes failed.",
            ),
            Way(
                Share("answers.failed", "answers", 5 * _MINUTE, 0.05, least=50, least_part=5),
                Blame.OURS,
                "More than 5 % of the answers in 5 minutes were 5xx.",
            ),
        ),
        0.0,
        "More than 5 % errors in 5 minutes.",
        "An error is an answer 5xx of a route of the apps, or a call to Stream that failed. A refusal (4xx) is "
        "none and is not in the denominator either: a stranger can neither raise this alert nor drown it. Fewer "
        "than 50 answers (20 calls), or 5 errors, say nothing.",
        (
            "See in the figures which of the two it is.",
            (
                'Answers: the reason is in the log and in `tidegate_exchange_total{outcome="unavailable"}`. '
                "`identity_unavailable`: see KeySetStale. `ledger_unavailable`: see LedgerBehind. `internal`: the "
                "log has the trace."
            ),
            (
                "Calls: the code is in `tidegate_upstream_request_duration_seconds`. `timeout` and `unreachable`: "
                "network, or Stream. 5xx: Stream. 5, 40 to 43: our key, secret or clock."
            ),
        ),
        probes=("credentials",),
    ),
    Rule(
        "ChatResponseSlow",
        Severity.PAGE,
        (
            # Where both are so, ours are the consequence: this way is tried first.
            Way(
                Share("stream.slow", "stream.calls", 5 * _MINUTE, 0.05, least=10, least_part=5),
                Blame.STREAM,
                "More than 5 % of the calls to Stream in 5 minutes took over 2 s.",
            ),
            Way(
                Share("answers.slow", "answers", 5 * _MINUTE, 0.05, least=50, least_part=5),
                Blame.OURS,
                "More than 5 % of the answers in 5 minutes took over 2 s.",
            ),
        ),
        _MINUTE,
        "The slowest twentieth of the answers, or of Stream's, takes over 2 s.",
        "An exchange waits for nobody, so slow answers of ours mean a machine without air. Slow calls to Stream "
        "delay profiles and `GET /api/chat/token`, not tokens.",
        (
            "Answers: look at the processor, at the database's times and at `TIDEGATE_LEDGER_DURABILITY`.",
            "Calls: look at Stream's status page, and at the way there.",
        ),
        probes=("credentials",),
    ),
    Rule(
        "ChatQuotaNearLimit",
        Severity.PAGE,
        (
            Way(
                Level("quota.lowest_ratio", Side.BELOW, 0.2),
                Blame.OURS,
                "Less than 20 % of one of Stream's rate limits is left.",
            ),
            Way(Level("probe.quota", Side.ABOVE, 0.5), Blame.OURS, "One of Stream's rate limits is about to run out."),
        ),
        _MINUTE,
        "One of Stream's rate limits is nearly used up, or will be within its window.",
        "The limits are the app's, so backends, scripts and imports use them up as well as Tidegate does. Tokens "
        "need none of them. Profiles wait.",
        (
            "`tidegate_upstream_quota_remaining_ratio` says which limit it is.",
            "Find out who else uses this app's server API: imports, bots, another environment with the same key.",
            "Lower `TIDEGATE_SYNC_CALLS_PER_MINUTE`, or ask Stream for more.",
        ),
        probes=("quota",),
    ),
    Rule(
        "CanaryDeliveryFailing",
        Severity.PAGE,
        (Way(Level("probe.canary", Side.ABOVE, 1.5), Blame.STREAM, "Messages that are sent do not arrive."),),
        0.0,
        "The canary's message did not arrive.",
        "A message was sent and its event did not come, twice in a row, or no connection could be made. Stream's "
        "API can be green all the while. People see their own messages and not those of others.",
        (
            "Look at Stream's status page, and open a ticket there with the times below.",
            "If all else is well from here, tell the teams of the apps: sending works, arriving does not.",
            "Where the cause is `canary_refused` or `socket_refused`, it may be about the canary alone: try an app.",
        ),
        probes=("canary",),
    ),
    Rule(
        "CanarySlow",
        Severity.TICKET,
        (Way(Level("probe.canary", Side.ABOVE, 0.5), Blame.STREAM, "Messages arrive late."),),
        5 * _MINUTE,
        "The canary's messages arrive late.",
        "Delivery, or making a connection, takes longer than people put up with.",
        ("See the panel of the canary for since when.", "Look at Stream's status page, and at the way there."),
        probes=("canary",),
    ),
)

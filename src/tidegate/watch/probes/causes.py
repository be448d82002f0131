"""Every cause that a probe or the health page can name: what it says, how it is mended, whose fault it is.

The table is closed. The page docs/causes.md is made from it; alerts and their runbooks link to its names.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tidegate.watch.model import Status
from tidegate.watch.probes.cause import Cause, CauseSpec
from tidegate.watch.probes.model import Blame

__all__ = ["CAUSES", "Cause", "CauseSpec", "spec_of"]


_STATUS_PAGE: Final = "Look at Stream's status page."
_NTP: Final = "Set this machine's clock by NTP."

_OURS: Final = MappingProxyType(
    {
        Cause.CONFIGURATION_INVALID: CauseSpec(
            "The configuration is not valid.",
            ("Run `tidegate config check`: it names each variable and how to mend it.",),
            Blame.OURS,
            Status.UNHEALTHY,
        ),
        Cause.NO_ISSUER: CauseSpec(
            "No identity provider is configured, so no session can be verified.",
            ("Set CLERK_PUBLISHABLE_KEY, or TIDEGATE_OIDC_ISSUER for any other provider.",),
            Blame.OURS,
            Status.UNHEALTHY,
        ),
        Cause.CHECKLIST: CauseSpec(
            "Lines of the production checklist do not hold.",
            ("Run `tidegate config check`: it says how to mend each line.",),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.NOT_YET_CHECKED: CauseSpec("Stream is not yet checked.", (), Blame.NOBODY, Status.DEGRADED),
        Cause.RESULT_OLD: CauseSpec(
            "The last check of Stream is too old to say anything about now.",
            ("Look at the log: no replica runs the probes.",),
            Blame.OURS,
            Status.DEGRADED,
        ),
        Cause.PROBE_TIMED_OUT: CauseSpec(
            "A probe had no result in its time.",
            ("Run it by hand: `tidegate probes --run NAME`.",),
            Blame.NOBODY,
            Status.HEALTHY,
        ),
        Cause.PROBE_BROKEN: CauseSpec(
            "A probe ended with an error of its own.", ("Look at the log, and report it.",), Blame.OURS, Status.HEALTHY
        ),
        Cause.API_KEY_REFUSED: CauseSpec(
            "Stream does not know the API key.",
            (
                "Compare STREAM_API_KEY with the key in Stream's dashboard, character by character.",
                "Make sure it is the key of a real app, and of this environment's app.",
            ),
            Blame.OURS,
            Status.UNHEALTHY,
        ),
        Cause.API_SECRET_REFUSED: CauseSpec(
            "Stream refuses the signature made with the API secret.",
            (
                "Set STREAM_API_SECRET to the secret that belongs to this API key.",
                "If the secret was replaced in Stream's dashboard, set the new one here.",
            ),
            Blame.OURS,
            Status.UNHEALTHY,
        ),
        Cause.CLOCK_REFUSED: CauseSpec(
            "Stream refuses the date of our server token: this machine's clock is wrong.",
            (_NTP,),
            Blame.OURS,
            Status.UNHEALTHY,
        ),
        Cause.APP_SUSPENDED: CauseSpec(
            "Stream has suspended the app.",
            ("Ask Stream's support why; the dashboard shows the explanation.",),
            Blame.OURS,
            Status.UNHEALTHY,
        ),
        Cause.AUTH_CHECKS_OFF: CauseSpec(
            "The app at Stream has authentication checks disabled: anyone can sign in as anyone.",
            ("Switch authentication checks on in Stream's dashboard.",),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.PERMISSION_CHECKS_OFF: CauseSpec(
            "The app at Stream has permission checks disabled: every user may do everything.",
            ("Switch permission checks on in Stream's dashboard.",),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.REVOKED_ELSEWHERE: CauseSpec(
            "Somebody has revoked all of the app's tokens at Stream, and not by way of this service.",
            (
                "Find out who: in Stream's dashboard, or among those who hold the API secret.",
                "If nobody knows of it, rotate the secret: docs/how-to/rotate-credentials.md.",
            ),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.GENERATION_REFUSED: CauseSpec(
            "Stream refuses a generation of key and secret that does not sign, and whose tokens may be out.",
            ("Run `tidegate keys status`, and retire it or mend its source.",),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.CREDENTIALS: CauseSpec(
            "The credentials at Stream deserve attention.",
            ("Run `tidegate keys status`.",),
            Blame.OURS,
            Status.DEGRADED,
        ),
        Cause.CREDENTIAL_OLD: CauseSpec(
            "The secret in use at Stream is older than it should be.",
            ("Rotate it: docs/how-to/rotate-credentials.md.",),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.SESSION_ROUTE_DOWN: CauseSpec(
            "The session route of the app gives no answers, so sessions in its database cannot be checked.",
            (
                "See that the app runs, and that what TIDEGATE_AUTHJS_SESSION_URL gives here is JSON, not a redirect.",
                "If it is slow, look at the app's database, or raise TIDEGATE_AUTHJS_TIMEOUT_MS (milliseconds).",
            ),
            Blame.OURS,
            Status.DEGRADED,
        ),
        Cause.BANS_NOT_READ: CauseSpec(
            "Revocations and bans could not be read since the start.",
            ("Check the database that TIDEGATE_DATABASE_URL names.",),
            Blame.OURS,
            Status.DEGRADED,
        ),
        Cause.BANS_NEARLY_FULL: CauseSpec(
            "There is hardly room for another ban.",
            ("Raise TIDEGATE_STANDING_SIZE.",),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.QUOTA_LOW: CauseSpec(
            "Less than a fifth of a rate limit of Stream's is left.",
            (
                "Find out what uses up the limit; lower TIDEGATE_SYNC_CALLS_PER_MINUTE.",
                "Ask Stream for a higher limit.",
            ),
            Blame.OURS,
            Status.DEGRADED,
        ),
        Cause.QUOTA_RUNNING_OUT: CauseSpec(
            "At this pace a rate limit of Stream's is spent before its window ends.",
            (
                "Find out what uses up the limit; lower TIDEGATE_SYNC_CALLS_PER_MINUTE.",
                "Ask Stream for a higher limit.",
            ),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.CLOCK_WRONG: CauseSpec(
            "This machine's clock differs from Stream's and from that of others.",
            (f"{_NTP} Stream refuses tokens dated in its future.",),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.CLOCK_DIFFERS: CauseSpec(
            "This machine's clock and Stream's differ.",
            (f"{_NTP} Stream refuses tokens dated in its future.",),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.DATABASE_DOWN: CauseSpec(
            "The database cannot be used.",
            ("Run `tidegate db status`: it says why.", "Check the database that TIDEGATE_DATABASE_URL names."),
            Blame.OURS,
            Status.DEGRADED,
        ),
        Cause.REDIS_DOWN: CauseSpec(
            "Redis cannot be used; replicas hear of each other's changes a little later.",
            ("Check the server that TIDEGATE_REDIS_URL names.",),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.DISK_LOW: CauseSpec(
            "The disk of the state directory is nearly full.",
            ("Make room, or give TIDEGATE_STATE_DIR a larger disk.", "Prune the ledger: `tidegate ledger prune`."),
            Blame.OURS,
            Status.HEALTHY,
        ),
        Cause.DISK_NOT_WRITABLE: CauseSpec(
            "The state directory cannot be written to.",
            (
                "Make room on the disk of TIDEGATE_STATE_DIR.",
                "See that TIDEGATE_STATE_DIR belongs to the user that runs the service, and is not mounted read-only.",
            ),
            Blame.OURS,
            Status.DEGRADED,
        ),
        Cause.LEDGER_BEHIND: CauseSpec(
            "The ledger cannot be written at this moment; entries wait.",
            ("Look at the log: a full disk, a folder that cannot be written to, or a database that does not answer.",),
            Blame.OURS,
            Status.DEGRADED,
        ),
        Cause.LEDGER_LOST: CauseSpec(
            "Entries of the ledger were lost since more waited than may.",
            (
                "Find out what the ledger waits for: a full disk, or a database that does not answer.",
                "Set TIDEGATE_LEDGER_WHEN_FULL=refuse where no token may go unrecorded.",
            ),
            Blame.OURS,
            Status.DEGRADED,
        ),
    }
)

_OTHERS: Final = MappingProxyType(
    {
        Cause.STREAM_UNREACHABLE: CauseSpec(
            "Stream cannot be reached.",
            (
                "Check that this machine can resolve and reach the host of STREAM_CHAT_BASE_URL.",
                "Check that the firewall lets HTTPS out.",
                _STATUS_PAGE,
            ),
            Blame.STREAM,
            Status.DEGRADED,
        ),
        Cause.STREAM_TIMED_OUT: CauseSpec(
            "Stream did not answer within the time-out.",
            (
                "Check the network between this machine and Stream.",
                "If the way to Stream is long, raise STREAM_CHAT_TIMEOUT (milliseconds).",
            ),
            Blame.STREAM,
            Status.DEGRADED,
        ),
        Cause.STREAM_SLOW: CauseSpec(
            "Stream answers slowly.",
            ("Check the network between this machine and Stream.", _STATUS_PAGE),
            Blame.STREAM,
            Status.DEGRADED,
        ),
        Cause.STREAM_ERRORS: CauseSpec(
            "Stream answers with server errors.", (_STATUS_PAGE,), Blame.STREAM, Status.DEGRADED
        ),
        Cause.STREAM_LIMITED: CauseSpec(
            "Stream's rate limit is spent.",
            (
                "Find out what uses up the limit; lower TIDEGATE_SYNC_CALLS_PER_MINUTE.",
                "Ask Stream for a higher limit.",
            ),
            Blame.OURS,
            Status.DEGRADED,
        ),
        Cause.STREAM_LEFT_ALONE: CauseSpec(
            "Calls to Stream have been failing; it is left alone for a while.",
            (_STATUS_PAGE,),
            Blame.STREAM,
            Status.DEGRADED,
        ),
        Cause.STREAM_UNTOLD: CauseSpec(
            "Stream could not be told of revocations or bans.",
            ("Run `tidegate standing --pending`: it says of whom, and why.", _STATUS_PAGE),
            Blame.STREAM,
            Status.DEGRADED,
        ),
        Cause.NOT_STREAM: CauseSpec(
            "The answer was not one of Stream's.",
            ("Check STREAM_CHAT_BASE_URL, and that no proxy answers in Stream's place.",),
            Blame.NETWORK,
            Status.DEGRADED,
        ),
        Cause.NETWORK_DOWN: CauseSpec(
            "Neither Stream nor an identity provider can be reached from here.",
            (
                "Check this machine's network: its route, its name resolution, its firewall.",
                "Ask another replica: `tidegate probes` on a machine elsewhere.",
            ),
            Blame.NETWORK,
            Status.DEGRADED,
        ),
        Cause.KEYS_FAILING: CauseSpec(
            "The keys of an issuer could not be refreshed; those here are still fresh.",
            ("Check that this machine can reach the key server.", "Look at the provider's status page."),
            Blame.PROVIDER,
            Status.HEALTHY,
        ),
        Cause.KEYS_STALE: CauseSpec(
            "The keys of an issuer could not be refreshed; the last good ones are in use.",
            ("Check that this machine can reach the key server.", "Look at the provider's status page."),
            Blame.PROVIDER,
            Status.DEGRADED,
        ),
        Cause.KEYS_UNUSABLE: CauseSpec(
            "There are no usable keys of an issuer; its sessions cannot be verified.",
            ("Check its issuer URL or JWKS URL, and that this machine can reach it.",),
            Blame.PROVIDER,
            Status.DEGRADED,
        ),
        Cause.KEYS_MISCONFIGURED: CauseSpec(
            "What is configured for an issuer does not lead to its keys.",
            ("Check its issuer URL or JWKS URL: `tidegate issuer check`.",),
            Blame.OURS,
            Status.DEGRADED,
        ),
        Cause.CERTIFICATE_EXPIRING: CauseSpec(
            "A certificate expires soon.",
            ("Where it is ours, renew it and look why it was not renewed by itself.", "Else tell its owner."),
            Blame.NOBODY,
            Status.HEALTHY,
        ),
        Cause.CERTIFICATE_EXPIRED: CauseSpec(
            "A certificate has expired.",
            ("Where it is ours, renew it.", f"Else tell its owner. {_NTP}"),
            Blame.NOBODY,
            Status.DEGRADED,
        ),
        Cause.CERTIFICATE_REFUSED: CauseSpec(
            "A server shows a certificate that is not to be trusted.",
            (
                "Where it is ours, serve the whole chain, for the right name.",
                "Else find out whether something between here and the server opens connections.",
            ),
            Blame.NETWORK,
            Status.DEGRADED,
        ),
        Cause.EVENTS_LOST: CauseSpec(
            "Messages sent through Stream do not arrive, though its API answers.",
            (_STATUS_PAGE, "Tell Stream's support the time and the canary's channel."),
            Blame.STREAM,
            Status.DEGRADED,
        ),
        Cause.EVENTS_SLOW: CauseSpec(
            "Messages sent through Stream arrive late.",
            (_STATUS_PAGE, "Check the network between this machine and Stream."),
            Blame.STREAM,
            Status.DEGRADED,
        ),
        Cause.SOCKET_REFUSED: CauseSpec(
            "Stream does not accept the canary's WebSocket connection.",
            (_STATUS_PAGE, "Check that the firewall lets WebSockets out."),
            Blame.STREAM,
            Status.DEGRADED,
        ),
        Cause.SOCKET_BROKEN: CauseSpec(
            "The canary's WebSocket connection to Stream does not last.",
            (_STATUS_PAGE, "Check that nothing between this machine and Stream ends connections that are idle."),
            Blame.STREAM,
            Status.DEGRADED,
        ),
        Cause.CANARY_REFUSED: CauseSpec(
            "Stream refuses what the canary does.",
            ("See that the canary's user and channel type exist at Stream: docs/how-to/canary.md.",),
            Blame.OURS,
            Status.HEALTHY,
        ),
    }
)

CAUSES: Final[Mapping[Cause, CauseSpec]] = MappingProxyType({**_OURS, **_OTHERS})
"""One entry for each cause."""


def spec_of(cause: str) -> CauseSpec | None:
    """What is known of a cause, by its name.

    Args:
        cause: of an outcome.

    Returns:
        None where the name is empty, or from a later version.
    """
    try:
        return CAUSES[Cause(cause)]
    except ValueError:
        return None

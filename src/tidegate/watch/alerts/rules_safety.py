"""Rules about secrets, keys, checks and those who try."""

from typing import Final

from tidegate.watch.alerts import refusing
from tidegate.watch.alerts.conditions import Against, Level, Share, Side
from tidegate.watch.alerts.model import Rule, Severity, Way
from tidegate.watch.probes.model import Blame

_MINUTE: Final = 60.0

SAFETY: Final = (
    Rule(
        "AppPostureUnsafe",
        Severity.PAGE,
        (Way(Level("posture.unsafe", Side.ABOVE, 0.5), Blame.OURS, "The app at Stream has checks switched off."),),
        0.0,
        "The app at Stream does not check tokens or permissions, or is suspended.",
        "With authentication checks off, anybody can be any user: a token means nothing. With permission checks "
        "off, every user may do everything.",
        (
            "Switch the checks on again in Stream's dashboard, and find out in its audit log who switched them off.",
            "Look at what was written meanwhile, and revoke: `tidegate revoke`.",
            "A suspended app: ask Stream's support.",
        ),
        probes=("credentials",),
    ),
    Rule(
        "CredentialTooOld",
        Severity.TICKET,
        (
            Way(
                Against("credentials.age_seconds", "credentials.max_age_seconds", 1.0),
                Blame.OURS,
                "The secret of the app at Stream is too old.",
            ),
        ),
        0.0,
        "The secret at Stream is older than `TIDEGATE_CREDENTIAL_MAX_AGE_DAYS` (90).",
        "Nothing fails. An old secret has been in more places than anybody remembers.",
        ("Rotate it; nobody notices: [how](how-to/rotate-credentials.md).",),
    ),
    Rule(
        "KeySetStale",
        Severity.TICKET,
        (Way(Level("keys.stale", Side.ABOVE, 0.5), Blame.PROVIDER, "An issuer's keys cannot be refreshed."),),
        5 * _MINUTE,
        "The keys of an issuer are past their freshness.",
        "Sessions are verified with the last good keys, up to `TIDEGATE_KEYS_STALE_SECONDS`; after that each "
        "exchange of this issuer answers 503 `identity_unavailable`. A key that the provider withdraws now is not "
        "noticed.",
        (
            "`tidegate issuer check NAME` says why they cannot be fetched.",
            "Look at the provider's status page.",
            "`tidegate_jwks_keyset_age_seconds` says how long there is left.",
        ),
        probes=("keys",),
    ),
    Rule(
        "AuthFailuresSpike",
        Severity.TICKET,
        (
            Way(
                Share("refusals.auth", "exchanges", refusing.WINDOW_S, 0.5, least=100, least_part=50),
                Blame.UNCLEAR,
                "More than half of the exchanges in 5 minutes brought no session that is accepted.",
                judge=refusing.verdict,
                evidence=refusing.EVIDENCE,
            ),
        ),
        5 * _MINUTE,
        "More than half of the sessions that come are not accepted.",
        "A stranger can bring this about, so it wakes nobody. It is an app that is out of step with its provider, "
        "a provider that changed keys or claims, or somebody who guesses.",
        (
            "The alert says whose fault the figures make it, how sure that is, or why it cannot be told.",
            (
                "The reason says more: `token_expired` and `token_not_yet_valid` are clocks and sleeping apps, "
                "`key_unknown` and `audience_mismatch` a changed provider, `signature_invalid` somebody who tries."
            ),
            "`tidegate verify` explains one session, check by check.",
            "Somebody who tries is limited already; `TIDEGATE_LIMIT_ADDRESS_PER_MINUTE` can be lower.",
        ),
    ),
    Rule(
        "RevocationsNotTold",
        Severity.PAGE,
        (
            Way(
                Level("standing.owed_seconds", Side.ABOVE, 5 * _MINUTE),
                Blame.STREAM,
                "Stream has not been told of a revocation or a ban for over 5 minutes.",
            ),
        ),
        0.0,
        "A revocation or a ban does not hold at Stream.",
        "Tidegate refuses these users already; a token that they had before still works at Stream.",
        (
            "`tidegate standing` says whom it is about.",
            "`GET /api/chat/health` says why Stream cannot be told.",
            "In a hurry, deactivate the user in Stream's dashboard.",
        ),
        probes=("credentials",),
    ),
    Rule(
        "CertificateExpiring",
        Severity.TICKET,
        (Way(Level("probe.certificate", Side.ABOVE, 0.5), Blame.UNCLEAR, "A certificate is about to expire."),),
        5 * _MINUTE,
        "A certificate of Stream's, an issuer's or our own is about to expire.",
        "After that nobody can connect to whoever it belongs to.",
        ("The text says whose it is. Ours: renew it, and replace the files. Others': tell them.",),
        probes=("certificate",),
    ),
)

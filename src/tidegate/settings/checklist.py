"""The production checklist: one line for each thing that should hold before people depend on the service.

Development may well fail most of it. Everything here is a pure function of the
settings and of facts that somebody else went and looked up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tidegate.settings import authjs_apps, stores, urls
from tidegate.settings import credential_rules as credentials
from tidegate.settings.filling import unnamed
from tidegate.settings.load import Loaded
from tidegate.settings.model import Settings
from tidegate.settings.risk import Risk
from tidegate.settings.stream_section import Environment

_PRIVATE_TO_OWNER: Final = 0o077
_WORLD: Final = 0o007
_SKEW_MAX: Final = 10
_CACHE_RANGE: Final = range(1_000, 1_000_001)
_LIFE_MAX: Final = 14_400
_RISK_LIFE_MAX: Final = 900
_TIMEOUT_RANGE: Final = range(1_000, 30_001)
_STALE_MAX: Final = 86_400
_PERSONS: Final = frozenset({"session", "template", "access"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the checklist.

    Attributes:
        id: its name; never changes.
        passed: whether it holds.
        what: what should hold.
        mend: what to do if it does not.
    """

    id: str
    passed: bool
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the settings cannot say of themselves.

    Attributes:
        env_file_mode: permission bits of the file that was read; None without one.
        tls_key_mode: permission bits of the TLS key's file; None without one.
        state_dir_mode: permission bits of the state directory; None where it is not there yet.
        state_dir_writable: whether it, or the directory in which it would be made, can be written to.
        public_secrets: variables that put a secret into the browser.
        credential_age_days: of the secret in use at Stream; None where that is not known.
    """

    env_file_mode: int | None = None
    tls_key_mode: int | None = None
    state_dir_mode: int | None = None
    state_dir_writable: bool = True
    public_secrets: tuple[str, ...] = ()
    credential_age_days: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """How one line is judged by the settings alone.

    Attributes:
        id: of the line.
        holds: whether it holds.
        what: what should hold.
        mend: what to do if it does not.
    """

    id: str
    holds: Callable[[Settings], bool]
    what: str
    mend: str


def _key_is_real(settings: Settings) -> bool:
    return settings.api_key is not None and not credentials.is_placeholder(settings.api_key)


def _secret(settings: Settings) -> str:
    return settings.api_secret.get_secret_value() if settings.api_secret else ""


def _key_has_no_word(settings: Settings) -> bool:
    return settings.accept_api_key_words or credentials.word_in(settings.api_key or "") is None


def _issuers_are_encrypted(settings: Settings) -> bool:
    return not any(issuer.is_sandbox_like() for issuer in settings.issuers) and all(
        urls.split(url).scheme == "https" for issuer in settings.issuers for url in issuer.fetched()
    )


def _parties_are_checked(settings: Settings) -> bool:
    return all(one.authorized_parties and one.azp != "off" for one in settings.issuers if one.kind == "clerk")


def _origins_are_https(settings: Settings) -> bool:
    return all(origin.startswith("https://") for origin in settings.cors_origins)


def _ops_is_private(settings: Settings) -> bool:
    return urls.is_loopback(urls.split_bind(settings.ops_bind)[0])


def _risky_lives_are_short(settings: Settings) -> bool:
    short = {row.risk for row in settings.life_by_risk if row.life <= _RISK_LIFE_MAX}
    return settings.token_life_seconds <= _RISK_LIFE_MAX or {Risk.IMPERSONATED, Risk.ANONYMOUS} <= short


RULES: Final = (
    Rule(
        "environment",
        lambda s: s.environment is Environment.PRODUCTION,
        "The environment is production.",
        "Set STREAM_CHAT_ENVIRONMENT=production.",
    ),
    Rule(
        "api-key",
        lambda s: credentials.key_type(s.api_key, prefix=s.api_key_prefix) != "invalid",
        "The API key is set and has the form of one.",
        "Set STREAM_API_KEY to the key in Stream's dashboard.",
    ),
    Rule("api-key-real", _key_is_real, "The API key is no placeholder.", "Copy the key from Stream's dashboard."),
    Rule(
        "api-key-production",
        _key_has_no_word,
        "The API key does not contain demo, test or dev.",
        "Use the production app's key; if it contains the word by chance, set TIDEGATE_ACCEPT_API_KEY_WORDS=true.",
    ),
    Rule(
        "api-secret-length",
        lambda s: len(_secret(s)) >= credentials.SECRET_LENGTH_MIN_PRODUCTION,
        f"The API secret has at least {credentials.SECRET_LENGTH_MIN_PRODUCTION} characters.",
        "Set STREAM_API_SECRET to the secret in Stream's dashboard.",
    ),
    Rule(
        "api-secret-real",
        lambda s: bool(_secret(s)) and not credentials.is_placeholder(_secret(s)) and _secret(s) != s.api_key,
        "The API secret is neither a placeholder nor the API key.",
        "Copy the secret from Stream's dashboard.",
    ),
    Rule(
        "base-url-https",
        lambda s: s.base_url.startswith("https://"),
        "Stream is called over HTTPS.",
        "Set STREAM_CHAT_BASE_URL to an https:// URL, or leave it out.",
    ),
    Rule(
        "https",
        lambda s: bool(s.tls_certificate_file or s.trusted_proxies),
        "Clients come over HTTPS: here, or at a proxy that is trusted.",
        "Set TIDEGATE_TRUSTED_PROXIES, or TIDEGATE_TLS_CERTIFICATE_FILE and TIDEGATE_TLS_KEY_FILE.",
    ),
    Rule(
        "proxies-exact",
        lambda s: all(network.prefixlen > 0 for network in s.trusted_proxies),
        "Not every address is a trusted proxy.",
        "Narrow TIDEGATE_TRUSTED_PROXIES down to the proxy's own addresses.",
    ),
    Rule(
        "cors-https",
        _origins_are_https,
        "Every web origin that may call is an HTTPS one.",
        "Remove the http:// origins from TIDEGATE_CORS_ORIGINS.",
    ),
    Rule(
        "issuer",
        lambda s: bool(s.issuers),
        "An identity provider is configured.",
        "Set what tidegate issuer add says, CLERK_PUBLISHABLE_KEY for instance.",
    ),
    Rule(
        "issuer-encrypted",
        _issuers_are_encrypted,
        "No issuer is the sandbox's, and keys come over HTTPS.",
        "Configure issuers and key set URLs that begin with https://.",
    ),
    Rule(
        "clerk-authorized-parties",
        _parties_are_checked,
        "Clerk's sessions are accepted from your own apps' origins only.",
        "Set CLERK_AUTHORIZED_PARTIES, and TIDEGATE_AZP_POLICY to if-present or required.",
    ),
    Rule(
        "clerk-live",
        lambda s: not (s.clerk_publishable_key or "").startswith("pk_test_"),
        "Clerk's publishable key is a production instance's.",
        "Set CLERK_PUBLISHABLE_KEY to the pk_live_ key.",
    ),
    Rule(
        "authjs-cookies",
        authjs_apps.are_cookies_safe,
        "Session cookies of Auth.js have names that only the app itself can set, over HTTPS.",
        "Leave TIDEGATE_AUTHJS_COOKIES out, or give the app's cookie a name that begins with __Secure- or __Host-.",
    ),
    Rule(
        "audience",
        lambda s: all(issuer.is_bound() for issuer in s.issuers),
        "Issuers besides Clerk and Auth.js have an audience or a client to be named: no tokens for others.",
        "Set TIDEGATE_OIDC_AUDIENCE, or audience in TIDEGATE_ISSUERS.",
    ),
    Rule(
        "issuer-preset",
        lambda s: not any(unnamed(issuer.issuer, issuer.preset) for issuer in s.issuers),
        "Issuers of known providers are held to their own rules.",
        'Name the "preset" of these issuers in TIDEGATE_ISSUERS; tidegate issuer add writes the lines.',
    ),
    Rule(
        "persons-only",
        lambda s: all(_PERSONS.issuperset(issuer.kinds) for issuer in s.issuers),
        "Only people who signed in get tokens: no machines, no anonymous sessions.",
        'Take "machine" and "anonymous" out of kinds in TIDEGATE_ISSUERS.',
    ),
    Rule(
        "pending-refused",
        lambda s: all(issuer.pending == "refuse" for issuer in s.issuers),
        "Sessions whose sign-in is not complete are refused.",
        "Set TIDEGATE_PENDING_POLICY=refuse.",
    ),
    Rule(
        "debug-log-off",
        lambda s: not s.enable_logging and s.log_level != "debug",
        "The debug log is off.",
        "Remove STREAM_CHAT_ENABLE_LOGGING and set TIDEGATE_LOG_LEVEL to info or above.",
    ),
    Rule(
        "docs-off",
        lambda s: not s.docs,
        "The pages for developers are off.",
        "Remove TIDEGATE_DOCS: in production they are off by themselves.",
    ),
    Rule(
        "operator-listener",
        _ops_is_private,
        "The operator's listener is on loopback.",
        "Set TIDEGATE_OPS_BIND to a loopback address, or see that nobody else reaches it.",
    ),
    Rule(
        "store-private",
        lambda s: all(stores.is_private(url.get_secret_value()) for url in (s.database_url, s.redis_url) if url),
        "The database and Redis are on this machine, or their certificates are verified.",
        "Write sslmode=verify-full into TIDEGATE_DATABASE_URL, and rediss:// in TIDEGATE_REDIS_URL.",
    ),
    Rule(
        "limits",
        lambda s: s.limit_address_per_minute > 0 and s.limit_subject_per_minute > 0,
        "Requests are limited for each address and each user.",
        "Give TIDEGATE_LIMIT_ADDRESS_PER_MINUTE and TIDEGATE_LIMIT_SUBJECT_PER_MINUTE values above 0.",
    ),
    Rule(
        "stale-keys",
        lambda s: 0 < s.keys_stale_seconds <= _STALE_MAX,
        "Keys outlive a failure of the key server, and a day at most.",
        f"Set TIDEGATE_KEYS_STALE_SECONDS to 1 to {_STALE_MAX}.",
    ),
    Rule(
        "clock-skew",
        lambda s: all(issuer.clock_skew_seconds <= _SKEW_MAX for issuer in s.issuers if issuer.kind != "authjs"),
        f"Issuers' clocks may be off by {_SKEW_MAX} s at most.",
        "Lower TIDEGATE_CLOCK_SKEW_SECONDS, and keep the machine's clock by NTP.",
    ),
    Rule(
        "session-cache",
        lambda s: s.session_cache_size in _CACHE_RANGE,
        "Verified sessions are remembered, in a cache that fits into memory.",
        f"Set TIDEGATE_SESSION_CACHE_SIZE to {_CACHE_RANGE.start} to {_CACHE_RANGE.stop - 1}.",
    ),
    Rule(
        "token-life",
        lambda s: s.token_life_seconds <= _LIFE_MAX,
        "Stream tokens live four hours at most.",
        f"Set TIDEGATE_TOKEN_LIFE_SECONDS to {_LIFE_MAX} or less.",
    ),
    Rule(
        "risk-life",
        lambda s: (
            {row.risk for row in s.life_by_risk if row.life <= _RISK_LIFE_MAX} >= {Risk.IMPERSONATED, Risk.ANONYMOUS}
            or s.token_life_seconds <= _RISK_LIFE_MAX
        ),
        "Tokens live 15 minutes at most where somebody acts for somebody else, or nobody signed in.",
        "Give TIDEGATE_LIFE_BY_RISK rows such as impersonated=600,anonymous=900.",
    ),
    Rule(
        "no-admin-by-claim",
        lambda s: not s.profile_allow_admin,
        "No claim makes anybody an administrator of the chat.",
        "Remove TIDEGATE_PROFILE_ALLOW_ADMIN, and make administrators by hand.",
    ),
    Rule(
        "timeout",
        lambda s: s.timeout_ms in _TIMEOUT_RANGE,
        "Calls to Stream wait between 1 and 30 seconds.",
        f"Set STREAM_CHAT_TIMEOUT to {_TIMEOUT_RANGE.start} to {_TIMEOUT_RANGE.stop - 1} milliseconds.",
    ),
)


def check(loaded: Loaded, *, facts: Facts) -> list[Line]:
    """Go through the checklist.

    Args:
        loaded: the settings.
        facts: what was looked up beside them.

    Returns:
        every line, passed or not, always in the same order.
    """
    age = _check_age(facts.credential_age_days, loaded.settings.credential_max_age_days)
    return [*lines_of(loaded.settings), *_check_facts(facts), age, _check_unknown(loaded.unknown)]


def lines_of(settings: Settings) -> list[Line]:
    """The lines that the settings alone answer.

    Args:
        settings: sound ones.
    """
    return [Line(rule.id, rule.holds(settings), rule.what, rule.mend) for rule in RULES]


def hints_of(settings: Settings) -> list[Line]:
    """What may be as it is, but should be known: it fails no check, and health does not warn of it.

    Args:
        settings: sound ones.
    """
    if settings.documentation_url:
        return []
    return [
        Line(
            "documentation-url",
            passed=False,
            what="Alerts carry no link to the runbook: no documentation is published.",
            mend="Publish the pages (make docs), and set TIDEGATE_DOCUMENTATION_URL to where the reasons are.",
        )
    ]


def _check_facts(facts: Facts) -> list[Line]:
    state = "The state directory can be written to, and by its owner only."
    return [
        _mode_line(
            "env-file-private", facts.env_file_mode, "The file of settings is its owner's", "chmod 600 the file."
        ),
        _mode_line("tls-key-private", facts.tls_key_mode, "The TLS key's file is its owner's", "chmod 600 the file."),
        Line(
            "state-dir",
            facts.state_dir_writable and not (facts.state_dir_mode or 0) & _PRIVATE_TO_OWNER,
            state,
            "Set TIDEGATE_STATE_DIR to a directory of the service's own, with mode 700.",
        ),
        Line(
            "no-public-secret",
            not facts.public_secrets,
            "No secret is in a variable that a web framework puts into the browser.",
            f"Remove {', '.join(facts.public_secrets) or 'it'}, and replace the secret.",
        ),
    ]


def _check_age(age_days: int | None, most: int) -> Line:
    what = f"The secret in use at Stream is younger than {most} days." if most else "The age of the secret is watched."
    mend = "Rotate it: tidegate keys status." if most else "Set TIDEGATE_CREDENTIAL_MAX_AGE_DAYS to 90."
    return Line("credential-age", bool(most) and (age_days or 0) < most, what, mend)


def _mode_line(name: str, mode: int | None, what: str, mend: str) -> Line:
    return Line(name, not (mode or 0) & _WORLD, f"{what} and group's to read, not the world's.", mend)


def _check_unknown(unknown: tuple[str, ...]) -> Line:
    mend = f"Mend or remove {', '.join(unknown) or 'them'}."
    return Line("no-unknown-variables", not unknown, "No variable looks like a misspelt setting.", mend)

"""Rules that look at more than one setting, and what to warn of."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Final

from tidegate.settings import authjs, authjs_apps, console_rules, profile_text, standing_rules, urls
from tidegate.settings.draft import Draft
from tidegate.settings.filling import unnamed
from tidegate.settings.model import Settings
from tidegate.settings.problems import Problem, Unfit, name_in
from tidegate.settings.risk import DEFAULT_ROWS

PUBLIC_PREFIX: Final = "NEXT_PUBLIC_"
HEADERS_BESIDE_TOKEN: Final = 1_024
_ORDERED: Final = (
    ("keys_fresh_min_seconds", "keys_fresh_max_seconds"),
    ("breaker_open_seconds", "breaker_open_max_seconds"),
)
"""Pairs of settings of which the first is at most the second."""


def check_public(variables: Mapping[str, str], secrets: frozenset[str]) -> Iterator[Problem]:
    """Refuse secrets under names whose values a web framework puts into the browser.

    Args:
        variables: every variable that is set, with its text.
        secrets: the texts of the secrets.

    Yields:
        a problem for each.
    """
    for name, text in sorted(variables.items()):
        if name.startswith(PUBLIC_PREFIX) and ("SECRET" in name.upper() or text in secrets):
            mend = "remove it, set the secret under a name without that prefix, and replace the secret: it may be out"
            yield Problem(name_in(name), f"holds a secret, and {PUBLIC_PREFIX} variables are in the browser", mend)


def check(draft: Draft) -> Iterator[Problem]:
    """Judge everything besides credentials and issuers.

    Args:
        draft: the settings as far as they could be read.

    Yields:
        the problems.
    """
    yield from _check_environment(draft)
    yield from _check_base_url(draft)
    yield from authjs.check(draft)
    yield from console_rules.check(draft)
    yield from _check_listeners(draft)
    yield from _check_tls(draft)
    yield from _check_files(draft)
    yield from _check_sizes(draft)
    yield from _check_order(draft)
    yield from _check_migration(draft)
    yield from _check_alerts(draft)
    yield from _check_extras(draft)


def _check_environment(draft: Draft) -> Iterator[Problem]:
    if "environment" in draft.given or "bind" in draft.failed or urls.is_loopback(draft.settings.host):
        return
    mend = "set STREAM_CHAT_ENVIRONMENT to production, staging or development in the process environment"
    yield Problem("STREAM_CHAT_ENVIRONMENT", "is not set, and TIDEGATE_BIND is an address that others can reach", mend)


def _check_base_url(draft: Draft) -> Iterator[Problem]:
    try:
        urls.demand_encrypted(draft.settings.base_url, development=draft.is_development())
    except Unfit as unfit:
        yield unfit.at(draft.name("base_url"))


def _check_listeners(draft: Draft) -> Iterator[Problem]:
    settings = draft.settings
    if draft.failed & {"bind", "ops_bind"} or settings.port == 0:
        return
    if settings.bind == settings.ops_bind:
        yield Problem(draft.name("ops_bind"), "is the same address as TIDEGATE_BIND", "give it a port of its own")


def _check_tls(draft: Draft) -> Iterator[Problem]:
    settings = draft.settings
    if draft.failed & {"tls_certificate_file", "tls_key_file", "trusted_proxies"}:
        return
    certificate, key = settings.tls_certificate_file, settings.tls_key_file
    if (certificate is None) != (key is None):
        missing = "tls_key_file" if key is None else "tls_certificate_file"
        yield Problem(draft.name(missing), "is missing while its counterpart is set", "set both files or neither")
    elif draft.is_production() and certificate is None and not settings.trusted_proxies:
        mend = (
            "set it to the address ranges of the proxy that ends TLS, or set "
            "TIDEGATE_TLS_CERTIFICATE_FILE and TIDEGATE_TLS_KEY_FILE"
        )
        yield Problem("TIDEGATE_TRUSTED_PROXIES", "is not set and neither is TLS, which production demands", mend)


def _check_files(draft: Draft) -> Iterator[Problem]:
    for name in ("tls_certificate_file", "tls_key_file", "user_id_map_file"):
        path = getattr(draft.settings, name)
        if path is not None and not path.is_file():
            yield Problem(draft.name(name), "names no file", "name a file that is there and can be read")


def _check_sizes(draft: Draft) -> Iterator[Problem]:
    settings = draft.settings
    if draft.failed & {"session_token_bytes", "session_header_bytes", "header_bytes"}:
        return
    if settings.session_header_bytes > settings.session_token_bytes:
        mend = "a token's first segment is a part of it: lower this, or raise TIDEGATE_SESSION_TOKEN_BYTES"
        yield Problem(draft.name("session_header_bytes"), "is more than TIDEGATE_SESSION_TOKEN_BYTES", mend)
    if settings.header_bytes < settings.session_token_bytes + HEADERS_BESIDE_TOKEN:
        mend = f"allow at least {HEADERS_BESIDE_TOKEN} bytes more than TIDEGATE_SESSION_TOKEN_BYTES"
        yield Problem(draft.name("header_bytes"), "leaves no room for a session token of the allowed size", mend)


def _check_order(draft: Draft) -> Iterator[Problem]:
    for low, high in _ORDERED:
        if not draft.failed & {low, high} and getattr(draft.settings, low) > getattr(draft.settings, high):
            yield Problem(draft.name(low), f"is more than {draft.name(high)}", f"lower it, or raise {draft.name(high)}")


def _check_migration(draft: Draft) -> Iterator[Problem]:
    """Two rules for one id could give one person's id to another: a claim may name what the file assigns."""
    if draft.settings.user_id_claim and draft.settings.user_id_map_file is not None:
        wrong = "and TIDEGATE_USER_ID_CLAIM both decide user ids"
        mend = "unset one of them: an id from the claim could be one that the file gives to somebody else"
        yield Problem(draft.name("user_id_map_file"), wrong, mend)


def _check_alerts(draft: Draft) -> Iterator[Problem]:
    """Whom alerts are sent to sees how the service is, and can act on it: so it is encrypted, and signed."""
    url, secret = draft.settings.alert_webhook_url, draft.settings.alert_webhook_secret
    if draft.failed & {"alert_webhook_url", "alert_webhook_secret"}:
        return
    if url is not None:
        try:
            urls.demand_encrypted(url.get_secret_value(), development=draft.is_development())
        except Unfit as unfit:
            yield unfit.at(draft.name("alert_webhook_url"))
    if (url is None) != (secret is None):
        missing = "alert_webhook_secret" if secret is None else "alert_webhook_url"
        yield Problem(draft.name(missing), "is missing while its counterpart is set", "set both or neither")


def _check_extras(draft: Draft) -> Iterator[Problem]:
    """What a URL needs beside the service itself: better missed now than when it is first used."""
    url = draft.settings.database_url
    if url and url.get_secret_value().startswith("postgres") and find_spec("asyncpg") is None:
        mend = "install the package asyncpg beside the service"
        yield Problem(draft.name("database_url"), "names PostgreSQL, whose driver is not installed", mend)
    if draft.settings.redis_url and find_spec("redis") is None:
        mend = "install the package redis beside the service"
        yield Problem(draft.name("redis_url"), "is set, and the client of Redis is not installed", mend)
    if draft.settings.alert_receivers and find_spec("apprise") is None:
        mend = "install the package apprise beside the service"
        yield Problem(draft.name("alert_receivers"), "is set, and apprise is not installed", mend)


def warn(settings: Settings) -> Iterator[str]:
    """What does not keep the service from starting but should be known.

    Args:
        settings: complete and sound.

    Yields:
        one sentence each, without any value of a secret.
    """
    production = settings.environment == "production"
    if settings.api_key and not settings.issuers:
        yield (
            "no identity provider is configured, so every exchange answers 503 issuer_not_configured; "
            "set CLERK_PUBLISHABLE_KEY, TIDEGATE_OIDC_ISSUER or what `tidegate issuer add` says for another provider"
        )
    yield from authjs.warn(settings)
    yield from authjs_apps.warn(settings)
    if production and settings.enable_logging:
        yield "STREAM_CHAT_ENABLE_LOGGING is on in production: every call to Stream is logged"
    for issuer in settings.issuers:
        if issuer.azp == "required" and not issuer.authorized_parties:
            yield f"issuer {issuer.name}: azp is required but no accepted value is listed"
        if issuer.is_sandbox_like() and settings.base_url.startswith("https:"):
            yield f"issuer {issuer.name}: any program on this machine can be it, while the app at Stream is a real one"
    for issuer in settings.issuers if production else ():
        if issuer.kind == "clerk" and (not issuer.authorized_parties or issuer.azp == "off"):
            yield f"issuer {issuer.name}: azp is not checked; set CLERK_AUTHORIZED_PARTIES to your app's origins"
        if not issuer.is_bound():
            yield f"issuer {issuer.name}: aud is not checked, so tokens meant for other services are accepted"
    yield from _warn_of_operators(settings)
    yield from _warn_of_presets(settings)
    yield from _warn_of_claims(settings)
    yield from _warn_of_network(settings)
    yield from standing_rules.warn(settings)
    if settings.plan_connections and settings.telemetry == "off":
        yield "TIDEGATE_PLAN_CONNECTIONS is set, and nobody tells of connections: TIDEGATE_TELEMETRY is off"


def _warn_of_operators(settings: Settings) -> Iterator[str]:
    if settings.operator_key is not None and settings.operator_keys:
        yield (
            "TIDEGATE_OPERATOR_KEY is set where TIDEGATE_OPERATOR_KEYS is: the service needs the hashes only, "
            "and whoever reads its environment could operate it"
        )
    far = not urls.is_loopback(urls.split_bind(settings.ops_bind)[0])
    if far and settings.operator_keys and settings.tls_certificate_file is None:
        yield "operators' keys come to TIDEGATE_OPS_BIND unencrypted: put TLS in front, or bind it to loopback"


def _warn_of_presets(settings: Settings) -> Iterator[str]:
    for issuer in settings.issuers:
        if row := unnamed(issuer.issuer, issuer.preset):
            yield (
                f"issuer {issuer.name} is {row.title}'s, and without preset {row.name} its other tokens "
                "(anonymous sessions, machines, other apps') may count as sessions"
            )


def _warn_of_claims(settings: Settings) -> Iterator[str]:
    yield from profile_text.warn(settings.profile_rules, settings.issuers)
    if settings.life_by_risk != DEFAULT_ROWS and any(
        row.life >= settings.token_life_seconds for row in settings.life_by_risk
    ):
        yield "TIDEGATE_LIFE_BY_RISK has a row that is no shorter than TIDEGATE_TOKEN_LIFE_SECONDS and changes nothing"


def _warn_of_network(settings: Settings) -> Iterator[str]:
    if not urls.is_loopback(urls.split_bind(settings.ops_bind)[0]):
        yield "TIDEGATE_OPS_BIND is an address that others can reach; metrics are served there"
    if any(network.prefixlen == 0 for network in settings.trusted_proxies):
        yield "TIDEGATE_TRUSTED_PROXIES trusts every address: anyone can claim any address and HTTPS"

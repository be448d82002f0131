"""Auth.js as an issuer: what follows from its variables, and what they must be."""

from collections.abc import Iterator, Mapping
from typing import Final

from tidegate.settings import credential_rules, urls
from tidegate.settings.authjs_section import PLAIN_COOKIES, SECRET_FIELDS, SECURE_COOKIES
from tidegate.settings.draft import Draft
from tidegate.settings.model import Settings
from tidegate.settings.problems import Problem, Unfit
from tidegate.settings.stream_section import Environment

KIND: Final = "authjs"
SECRET_LENGTH_MIN: Final = 32
SANDBOX_PREFIX: Final = "tidegate-sandbox-"
SKEW_SECONDS: Final = 15
"""What Auth.js itself tolerates between clocks; less would refuse sessions that the app takes."""

_SAFE_PREFIXES: Final = ("__Secure-", "__Host-")


def members(settings: Settings) -> dict[str, object]:
    """What is known of the issuer before `TIDEGATE_ISSUERS` says more.

    Args:
        settings: as far as they could be read.
    """
    ages = [age for age in (settings.authjs_max_age_seconds, settings.session_max_age_seconds) if age]
    return {
        "name": KIND,
        "kind": KIND,
        "issuer": KIND,
        "clock_skew_seconds": max(SKEW_SECONDS, settings.clock_skew_seconds),
        "max_age_seconds": min(ages, default=0),
    }


def is_configured(settings: Settings) -> bool:
    """Whether sessions of Auth.js are to be accepted.

    Args:
        settings: as far as they could be read.
    """
    return settings.authjs_version != "off" and bool(settings.authjs_secrets or settings.authjs_session_url)


def cookies(settings: Settings) -> tuple[str, ...]:
    """The names of the app's session cookie, in the order in which they count.

    Args:
        settings: sound ones.
    """
    if settings.authjs_cookies:
        return settings.authjs_cookies
    if settings.environment is Environment.PRODUCTION:
        return SECURE_COOKIES
    return (*SECURE_COOKIES, *PLAIN_COOKIES)


def check(draft: Draft) -> Iterator[Problem]:
    """Judge the variables.

    Args:
        draft: the settings as far as they could be read.

    Yields:
        the problems.
    """
    for field in SECRET_FIELDS:
        value = getattr(draft.settings, field)
        for secret in value if isinstance(value, tuple) else (value,) if value else ():
            yield from _check_secret(draft, field, secret.get_secret_value())
    url = draft.settings.authjs_session_url
    if url is not None:
        try:
            urls.demand_encrypted(url, development=draft.is_development())
        except Unfit as unfit:
            yield unfit.at(draft.name("authjs_session_url"))


def _check_secret(draft: Draft, field: str, secret: str) -> Iterator[Problem]:
    mend = "make a new one with: openssl rand -base64 33"
    if secret.startswith(SANDBOX_PREFIX) and (not draft.is_development() or draft.settings.base_url[:6] == "https:"):
        # Whoever can read the sandbox's file makes sessions for anybody.
        wrong = "is a sandbox's, which is trusted in development only and with the sandbox's own Stream"
        yield Problem(draft.name(field), wrong, "set the secret of your own app")
    if len(secret) < SECRET_LENGTH_MIN:
        yield Problem(draft.name(field), f"is shorter than {SECRET_LENGTH_MIN} characters", mend)
    elif credential_rules.is_placeholder(secret):
        yield Problem(draft.name(field), "is a placeholder", mend)


def is_listed(one: Mapping[str, object]) -> bool:
    """Whether an element of ``TIDEGATE_ISSUERS`` stands for Auth.js.

    Args:
        one: the element.
    """
    return KIND in (one.get("kind"), one.get("preset"))


def check_listed(draft: Draft, listed: tuple[Mapping[str, object], ...]) -> Iterator[Problem]:
    """Judge what ``TIDEGATE_ISSUERS`` says of it.

    Args:
        draft: the settings as far as they could be read.
        listed: its objects.

    Yields:
        the problems.
    """
    count = sum(map(is_listed, listed))
    name = draft.name("issuers")
    if count > 1:
        yield Problem(
            name, "lists Auth.js more than once", "list it once: there is one app whose secret is AUTH_SECRET"
        )
    if count and not is_configured(draft.settings) and not draft.failed & {*SECRET_FIELDS, "authjs_session_url"}:
        mend = "set AUTH_SECRET or TIDEGATE_AUTHJS_SESSION_URL, and TIDEGATE_AUTHJS_VERSION to something else than off"
        yield Problem(name, "lists Auth.js, of which no session could be accepted", mend)


def warn(settings: Settings) -> Iterator[str]:
    """What does not keep the service from starting but should be known.

    Args:
        settings: complete and sound.

    Yields:
        one sentence each.
    """
    if settings.authjs_secrets and settings.authjs_version == "off":
        yield "AUTH_SECRET is set, but TIDEGATE_AUTHJS_VERSION is off: sessions of Auth.js are not accepted"
    if settings.environment is Environment.PRODUCTION and not are_cookies_safe(settings):
        yield "TIDEGATE_AUTHJS_COOKIES names a cookie without __Secure- or __Host-, which others could plant"


def are_cookies_safe(settings: Settings) -> bool:
    """Whether nobody on the way, and no other subdomain without HTTPS, can plant a session cookie.

    Args:
        settings: sound ones.
    """
    return not is_configured(settings) or all(name.startswith(_SAFE_PREFIXES) for name in cookies(settings))

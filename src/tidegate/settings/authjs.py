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

SAFE_PREFIXES: Final = ("__Secure-", "__Host-")
"""What only the app itself can set, over HTTPS (RFC 6265bis, section 4.1.3)."""


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
    """The names of the session cookie of the app of ``AUTH_SECRET``, in the order in which they count.

    Args:
        settings: sound ones.
    """
    return settings.authjs_cookies or usual_cookies(settings)


def usual_cookies(settings: Settings) -> tuple[str, ...]:
    """The names that Auth.js and NextAuth give it by themselves.

    Args:
        settings: sound ones.
    """
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
            yield from check_secret(draft, draft.name(field), secret.get_secret_value())
    url = draft.settings.authjs_session_url
    if url is not None:
        try:
            urls.demand_encrypted(url, development=draft.is_development())
        except Unfit as unfit:
            yield unfit.at(draft.name("authjs_session_url"))


def check_secret(draft: Draft, variable: str, secret: str) -> Iterator[Problem]:
    """Judge one secret.

    Args:
        draft: the settings as far as they could be read.
        variable: that gave it.
        secret: its text.

    Yields:
        the problems.
    """
    mend = "make a new one with: openssl rand -base64 33"
    if secret.startswith(SANDBOX_PREFIX) and (not draft.is_development() or draft.settings.base_url[:6] == "https:"):
        # Whoever can read the sandbox's file makes sessions for anybody.
        wrong = "is a sandbox's, which is trusted in development only and with the sandbox's own Stream"
        yield Problem(variable, wrong, "set the secret of your own app")
    if len(secret) < SECRET_LENGTH_MIN:
        yield Problem(variable, f"is shorter than {SECRET_LENGTH_MIN} characters", mend)
    elif credential_rules.is_placeholder(secret):
        yield Problem(variable, "is a placeholder", mend)


def is_listed(one: Mapping[str, object]) -> bool:
    """Whether an element of ``TIDEGATE_ISSUERS`` stands for Auth.js.

    Args:
        one: the element.
    """
    return KIND in (one.get("kind"), one.get("preset"))


def warn(settings: Settings) -> Iterator[str]:
    """What does not keep the service from starting but should be known.

    Args:
        settings: complete and sound.

    Yields:
        one sentence each.
    """
    if settings.authjs_secrets and settings.authjs_version == "off":
        yield "AUTH_SECRET is set, but TIDEGATE_AUTHJS_VERSION is off: sessions of Auth.js are not accepted"

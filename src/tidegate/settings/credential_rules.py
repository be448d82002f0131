"""What Stream's key and secret must look like. That they belong together, only a call to Stream can prove."""

import re
from collections.abc import Iterator
from typing import Final, Literal

from tidegate.settings.draft import Draft
from tidegate.settings.problems import Problem
from tidegate.settings.stream_section import Environment

KEY_LENGTH_MIN: Final = 10
SECRET_LENGTH_MIN: Final = 10
SECRET_LENGTH_MIN_PRODUCTION: Final = 20
WORDS: Final = ("demo", "test", "dev")
OVERRIDE: Final = "TIDEGATE_ACCEPT_API_KEY_WORDS"

# Real keys and secrets are runs of letters and digits, so nothing that has to be joined by hyphens here can be one.
_PLACEHOLDER: Final = re.compile(
    r"<.*>|\[.*\]|\{.*\}|\$.*|\.+|(.)\1*"
    r"|(?:your|my|the|insert|enter|replace|change|paste|put|add)-.*"
    r"|(?:demo|test|dev|example|sample|fake|dummy|mock|stream|production|prod|staging|development)"
    r"(?:-(?:chat|stream|api|app))*-(?:key|secret|api-key|api-secret)(?:-.*)?"
    r"|(?:stream-)?(?:chat-)?api-(?:key|secret)(?:-here)?|changeme|changeit|placeholder.*|.*-placeholder|todo|none|null|undefined"
    r"|(?:abc)?1234567890?(?:1234567890?)*|.*-here"
)

KeyType = Literal["production", "development", "invalid"]


def is_placeholder(text: str) -> bool:
    """Whether a text stands where a key or secret should: ``your_stream_api_key``, ``demo-key``, ``<key>``.

    Args:
        text: a key or a secret.
    """
    return _PLACEHOLDER.fullmatch(re.sub(r"[\s_.-]+", "-", text.strip().lower())) is not None


def key_type(key: str | None, *, accept_words: bool = False, prefix: str = "") -> KeyType:
    """What an API key looks like, as the web face's connection test reports it.

    Args:
        key: the key, if any.
        accept_words: whether its words are no sign of development.
        prefix: what it must begin with.

    Returns:
        ``invalid`` for none, a placeholder or a wrong form; ``development`` for one that says so.
    """
    if not key or len(key) < KEY_LENGTH_MIN or is_placeholder(key) or not key.startswith(prefix) or not _is_word(key):
        return "invalid"
    return "development" if word_in(key) and not accept_words else "production"


def word_in(key: str) -> str | None:
    """The word of development in a key, if it contains one."""
    return next((word for word in WORDS if word in key.lower()), None)


def check(draft: Draft) -> Iterator[Problem]:
    """Judge key and secret: all that is wrong with them.

    Args:
        draft: the settings as far as they could be read.

    Yields:
        the problems.
    """
    settings = draft.settings
    if draft.failed & {"api_key", "api_secret"}:
        return
    key, secret = settings.api_key, settings.api_secret
    if key is None and secret is None and not _demanded(draft):
        return
    yield from _check_key(draft) if key else _missing(draft, "api_key", "the key")
    yield from _check_secret(draft) if secret else _missing(draft, "api_secret", "the secret")


def _demanded(draft: Draft) -> bool:
    """Whether the sandbox may not stand in for what is missing."""
    return draft.settings.environment is not Environment.DEVELOPMENT or draft.has_issuers()


def _missing(draft: Draft, field: str, what: str) -> Iterator[Problem]:
    yield Problem(draft.name(field), "is missing", f"set it to {what} of your Stream app (dashboard, app access keys)")


def _check_key(draft: Draft) -> Iterator[Problem]:
    key, name = draft.settings.api_key or "", draft.name("api_key")
    copy = "copy the key from Stream's dashboard"
    if is_placeholder(key):
        yield Problem(name, "is a placeholder", copy)
        return
    if len(key) < KEY_LENGTH_MIN:
        yield Problem(name, f"is shorter than {KEY_LENGTH_MIN} characters", copy)
    if not _is_word(key):
        yield Problem(name, "has spaces or characters outside ASCII", copy)
    if not key.startswith(draft.settings.api_key_prefix):
        yield Problem(
            name, "does not begin with TIDEGATE_API_KEY_PREFIX", "use the key of the right app, or mend the prefix"
        )
    if draft.is_production() and (word := word_in(key)) and not draft.settings.accept_api_key_words:
        mend = f"use the production app's key; if it is that key and contains the word by chance, set {OVERRIDE}=true"
        yield Problem(name, f"contains {word!r}, which production refuses", mend)


def _check_secret(draft: Draft) -> Iterator[Problem]:
    wrapped = draft.settings.api_secret
    secret, name = wrapped.get_secret_value() if wrapped else "", draft.name("api_secret")
    copy = "copy the secret from Stream's dashboard"
    least = SECRET_LENGTH_MIN_PRODUCTION if draft.is_production() else SECRET_LENGTH_MIN
    if is_placeholder(secret):
        yield Problem(name, "is a placeholder", copy)
        return
    if len(secret) < least:
        yield Problem(name, f"is shorter than {least} characters", copy)
    if not _is_word(secret):
        yield Problem(name, "has spaces or characters outside ASCII", copy)
    if secret == draft.settings.api_key:
        yield Problem(name, "is the same as the API key", copy)


def _is_word(text: str) -> bool:
    """Whether a text is printable ASCII without spaces, as it must be to travel in a URL or a header."""
    return all("!" <= one <= "~" for one in text)

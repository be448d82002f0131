"""What Stream's key and secret must look like. That they belong together, only a call to Stream can prove."""

import re
from collections.abc import Iterator
from typing import Final, Literal

from tidegate.settings import fingerprints
from tidegate.settings.draft import Draft
from tidegate.settings.model import Settings
from tidegate.settings.problems import Problem, Unfit, printable
from tidegate.settings.stream_section import Environment
from tidegate.settings.vaults import vault_of

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

_FIELDS: Final = frozenset(
    {"api_key", "api_secret", "next_api_key", "next_api_secret", "credentials_source", "azure_vault_hosts"}
)
_AZURE: Final = "azure:"

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
    """Judge keys and secrets: all that is wrong with them.

    Args:
        draft: the settings as far as they could be read.

    Yields:
        the problems.
    """
    if draft.failed & _FIELDS:
        return
    settings = draft.settings
    if settings.credentials_source:
        yield from _check_source_alone(draft)
        yield from _check_vault(draft)
        return
    if settings.api_key or settings.api_secret or _demanded(draft):
        yield from _check_pair(draft, "api_key", "api_secret")
    if settings.next_api_key or settings.next_api_secret:
        yield from _check_pair(draft, "next_api_key", "next_api_secret")


def faults(settings: Settings, key: str, secret: str) -> Iterator[tuple[bool, Unfit]]:
    """What is wrong with the form of a pair, wherever it comes from.

    Args:
        settings: of the service.
        key: API key.
        secret: API secret.

    Yields:
        whether it is the key's fault, and the fault, which repeats nothing of either.
    """
    yield from ((True, fault) for fault in _key_faults(settings, key))
    yield from ((False, fault) for fault in _secret_faults(settings, key, secret))
    for is_key, print_ in zip((True, False), fingerprints.both(key, secret), strict=True):
        if print_ in settings.foreign_fingerprints:
            what = "key" if is_key else "secret"
            yield (
                is_key,
                Unfit("belongs to another environment (TIDEGATE_FOREIGN_FINGERPRINTS)", f"use a {what} of its own"),
            )


def warn(draft: Draft) -> Iterator[str]:
    """Secrets that may be parts of secrets: production refuses them, so elsewhere they should be known before it does.

    Args:
        draft: without problems.

    Yields:
        one sentence each.
    """
    for field in ("api_secret", "next_api_secret"):
        wrapped = getattr(draft.settings, field)
        if wrapped and len(wrapped.get_secret_value()) < SECRET_LENGTH_MIN_PRODUCTION:
            yield (
                f"{draft.name(field)} has fewer than {SECRET_LENGTH_MIN_PRODUCTION} characters, which production "
                "refuses; was it cut when it was copied?"
            )


def _demanded(draft: Draft) -> bool:
    """Whether the sandbox may not stand in for what is missing."""
    return draft.settings.environment is not Environment.DEVELOPMENT or draft.has_issuers()


def _check_source_alone(draft: Draft) -> Iterator[Problem]:
    for field in ("api_secret", "next_api_key", "next_api_secret"):
        if getattr(draft.settings, field):
            mend = "unset it: the source gives the pair that is to follow, too"
            yield Problem(draft.name(field), "and TIDEGATE_CREDENTIALS_SOURCE are both set", mend)


def _check_vault(draft: Draft) -> Iterator[Problem]:
    source = draft.settings.credentials_source
    if source.startswith(_AZURE):
        try:
            vault_of(source.removeprefix(_AZURE), draft.settings.azure_vault_hosts)
        except Unfit as unfit:
            yield unfit.at(draft.name("credentials_source"))


def _check_pair(draft: Draft, key_field: str, secret_field: str) -> Iterator[Problem]:
    key, wrapped = getattr(draft.settings, key_field), getattr(draft.settings, secret_field)
    secret = wrapped.get_secret_value() if wrapped else ""
    if not key:
        yield _missing(draft, key_field, "the key")
    if not secret:
        yield _missing(draft, secret_field, "the secret")
    for is_key, fault in faults(draft.settings, key or "", secret):
        if key if is_key else secret:
            yield fault.at(draft.name(key_field if is_key else secret_field))


def _missing(draft: Draft, field: str, what: str) -> Problem:
    if misspelt := draft.misspelt(field):
        name = printable(misspelt)
        return Problem(draft.name(field), f"is missing, while {name} is set", f"rename {name} to {draft.name(field)}")
    return Problem(draft.name(field), "is missing", f"set it to {what} of your Stream app (dashboard, app access keys)")


def _key_faults(settings: Settings, key: str) -> Iterator[Unfit]:
    copy = "copy the key from Stream's dashboard"
    if is_placeholder(key):
        yield Unfit("is a placeholder", copy)
        return
    if len(key) < KEY_LENGTH_MIN:
        yield Unfit(f"is shorter than {KEY_LENGTH_MIN} characters", copy)
    if not _is_word(key):
        yield Unfit("has spaces or characters outside ASCII", copy)
    if not key.startswith(settings.api_key_prefix):
        yield Unfit("does not begin with TIDEGATE_API_KEY_PREFIX", "use the key of the right app, or mend the prefix")
    production = settings.environment is Environment.PRODUCTION
    if production and (word := word_in(key)) and not settings.accept_api_key_words:
        mend = f"use the production app's key; if it is that key and contains the word by chance, set {OVERRIDE}=true"
        yield Unfit(f"contains {word!r}, which production refuses", mend)


def _secret_faults(settings: Settings, key: str, secret: str) -> Iterator[Unfit]:
    copy = "copy the secret from Stream's dashboard"
    production = settings.environment is Environment.PRODUCTION
    least = SECRET_LENGTH_MIN_PRODUCTION if production else SECRET_LENGTH_MIN
    if is_placeholder(secret):
        yield Unfit("is a placeholder", copy)
        return
    if len(secret) < least:
        yield Unfit(f"is shorter than {least} characters", copy)
    if not _is_word(secret):
        yield Unfit("has spaces or characters outside ASCII", copy)
    if secret == key:
        yield Unfit("is the same as the API key", copy)


def _is_word(text: str) -> bool:
    """Whether a text is printable ASCII without spaces, as it must be to travel in a URL or a header."""
    return all("!" <= one <= "~" for one in text)

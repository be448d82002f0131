"""Rules of the webhooks' settings that look at other settings too."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from tidegate.settings.draft import Draft
from tidegate.settings.issuers import IssuerConfig
from tidegate.settings.presets import PRESETS
from tidegate.settings.problems import Problem

_SANDBOX: Final = "sandbox"
_LINES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "clerk": "CLERK_PUBLISHABLE_KEY=pk_live_...",
        "authjs": "AUTH_SECRET=...",
        "oidc": "TIDEGATE_OIDC_ISSUER=https://...",
    }
)
"""The line that adds an issuer of this name; the presets' own follow from their rows."""


def check(draft: Draft, issuers: Sequence[IssuerConfig]) -> Iterator[Problem]:
    """Judge them.

    Args:
        draft: the settings as far as they could be read.
        issuers: the configured ones, all of them sound.

    Yields:
        the problems.
    """
    settings = draft.settings
    if not draft.failed & {"webhook_body_bytes", "message_bytes"} and (
        "webhook_body_bytes" in draft.given or settings.webhook_secrets
    ):
        yield from _check_size(draft)
    names = {issuer.name for issuer in issuers}
    if not names and settings.sandbox_wanted:
        names = {_SANDBOX}
    for position, one in enumerate(settings.webhook_secrets, 1):
        name = one.get_secret_value().partition(":")[0]
        if name not in names:
            wrong = f"names in element {position} an issuer that is not configured"
            yield Problem(draft.name("webhook_secrets"), wrong, _mend(name, names))


def _check_size(draft: Draft) -> Iterator[Problem]:
    settings = draft.settings
    if settings.webhook_body_bytes > settings.message_bytes:
        mend = f"lower it, or set TIDEGATE_MESSAGE_BYTES={settings.webhook_body_bytes}: the connection ends before"
        yield Problem(draft.name("webhook_body_bytes"), f"is more than {draft.name('message_bytes')}", mend)


def _mend(name: str, names: set[str]) -> str:
    """What to add. A name that is not known is not repeated: it may be a part of a secret."""
    if name in _LINES:
        line = _LINES[name]
    elif row := next((row for row in PRESETS.values() if row.name == name), None):
        line = " and ".join(f"TIDEGATE_{name.upper()}_{ask.member.upper()}={ask.example}" for ask in row.asks)
    else:
        line = 'TIDEGATE_ISSUERS=[{"name": ..., "issuer": "https://..."}]'
    others = f", or write one of the configured names ({', '.join(sorted(names))})" if names else ""
    return f"add the issuer with {line}{others}, or take the element out"

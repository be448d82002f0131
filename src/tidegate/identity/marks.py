"""What a token is for, told by the marks that a provider's row declares."""

from collections.abc import Callable, Mapping
from typing import Final

from tidegate.identity.model import TokenKind
from tidegate.settings.presets import HEADER_TYPE, Mark, Preset

_KNOWN_MEDIA: Final = frozenset({"jwt", "at+jwt"})
_KINDS: Final = {kind.value: kind for kind in TokenKind}


def classify(claims: Mapping[str, object], typ: object, preset: Preset) -> TokenKind:
    """What a token is for, by its ``typ`` (RFC 8725, section 3.11) and by its provider's marks.

    Args:
        claims: the verified payload.
        typ: the protected header's ``typ``, if present.
        preset: the row of the issuer that signed it.
    """
    media = "jwt" if typ is None or typ == "JWT" else _media(typ)
    # An event or log-out token is signed with the same keys and names a subject, but is no session
    # (RFC 8417, section 2.2; OpenID Connect Back-Channel Logout 1.0, section 2.4).
    if media not in _KNOWN_MEDIA or "events" in claims:
        return TokenKind.OTHER
    for mark in preset.marks:
        if (mark.claim in claims or not mark.needs_claim) and _fits(mark, claims, media):
            return _KINDS[mark.kind]
    return _KINDS[preset.usual]


def _media(typ: object) -> str:
    """``typ`` in lower case without its optional ``application/`` (RFC 7515, section 4.1.9)."""
    return typ.lower().removeprefix("application/") if type(typ) is str else ""


def _fits(mark: Mark, claims: Mapping[str, object], media: str) -> bool:
    value = media if mark.claim == HEADER_TYPE else _value(claims, mark.claim)
    sign = mark.sign
    if sign == "there":
        return value is not None
    if sign == "true":
        return value is not None and value is not False
    if type(value) is not str:
        return sign == "no-text"
    return _TEXT_SIGNS[sign](value, mark, claims)


_TEXT_SIGNS: Final[Mapping[str, Callable[[str, Mark, Mapping[str, object]], bool]]] = {
    "is": lambda text, mark, _: text in mark.values,
    "begins": lambda text, mark, _: text.startswith(mark.values),
    "ends": lambda text, mark, _: text.endswith(mark.values),
    "same": lambda text, mark, claims: text == claims.get(mark.values[0]),
    "no-text": lambda text, _mark, _claims: not text,
}


def _value(claims: Mapping[str, object], path: str) -> object:
    """The value at a dotted path; None where the path leads nowhere."""
    if "." not in path:
        return claims.get(path)
    value: object = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value

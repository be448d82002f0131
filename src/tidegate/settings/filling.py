"""What follows for an issuer from the preset that its settings name."""

import re
from collections.abc import Mapping
from typing import Final

from tidegate.settings import urls
from tidegate.settings.presets import PRESETS, Ask, Preset
from tidegate.settings.problems import Unfit

_SHARED_SECRETS: Final = frozenset({"secret", "jwt_secret", "shared_secret"})
_OWN_KINDS: Final = frozenset({"clerk", "authjs"})
_OF_EVERY_ISSUER: Final = frozenset({"issuer", "audience"})
_FILLED_MAX: Final = 100


def fill(members: Mapping[str, object]) -> dict[str, object]:
    """Add to an issuer's settings what follows from its preset; what is given stays.

    Args:
        members: an element of ``TIDEGATE_ISSUERS``, or the members made of variables.

    Returns:
        the members of an :class:`~tidegate.settings.issuers.IssuerConfig`.

    Raises:
        Unfit: something that has to be known is missing, does not fit, or contradicts what is given.
    """
    row = _row(members)
    if row.shared_secret and (not _SHARED_SECRETS.isdisjoint(members) or _names_hmac(members.get("algorithms"))):
        raise Unfit("gives a shared secret", row.shared_secret)
    filled = dict(members)
    if "preset" not in members:
        filled["preset"] = row.name
    else:
        for ask in row.asks:
            if ask.member not in _OF_EVERY_ISSUER:
                filled.pop(ask.member, None)
        _fill_named(row, members, filled)
    _add(filled, "algorithms", row.algorithms)
    filled.setdefault("kinds", row.kinds)
    return filled


def _row(members: Mapping[str, object]) -> Preset:
    name = members.get("preset", members.get("kind") if members.get("kind") in _OWN_KINDS else "oidc")
    for row in PRESETS.values():
        if row.name == name:
            return row
    raise Unfit("names a preset that is unknown", f"write {', '.join(PRESETS)}, or leave it out")


def _fill_named(row: Preset, members: Mapping[str, object], filled: dict[str, object]) -> None:
    """What follows where the preset itself was named: a name, the issuer, its keys, and whom tokens are for."""
    _add(filled, "name", row.name)
    known = _known(row, members, filled)
    _add_issuer(row, members, filled, known)
    _add_keys(row, filled)
    if row.audience:
        _add_audience(row, filled, _made(row.audience, known))
    if row.azp:
        _add(filled, "azp", row.azp)


def _add_audience(row: Preset, filled: dict[str, object], audience: str | None) -> None:
    if audience is None and not filled.get("audience"):
        raise Unfit("has no audience", f"add it: with an issuer of your own {row.title}'s does not follow by itself")
    _add(filled, "audience", (audience,))


def _known(row: Preset, members: Mapping[str, object], filled: dict[str, object]) -> dict[str, str]:
    """Read what was asked: the texts that templates are made of; lists go where they belong."""
    known: dict[str, str] = {}
    for ask in row.asks:
        given = members.get(ask.member)
        if ask.fills:
            _fill_list(row, ask, given, filled)
        elif given is not None:
            known.update(_read(ask, given))
    return known


def _fill_list(row: Preset, ask: Ask, given: object, filled: dict[str, object]) -> None:
    if ask.member != ask.fills and given is not None and filled.get(ask.fills):
        raise Unfit(f"gives both {ask.member} and {ask.fills}", "give one of them")
    values = filled.get(ask.fills) if given is None else given
    texts = [values] if isinstance(values, str) else list(values) if isinstance(values, list | tuple) else []
    if not texts or len(texts) > _FILLED_MAX:
        raise Unfit(f"has no {ask.member}, which {row.title} needs", f"add it, for instance {ask.example}")
    for text in texts:
        _read(ask, text)
    filled[ask.fills] = tuple(texts)


def _read(ask: Ask, given: object) -> dict[str, str]:
    match = re.fullmatch(ask.pattern, given) if isinstance(given, str) and given.isprintable() else None
    if match is None:
        raise Unfit(f"has a {ask.member} of another form", f"write it like {ask.example}")
    return {ask.member: match[0], **match.groupdict()}


def _add_issuer(
    row: Preset, members: Mapping[str, object], filled: dict[str, object], known: Mapping[str, str]
) -> None:
    template = row.issuer or "{issuer}"
    made = _made(template, known)
    given = members.get("issuer")
    if given is None and made is None:
        ask = next(ask for ask in row.asks if not ask.fills)
        raise Unfit(f"has no {ask.member}, which {row.title} needs", f"add it, for instance {ask.example}")
    if given is not None and made is not None and given != made:
        raise Unfit("gives an issuer that is another than what it follows from", "leave one of them out")
    filled["issuer"] = given if made is None else made


def _add_keys(row: Preset, filled: dict[str, object]) -> None:
    if filled.get("pem"):
        _add(filled, "kind", "clerk" if row.name == "clerk" else "pem")
        return
    issuer = filled["issuer"]
    if row.jwks_url and isinstance(issuer, str):
        _add(filled, "jwks_url", _made(row.jwks_url, {"issuer": issuer}))
    _add(filled, "kind", row.name if row.name in _OWN_KINDS else "jwks" if filled.get("jwks_url") else "oidc")


def _made(template: str, known: Mapping[str, str]) -> str | None:
    """A template with what is known put in; None where that is not enough."""
    names = re.findall(r"\{(\w+)\}", template)
    return template.format_map(known) if known.keys() >= set(names) else None


def _add(filled: dict[str, object], name: str, value: object) -> None:
    if not filled.get(name):
        filled[name] = value


def _names_hmac(algorithms: object) -> bool:
    return isinstance(algorithms, list | tuple) and any(isinstance(one, str) and one[:2] == "HS" for one in algorithms)


def unnamed(issuer: str, preset: str) -> Preset | None:
    """The provider that an issuer looks like, where its settings do not name the preset.

    Args:
        issuer: the ``iss``.
        preset: the preset that its settings name.

    Returns:
        the row that it should name; None where all is well.
    """
    if preset != "oidc" or urls.is_loopback_http(issuer):
        return None
    return next((row for row in PRESETS.values() if row.hosts and re.fullmatch(row.hosts, issuer)), None)

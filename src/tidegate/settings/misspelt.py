"""Variables that are no settings, and which setting each was probably meant to be."""

import difflib
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

from tidegate.settings.model import SPECS, VARIABLES
from tidegate.settings.problems import NAME_MAX, name_in, printable
from tidegate.settings.sources import Sources

_OURS: Final = "TIDEGATE_"
_BIND: Final = "TIDEGATE_BIND"
_ADDRESS_PARTS: Final = frozenset({"TIDEGATE_HOST", "TIDEGATE_PORT"})
"""How other programs call the two parts of an address."""

_UNKNOWN_MAX: Final = 20
_LIKENESS_MIN: Final = 0.7
"""Of what follows the prefix, which is the same in all names and would make any two of them alike."""

# What Kubernetes gives every container of the services beside it, and one of them may well be called tidegate.
_SERVICE_LINK: Final = re.compile(r"\w{1,99}_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")
_SERVICE_LINK_TEXT: Final = re.compile(r"(tcp|udp|sctp)://")

_OTHER_PREFIXES: Final = MappingProxyType(
    {
        _OURS: ("", "STREAM_", "STREAM_CHAT_", "CLERK_"),
        "STREAM_": ("STREAM_API_", "STREAM_CHAT_"),
        "CLERK_": (),
    }
)
"""By a name's prefix: what the setting's name may have in its place."""

# What libraries with Clerk or Stream have for themselves, where it looks like a setting of ours or may come to.
_FOREIGN: Final = frozenset(
    {
        *(
            "CLERK_SECRET_KEY",
            "CLERK_MACHINE_SECRET_KEY",
            "CLERK_ENCRYPTION_KEY",
            "CLERK_API_KEY",
            "CLERK_FRONTEND_API",
        ),
        *("CLERK_API_URL", "CLERK_API_VERSION", "CLERK_JS_URL", "CLERK_JS_VERSION", "CLERK_PROXY_URL", "CLERK_DOMAIN"),
        *("CLERK_SIGN_IN_URL", "CLERK_SIGN_UP_URL", "CLERK_AFTER_SIGN_IN_URL", "CLERK_AFTER_SIGN_UP_URL"),
        *("CLERK_WEBHOOK_SECRET", "CLERK_WEBHOOK_SIGNING_SECRET", "CLERK_IS_SATELLITE", "CLERK_TELEMETRY_DISABLED"),
        "CLERK_JWT_ISSUER_DOMAIN",  # Convex's, which is often used with Clerk
        *("STREAM_APP_ID", "STREAM_URL", "STREAM_BASE_URL", "STREAM_CHAT_URL", "STREAM_TIMEOUT", "STREAM_API_TOKEN"),
    }
)

_FOREIGN_BESIDE: Final = frozenset(
    f"STREAM_{rest}" for rest in ("KEY", "SECRET", "CHAT_KEY", "CHAT_SECRET", "VIDEO_API_KEY", "VIDEO_API_SECRET")
)
"""Other programs' where our own setting is set too; alone they were meant for us."""


def find(sources: Sources) -> Mapping[str, str]:
    """Look for variables that are probably misspelt settings.

    Args:
        sources: what settings are read from.

    Returns:
        each name to the variable that was probably meant, "" where none is alike; not more than 20 of them, in order.
        Of a name that holds anything but a name, only what stands before that: the rest may be the value.
        Of the names that do not begin with ``TIDEGATE_``, and so may be anybody's, only those that are like a setting.
    """
    return MappingProxyType(dict(islice(_found(sources), _UNKNOWN_MAX)))


def describe(name: str, meant: str) -> str:
    """A warning, without the variable's value.

    Args:
        name: of a variable that is no setting.
        meant: the variable that was probably meant; "" where none is alike.
    """
    if name in _ADDRESS_PARTS:
        return f"{name} is no setting; where to listen is {_BIND}=host:port"
    return f"{printable(name)} is no setting" + (f"; did you mean {meant}?" if meant else "")


def _found(sources: Sources) -> Iterator[tuple[str, str]]:
    for name, text in sorted(sources.everything()):
        prefix = next((one for one in _OTHER_PREFIXES if name.startswith(one)), None)
        bare = name_in(name)
        if prefix is None or name in VARIABLES or bare in _FOREIGN or _is_service_link(name, text):
            continue
        meant = _meant(bare, prefix)
        beside = bare in _FOREIGN_BESIDE and _is_set(sources, meant)
        if prefix == _OURS or (meant and not beside):
            yield (name if name == bare else f"{bare}..."), meant


def _is_service_link(name: str, text: str) -> bool:
    if name.endswith("_PORT"):
        return _SERVICE_LINK_TEXT.match(text) is not None
    return _SERVICE_LINK.fullmatch(name) is not None


def _meant(name: str, prefix: str) -> str:
    if name in _ADDRESS_PARTS:
        return _BIND
    if name in VARIABLES:
        return name
    if len(name) > NAME_MAX:
        return ""
    rest = name.removeprefix(prefix)
    for other in _OTHER_PREFIXES[prefix]:
        if other + rest in VARIABLES:
            return other + rest
    rests = [one.removeprefix(prefix) for one in VARIABLES if one.startswith(prefix)]
    return next((prefix + one for one in difflib.get_close_matches(rest, rests, n=1, cutoff=_LIKENESS_MIN)), "")


def _is_set(sources: Sources, variable: str) -> bool:
    """Whether a setting is set under any of its names; what a source of credentials gives is no variable's to give."""
    names = (*SPECS[VARIABLES[variable]].variables, *SPECS["credentials_source"].variables)
    return any(sources.variable(one) for one in names)

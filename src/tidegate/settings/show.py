"""The effective settings as rows for people; secrets masked wherever their text turns up."""

from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr

from tidegate.settings.hidden import secrets_of
from tidegate.settings.issuers import IssuerConfig
from tidegate.settings.load import Loaded
from tidegate.settings.model import SPECS

_KEY_SHOWN: Final = 4
_NOT_SET: Final = "not set"


@dataclass(frozen=True, slots=True)
class Row:
    """One setting.

    Attributes:
        name: its variable; the preferred one of several.
        value: for people, with secrets masked.
        origin: where it came from.
    """

    name: str
    value: str
    origin: str


def render(loaded: Loaded) -> list[Row]:
    """Show every setting.

    Args:
        loaded: the settings with their origins.

    Returns:
        a row for each, in the order of the documentation page.
    """
    secrets = secrets_of(loaded.settings)
    return [
        Row(spec.variables[0], _mask(field, getattr(loaded.settings, field), secrets), loaded.origins[field])
        for field, spec in SPECS.items()
    ]


def _mask(field: str, value: object, secrets: frozenset[str]) -> str:
    text = _text(field, value)
    # A secret pasted into another variable as well is still a secret.
    return f"hidden: it contains a secret ({len(text)} characters)" if any(one in text for one in secrets) else text


def _text(field: str, value: object) -> str:
    match value:
        case SecretStr():
            return f"set ({len(value)} characters)"
        case (SecretStr(), *_):
            return f"set ({', '.join(str(len(one)) for one in value if isinstance(one, SecretStr))} characters)"
        case (IssuerConfig(), *_):
            return "; ".join(_issuer(one) for one in value if isinstance(one, IssuerConfig))
        case str() if field in {"api_key", "next_api_key"}:
            return f"{value[:_KEY_SHOWN]}... ({len(value)} characters)"
        case str() if value.startswith("-----BEGIN"):
            return f"a public key ({len(value)} characters)"
        case _:
            return SPECS[field].kind.write(value) or _NOT_SET


def _issuer(issuer: IssuerConfig) -> str:
    keys = {"oidc": "keys by discovery", "authjs": "opened or asked for, no public keys"}.get(
        issuer.kind, f"keys at {issuer.jwks_url}" if issuer.jwks_url else "a PEM"
    )
    apart = f", namespace {issuer.namespace}" if issuer.namespace else ""
    kind = issuer.kind if issuer.preset == "oidc" else issuer.preset
    return f"{issuer.name} ({kind}) {issuer.issuer}, {keys}{apart}"

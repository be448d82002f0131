"""What an issuer's sessions are held to, in sentences."""

from collections.abc import Iterator

from tidegate.settings.issuers import IssuerConfig
from tidegate.settings.presets import PRESETS


def held_to(issuer: IssuerConfig) -> Iterator[str]:
    """Say it.

    Args:
        issuer: complete.

    Yields:
        one sentence each.
    """
    row = PRESETS[issuer.preset]
    yield f"Issuer {issuer.name}: {issuer.issuer}, held to the rules of {row.title}."
    apart = f"They carry the namespace {issuer.namespace}" if issuer.namespace else "It is the primary issuer"
    yield f"User ids: {apart}."
    yield f"Keys: {_keys(issuer)}."
    if issuer.algorithms:
        yield f"Algorithms: {', '.join(issuer.algorithms)}."
    yield f"What counts as a session: {', '.join(issuer.kinds)}."
    yield f"Whom tokens are for: {_bound(issuer)}."
    yield f"Sessions with sign-in tasks left: {issuer.pending}. Impersonated ones: {issuer.impersonation}."


def _keys(issuer: IssuerConfig) -> str:
    if issuer.kind == "authjs":
        return "none are public; the app's secret opens sessions, or its session route is asked"
    if issuer.pem is not None:
        return "the PEM in the settings"
    return issuer.jwks_url or "by discovery"


def _bound(issuer: IssuerConfig) -> str:
    found = []
    if issuer.audience:
        found.append(f"{PRESETS[issuer.preset].audience_claim} holds {' or '.join(issuer.audience)}")
    if issuer.authorized_parties and issuer.azp != "off":
        absent = "" if issuer.azp == "required" else ", if it is there"
        found.append(f"azp is {' or '.join(issuer.authorized_parties)}{absent}")
    return "; ".join(found) or "not checked"

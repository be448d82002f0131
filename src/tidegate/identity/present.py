"""The state of issuers and their keys, as operators see it."""

import math

from pydantic import Field

from tidegate.http.schema import Closed
from tidegate.identity.keysource import KeyState
from tidegate.identity.service import Issuer


class KeyBody(Closed):
    """A key that can verify sessions now."""

    kid: str | None = Field(description="Its id in the issuer's key set.")
    thumbprint: str = Field(description="RFC 7638, the same however the key is spelled.")
    algorithms: list[str]


class RejectedBody(Closed):
    """A key of the last document that was not admitted."""

    kid: str | None
    why: str


class IssuerBody(Closed):
    """One issuer and its keys, on this replica."""

    name: str
    issuer: str
    state: KeyState
    age_seconds: float | None = Field(description="Since the last real fetch; null if there was none.")
    last_error: str | None = Field(description="Why the last fetch failed; null if it did not.")
    keys: list[KeyBody]
    rejected: list[RejectedBody]


class IssuersBody(Closed):
    """Answer of ``GET /operator/v1/issuers``."""

    issuers: list[IssuerBody]


class DistrustBody(Closed):
    """Question of ``POST /operator/v1/issuers/{name}/distrust``."""

    kid: str = Field(
        min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$", description="The key's id or its thumbprint."
    )


class DistrustedBody(Closed):
    """Answer to it."""

    issuer: str
    kid: str
    in_use: bool = Field(description="Whether such a key was in use; if not, every key of that name is refused.")
    kept: bool = Field(description="Whether this replica's next start will know of it without the database.")
    shared: bool = Field(description="Whether the database has it, and so the other replicas.")


def issuer_body(issuer: Issuer) -> IssuerBody:
    """One issuer as it stands.

    Args:
        issuer: with its keys.
    """
    status, keys = issuer.keys.status(), issuer.keys.current()
    age = status.age_seconds
    return IssuerBody(
        name=issuer.policy.name,
        issuer=issuer.policy.issuer,
        state=status.state,
        age_seconds=None if age is None or math.isnan(age) else round(age, 1),
        last_error=status.last_error,
        keys=[
            KeyBody(kid=key.kid, thumbprint=key.fingerprint, algorithms=sorted(key.algorithms)) for key in keys or ()
        ],
        rejected=[RejectedBody(kid=one.kid, why=one.why) for one in status.rejected],
    )

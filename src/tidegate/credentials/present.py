"""Generations on the wire: names, states, times and fingerprints of nothing secret."""

from typing import Literal

from pydantic import Field

from tidegate.clock import rfc3339
from tidegate.credentials.ring import Entry, State
from tidegate.credentials.service import Rotation
from tidegate.http.schema import Closed, Timestamp

_DAY = 86_400


class GenerationBody(Closed):
    """One generation."""

    generation: str = Field(description="Its name: the same on every replica.")
    api_key: str
    state: Literal["pending", "verified", "primary", "draining", "retired"]
    since: Timestamp
    age_days: int = Field(description="Of the secret, from when it was made or first seen.")
    here: bool = Field(description="Whether this replica holds the secret.")
    signs_here: bool = Field(description="Whether this replica signs with it.")
    tokens_out: int = Field(description="Tokens that this replica signed with it and that have not expired.")
    drains_until: Timestamp | None
    last_check: str | None = Field(description="What the last live call with it said.")


class CredentialsBody(Closed):
    """All generations, as this replica sees them."""

    source: str
    trouble: str | None = Field(description="Why the source could not be read, if it could not.")
    max_age_days: int
    generations: list[GenerationBody]


class PromoteBody(Closed):
    """What to promote how."""

    cut_over: bool = Field(default=False, description="The tokens of the same API key may end now.")


class PromotedBody(Closed):
    """What came of a promotion."""

    generation: str
    signs: bool = Field(description="False: Stream refused it after all, and the one before signs again.")
    tokens_ended: int = Field(description="On a cut-over: tokens of this replica that ended with the old secret.")
    drains_until: Timestamp | None = Field(description="When the last token of the generation before has expired.")


class RetireBody(Closed):
    """What to retire how."""

    now: bool = Field(default=False, description="Although tokens of it are out.")


def credentials_body(rotation: Rotation, max_age_days: int, now: float) -> CredentialsBody:
    """All generations.

    Args:
        rotation: knows them.
        max_age_days: from which on a secret is too old; 0 for never.
        now: seconds since the epoch.
    """
    return CredentialsBody(
        source=rotation.source_name,
        trouble=rotation.trouble or None,
        max_age_days=max_age_days,
        generations=[_generation(rotation, entry, now) for entry in rotation.ring.entries],
    )


def drains_until(entry: Entry | None) -> str | None:
    """The end of a drain, where there is one."""
    return rfc3339(entry.drains_until) if entry is not None and entry.state is State.DRAINING else None


def _generation(rotation: Rotation, entry: Entry, now: float) -> GenerationBody:
    signs, verdict = rotation.signs(), rotation.verdict(entry.id)
    return GenerationBody(
        generation=entry.id,
        api_key=entry.api_key,
        state=entry.state.value,
        since=rfc3339(entry.changed_at),
        age_days=int((now - entry.made_at) // _DAY),
        here=rotation.is_here(entry.id),
        signs_here=signs is not None and signs.id == entry.id,
        tokens_out=rotation.out(entry.id),
        drains_until=drains_until(entry),
        last_check=None if verdict is None else (verdict.why or verdict.outcome.value),
    )

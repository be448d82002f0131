"""What a live call says of a generation. The call itself is passed in: this room knows no client."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from tidegate.credentials.generation import Access


class Outcome(StrEnum):
    """Whether Stream takes a key with its secret."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a live call.

    Attributes:
        outcome: whether Stream takes the pair; unknown where it could not be asked.
        app: which app it is the key of, as far as Stream says; None where that is not known.
        why: what stood in the way, in words; empty where nothing did.
    """

    outcome: Outcome
    app: tuple[str, str] | None = None
    why: str = ""


LiveCheck = Callable[[Access], Awaitable[Verdict]]

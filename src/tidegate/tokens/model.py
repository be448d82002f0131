"""What the exchange keeps and what it answers."""

from typing import NamedTuple

from tidegate.credentials import Generation
from tidegate.identity.model import VerifiedSubject
from tidegate.tokens.mint import Minted
from tidegate.tokens.profile import Profile


class Session(NamedTuple):
    """A session that was verified in full, and what follows from it for every exchange.

    Many are kept, so the user's `tidegate.tokens.mint.Rhythm` is not an object of its own in it: the members of
    the same names are that rhythm, and a session can be minted for as it is.

    Attributes:
        who: made by the verifier alone.
        user_id: at Stream.
        phase: of the user's rhythm.
        refresh: of the user's rhythm.
        pseudonym: of the user's rhythm.
        generation: of the user's rhythm.
        life: seconds that its tokens live.
        until: seconds since the epoch up to which all of this holds; at most the session's own end.
        profile: what of the person is brought to Stream.
    """

    who: VerifiedSubject
    user_id: str
    phase: int
    refresh: int
    pseudonym: str
    generation: Generation
    life: int
    until: int
    profile: Profile


class Issued(NamedTuple):
    """The answer of the exchange, before any wire.

    Attributes:
        session: whose it is.
        minted: the token and its times.
        now: seconds since the epoch at which it was answered.
    """

    session: Session
    minted: Minted
    now: float

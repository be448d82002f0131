"""Stream user tokens: the same for the same user on every replica, for a minute.

Repeated calls within a minute give one token wherever they land, without a shared
cache, and expiries spread over the minute instead of falling on one second.
"""

import hashlib
import struct
from typing import Final, NamedTuple, Protocol

from tidegate import metrics
from tidegate.bounded import BoundedTable
from tidegate.credentials import Credentials, Generation
from tidegate.settings.risk import LIFE_LEAST, LIFE_MOST
from tidegate.tokens.mapping import is_user_id

WINDOW: Final = 60
"""Seconds for which a user's token stays the same."""

BACKDATE: Final = 5
"""Seconds by which ``iat`` lies behind our clock at least: Stream refuses one ahead of its own (code 42)."""

_REFRESH_FIRST: Final = 70
_REFRESH_SPREAD: Final = 16
_new: Final = tuple.__new__  # half the time of a named tuple's own name
_PARTS: Final = struct.Struct(">II6s").unpack


class Rhythm(NamedTuple):
    """What is fixed for one user and one generation, derived from a keyed hash of the user id.

    Attributes:
        phase: second of the minute at which the user's window begins, 0 to 59.
        refresh: share of a token's life after which a client should refresh, 70 to 85 percent.
        pseudonym: 12 hexadecimal digits that stand for the user in logs.
        generation: whose secret the hash was keyed with.
    """

    phase: int
    refresh: int
    pseudonym: str
    generation: Generation


class Rhythmic(Protocol):
    """Whatever carries a user's rhythm: a `Rhythm` itself, or a session that it was spread into."""

    @property
    def phase(self) -> int:
        """As in `Rhythm`."""
        ...

    @property
    def refresh(self) -> int:
        """As in `Rhythm`."""
        ...

    @property
    def generation(self) -> Generation:
        """As in `Rhythm`."""
        ...


class Minted(NamedTuple):
    """A token and its times, in whole seconds since the epoch, and the generation that signed it."""

    token: str
    issued_at: int
    expires_at: int
    refresh_after: int
    generation: Generation


class Minter:
    """Mints user tokens with whichever generation is the primary one.

    Both the rhythm and the signature follow from the generation alone, so replicas that
    sign with the same generation give the same token, before a rotation and after it.

    Args:
        credentials: their primary is looked up for each token.
        remembered: the most users whose token of this minute is kept; 0 keeps none. It is
            the same token that would be minted again: keeping it saves the work, no more.
    """

    __slots__ = ("_credentials", "_keyed", "_keyed_by", "_minted")

    def __init__(self, credentials: Credentials, remembered: int = 0) -> None:
        self._credentials = credentials
        self._keyed_by = credentials.primary
        self._keyed = _keyed(self._keyed_by)
        self._minted: BoundedTable[str, Minted] | None = None
        if remembered:
            self._minted = BoundedTable(max(2, remembered))
            metrics.TOKEN_CACHE_ENTRIES.set_function(self._minted.__len__)

    def rhythm(self, user_id: str) -> Rhythm:
        """What is fixed for this user; worth keeping, it changes only with the primary generation."""
        primary = self._credentials.primary
        if primary is not self._keyed_by:
            self._keyed, self._keyed_by = _keyed(primary), primary
        hashed = self._keyed.copy()
        hashed.update(user_id.encode())
        phase, refresh, pseudonym = _PARTS(hashed.digest())
        return _new(Rhythm, (phase % WINDOW, _REFRESH_FIRST + refresh % _REFRESH_SPREAD, pseudonym.hex(), primary))

    def mint(self, user_id: str, rhythm: Rhythmic, now: float, life: int, floor: int = 0) -> Minted:
        """The user's token of this minute, and of this life.

        Its claims are exactly ``user_id``, ``iat`` and ``exp``. A signed token without
        a user id is a server token with all rights, so an id that is none is an error
        of the program and never signed.

        Args:
            user_id: as the mapping made it.
            rhythm: of this user; one of another generation is not used.
            now: seconds since the epoch.
            life: seconds from ``iat`` to ``exp``, 300 to 86,400.
            floor: the least ``iat`` that the token may have, seconds since the epoch.

        Raises:
            ValueError: the id is not one that Stream takes, the life is out of bounds, or the floor lies so
                late that Stream would refuse the token.
        """
        signs = self._credentials.primary
        if rhythm.generation is not signs:
            rhythm = self.rhythm(user_id)
        phase = rhythm.phase
        seconds = int(now) - BACKDATE
        issued = (seconds - phase) // WINDOW * WINDOW + phase
        if floor > issued:
            if floor > seconds:
                raise ValueError("a token cannot be issued ahead of the clock")
            issued = floor
        if self._minted is None:
            return self._mint(user_id, rhythm, issued, life)
        kept = self._minted.get(user_id)
        # The three claims are the id and these two times: one of this generation that agrees in them is the token.
        if kept is None or kept.issued_at != issued or kept.expires_at != issued + life or kept.generation is not signs:
            kept = self._mint(user_id, rhythm, issued, life)
            self._minted.put(user_id, kept, now)
        return kept

    def _mint(self, user_id: str, rhythm: Rhythmic, issued: int, life: int) -> Minted:
        if not is_user_id(user_id):
            raise ValueError("refusing to sign a token without a valid user id")
        if not LIFE_LEAST <= life <= LIFE_MOST:
            raise ValueError(f"a token lives {LIFE_LEAST} to {LIFE_MOST} seconds")
        expires = issued + life
        generation = rhythm.generation
        token = generation.signer.sign(f'{{"exp":{expires},"iat":{issued},"user_id":"{user_id}"}}'.encode("ascii"))
        generation.outstanding.add(issued, expires)
        return _new(Minted, (token, issued, expires, issued + life * rhythm.refresh // 100, generation))


def _keyed(generation: Generation) -> "hashlib.blake2b":
    return hashlib.blake2b(digest_size=14, key=generation.signer.derive("token rhythm"))

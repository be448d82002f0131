"""Stream user tokens: the same for the same user on every replica, for a minute.

Repeated calls within a minute give one token wherever they land, without a shared
cache, and expiries spread over the minute instead of falling on one second.
"""

import hashlib
import struct
from typing import Final, NamedTuple

from tidegate import metrics
from tidegate.bounded import BoundedTable
from tidegate.credentials import Signer
from tidegate.settings.risk import LIFE_LEAST, LIFE_MOST
from tidegate.tokens.mapping import is_user_id

WINDOW: Final = 60
"""Seconds for which a user's token stays the same."""

BACKDATE: Final = 5
"""Seconds by which ``iat`` lies behind our clock at least: Stream refuses one ahead of its own (code 42)."""

_REFRESH_FIRST: Final = 70
_REFRESH_SPREAD: Final = 16
_PARTS: Final = struct.Struct(">II6s").unpack


class Rhythm(NamedTuple):
    """What is fixed for one user, derived from a keyed hash of the user id.

    Attributes:
        phase: second of the minute at which the user's window begins, 0 to 59.
        refresh: share of a token's life after which a client should refresh, 70 to 85 percent.
        pseudonym: 12 hexadecimal digits that stand for the user in logs.
    """

    phase: int
    refresh: int
    pseudonym: str


class Minted(NamedTuple):
    """A token and its times, in whole seconds since the epoch."""

    token: str
    issued_at: int
    expires_at: int
    refresh_after: int


class Minter:
    """Mints user tokens.

    Args:
        signer: over the app secret.
        remembered: the most users whose token of this minute is kept; 0 keeps none. It is
            the same token that would be minted again: keeping it saves the work, no more.
    """

    __slots__ = ("_keyed", "_minted", "_sign")

    def __init__(self, signer: Signer, remembered: int = 0) -> None:
        self._sign = signer.sign
        self._keyed = hashlib.blake2b(digest_size=14, key=signer.derive("token rhythm"))
        self._minted: BoundedTable[str, Minted] | None = None
        if remembered:
            self._minted = BoundedTable(max(2, remembered))
            metrics.TOKEN_CACHE_ENTRIES.set_function(self._minted.__len__)

    def rhythm(self, user_id: str) -> Rhythm:
        """What is fixed for this user; worth keeping, it never changes."""
        hashed = self._keyed.copy()
        hashed.update(user_id.encode())
        phase, refresh, pseudonym = _PARTS(hashed.digest())
        return Rhythm(phase % WINDOW, _REFRESH_FIRST + refresh % _REFRESH_SPREAD, pseudonym.hex())

    def mint(self, user_id: str, rhythm: Rhythm, now: float, life: int, floor: int = 0) -> Minted:
        """The user's token of this minute, and of this life.

        Its claims are exactly ``user_id``, ``iat`` and ``exp``. A signed token without
        a user id is a server token with all rights, so an id that is none is an error
        of the program and never signed.

        Args:
            user_id: as the mapping made it.
            rhythm: of this user.
            now: seconds since the epoch.
            life: seconds from ``iat`` to ``exp``, 300 to 86,400.
            floor: the least ``iat`` that the token may have, seconds since the epoch.

        Raises:
            ValueError: the id is not one that Stream takes, the life is out of bounds, or the floor lies so
                late that Stream would refuse the token.
        """
        phase = rhythm.phase
        seconds = int(now) - BACKDATE
        issued = (seconds - phase) // WINDOW * WINDOW + phase
        if floor > issued:
            if floor > seconds:
                raise ValueError("a token cannot be issued ahead of the clock")
            issued = floor
        if self._minted is None:
            return self._mint(user_id, rhythm, issued, life)
        minted = self._minted.get(user_id)
        # The three claims are the id and these two times: a token that agrees in them is the one to be made.
        if minted is None or minted.issued_at != issued or minted.expires_at != issued + life:
            minted = self._mint(user_id, rhythm, issued, life)
            self._minted.put(user_id, minted, now)
        return minted

    def _mint(self, user_id: str, rhythm: Rhythm, issued: int, life: int) -> Minted:
        if not is_user_id(user_id):
            raise ValueError("refusing to sign a token without a valid user id")
        if not LIFE_LEAST <= life <= LIFE_MOST:
            raise ValueError(f"a token lives {LIFE_LEAST} to {LIFE_MOST} seconds")
        expires = issued + life
        token = self._sign(f'{{"exp":{expires},"iat":{issued},"user_id":"{user_id}"}}'.encode("ascii"))
        return Minted(token, issued, expires, issued + life * rhythm.refresh // 100)

"""One pair of API key and secret: what it signs, what it is called, and what is still out there of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson

from tidegate.clock import Clock
from tidegate.credentials.outstanding import Outstanding
from tidegate.credentials.signer import Signer, base64url

SERVER_TOKEN_LIFE: Final = 600
"""Seconds a server token is valid: it carries all rights, so it does not live long."""

_BACKDATE: Final = 30
"""Seconds by which a server token's ``iat`` lies in the past, since Stream refuses one ahead of its clock."""

_BACKDATE_LEAST: Final = 5
"""The same where it must lie behind a revocation."""

_ID_OCTETS: Final = 9


@dataclass(frozen=True, slots=True)
class Pair:
    """A key and its secret, as a source gives them.

    Attributes:
        api_key: public; it travels beside every token.
        secret: the app secret; no text form shows it.
        made_at: seconds since the epoch at which it was made, where the source knows.
    """

    api_key: str
    secret: str
    made_at: float | None = None

    def __repr__(self) -> str:
        return f"Pair({self.api_key[:4]!r}...)"


class Access(NamedTuple):
    """What one call to Stream needs: a key, and a server token that belongs to it."""

    api_key: str
    token: str


class Generation:
    """A pair in use.

    Args:
        pair: key and secret.

    Attributes:
        id: the same on every replica that holds the pair, and different for every other pair.
        api_key: of the pair.
        quoted_key: the key as JSON text.
        signer: over the secret.
        outstanding: the tokens of this replica that are still valid.
        made_at: as the pair says.
    """

    __slots__ = ("_server_token", "api_key", "id", "made_at", "outstanding", "quoted_key", "signer")

    def __init__(self, pair: Pair) -> None:
        self.api_key: Final = pair.api_key
        self.quoted_key: Final = orjson.dumps(pair.api_key).decode()
        self.signer: Final = Signer(pair.secret)
        self.outstanding: Final = Outstanding()
        self.made_at: Final = pair.made_at
        # Named after both halves: a new secret under the same key is another generation. Whoever
        # holds one user token can test a guess of the secret against it; this name adds nothing to that.
        named = self.signer.derive(f"generation {pair.api_key}")[:_ID_OCTETS]
        # Without a hyphen: `tidegate keys retire` would take a name that begins with one for an option.
        self.id: Final = base64url(named).decode("ascii").replace("-", "_")
        self._server_token = ("", 0.0, 0)

    def access(self, now: float, since: int = 0) -> Access:
        """Key and server token for a call to Stream; the token is made anew when half of its life is over.

        Args:
            now: seconds since the epoch.
            since: the moment before which the app's tokens are revoked; whether Stream counts server tokens
                among them is not established, so they are dated after it as soon as that lies behind us.
        """
        token, expires, issued = self._server_token
        least = min(since, int(now) - _BACKDATE_LEAST)
        if issued < least or not SERVER_TOKEN_LIFE / 2 < expires - now <= SERVER_TOKEN_LIFE:
            until, issued = int(now) + SERVER_TOKEN_LIFE, max(least, int(now) - _BACKDATE)
            token = self.signer.sign(b'{"exp":%d,"iat":%d,"server":true}' % (until, issued))
            self._server_token = (token, float(until), issued)
        return Access(self.api_key, token)

    def __repr__(self) -> str:
        return f"Generation({self.id})"


class Credentials:
    """Every generation whose secret this replica holds, one of which signs.

    It is changed from the event loop alone. Whoever signs or calls reads `primary` each time.

    Args:
        primary: the generation to begin with.
    """

    __slots__ = ("_held", "_since", "primary")

    def __init__(self, primary: Generation) -> None:
        self.primary = primary
        self._since = 0
        self._held = {primary.id: primary}

    @classmethod
    def of(cls, api_key: str, secret: str) -> "Credentials":
        """One pair and no other.

        Args:
            api_key: public.
            secret: the app secret.
        """
        return cls(Generation(Pair(api_key, secret)))

    @property
    def held(self) -> tuple[Generation, ...]:
        """Every generation, the oldest here first."""
        return tuple(self._held.values())

    @property
    def revoked_since(self) -> int:
        """The least ``iat`` after a revocation for the whole app, seconds since the epoch; 0 without one."""
        return self._since

    def get(self, name: str) -> Generation | None:
        """The generation of this id, if its secret is here."""
        return self._held.get(name)

    def hold(self, pair: Pair) -> Generation:
        """Keep a pair beside the others; a pair that is here already is not kept twice.

        Args:
            pair: key and secret.

        Returns:
            its generation.
        """
        generation = Generation(pair)
        return self._held.setdefault(generation.id, generation)

    def forget(self, name: str) -> None:
        """Let a secret go; the primary stays."""
        if name != self.primary.id:
            self._held.pop(name, None)

    def sign_with(self, name: str) -> None:
        """From now on this generation signs and calls.

        Args:
            name: its id.

        Raises:
            KeyError: its secret is not here.
        """
        self.primary = self._held[name]

    def access(self, clock: Clock) -> Callable[[], Access]:
        """A function that gives key and server token of the primary, whichever that is then.

        Args:
            clock: what ``iat`` and ``exp`` are read from.
        """
        return lambda: self.primary.access(clock.now(), self._since)

    def access_with(self, generation: Generation, now: float) -> Access:
        """Key and server token of any generation, to try it.

        Args:
            generation: held here or not.
            now: seconds since the epoch.
        """
        return generation.access(now, self._since)

    def app_revoked(self, moment: int) -> None:
        """Date server tokens after a moment before which all of the app's tokens are revoked.

        Args:
            moment: seconds since the epoch.
        """
        self._since = moment + 1

    def __repr__(self) -> str:
        return f"Credentials(primary={self.primary.id})"

"""The browsers that signed in, and the links by which they do. Both live in this process and end with it."""

import hashlib
import secrets
from typing import Final

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.console.model import Lives, Visit, Visitor

LINK_SECONDS: Final = 120
"""How long a link can be used."""

LINKS_MOST: Final = 32
"""Links that wait to be used; each operator's name has an equal share, in which a further one takes the place of the
oldest."""

_SECRET_OCTETS: Final = 32


def _name(secret: str) -> bytes:
    """What a secret is kept under, so that memory holds none and the look-up tells nothing by its time."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class Visits:
    """The table of sessions. A new browser always gets a new secret; nothing that it brings along is taken over.

    Args:
        clock: for idle and absolute ends.
        lives: those ends.
        share: browsers at once of one operator's name; a further one takes the place of the one of that name that was
            quiet longest, and of nobody else's.
    """

    def __init__(self, clock: Clock, lives: Lives, share: int) -> None:
        self._clock = clock
        self._lives = lives
        self._share = share
        self._visits: dict[bytes, Visit] = {}
        metrics.CONSOLE_SESSIONS.set_function(self._visits.__len__)

    def open(self, visitor: Visitor) -> tuple[str, Visit]:
        """Sign a browser in.

        Args:
            visitor: whose it is.

        Returns:
            the secret for its cookie, and the session.
        """
        self._sweep()
        own = [name for name, visit in self._visits.items() if visit.operator.name == visitor.operator.name]
        if len(own) >= self._share:
            del self._visits[min(own, key=lambda name: self._visits[name].seen)]
        secret, now = secrets.token_urlsafe(_SECRET_OCTETS), self._clock.monotonic()
        visit = Visit(visitor, csrf=secrets.token_urlsafe(_SECRET_OCTETS), began=now, seen=now)
        self._visits[_name(secret)] = visit
        return secret, visit

    def find(self, secret: str) -> Visit | None:
        """The session of a cookie, if it has not ended."""
        name = _name(secret)
        visit = self._visits.get(name)
        if visit is not None and self._lives.over(visit, self._clock.monotonic()):
            del self._visits[name]
            return None
        return visit

    def touch(self, visit: Visit) -> None:
        """Note that somebody is there."""
        visit.seen = self._clock.monotonic()

    def lasts(self, visit: Visit) -> bool:
        """Whether a session that was found earlier is still open."""
        return visit in self._visits.values() and not self._lives.over(visit, self._clock.monotonic())

    def close(self, secret: str) -> None:
        """Sign a browser out."""
        self._visits.pop(_name(secret), None)

    def _sweep(self) -> None:
        now = self._clock.monotonic()
        for name in [name for name, visit in self._visits.items() if self._lives.over(visit, now)]:
            del self._visits[name]

    def __len__(self) -> int:
        return len(self._visits)


class Links:
    """Links that sign a browser in once.

    Args:
        clock: for their end.
        share: links of one operator's name that wait.
    """

    def __init__(self, clock: Clock, share: int) -> None:
        self._clock = clock
        self._share = share
        self._links: dict[bytes, tuple[float, Visitor]] = {}

    def make(self, visitor: Visitor) -> str:
        """The secret of a new link: 256 random bits.

        Args:
            visitor: whom it lets in.
        """
        own = [name for name, (_, known) in self._links.items() if known.operator.name == visitor.operator.name]
        if len(own) >= self._share:
            del self._links[own[0]]
        secret = secrets.token_urlsafe(_SECRET_OCTETS)
        self._links[_name(secret)] = (self._clock.monotonic() + LINK_SECONDS, visitor)
        return secret

    def spend(self, secret: str) -> Visitor | None:
        """Use a link up.

        Args:
            secret: as it came.

        Returns:
            whom it lets in; None: there is no such link, it was used, or it is too old.
        """
        ends, visitor = self._links.pop(_name(secret), (0.0, None))
        return visitor if self._clock.monotonic() < ends else None

"""Who looks at the console, and what a browser that signed in is known by. Pure."""

from dataclasses import dataclass, field
from typing import Final

from tidegate.http.operators import Operator

ROOT: Final = "/console"
"""Of every page of the console."""

SIGN_IN: Final = f"{ROOT}/login"
"""Where a browser without a session is sent."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was let in.

    Attributes:
        operator: name and role, as the ledger shows them.
        way: how they came: ``link`` or ``oidc``.
    """

    operator: Operator
    way: str


@dataclass(slots=True)
class Visit:
    """One browser that signed in.

    Attributes:
        visitor: who.
        csrf: what every form of this browser carries, 256 random bits.
        began: when it signed in, monotonic seconds.
        seen: when a page or an action was last asked for, monotonic seconds; a page that merely stays open is none.
        notice: what the next page says, once; and whether it is bad news.
    """

    visitor: Visitor
    csrf: str = field(repr=False)
    began: float
    seen: float
    notice: tuple[str, bool] | None = None

    @property
    def operator(self) -> Operator:
        """Who acts."""
        return self.visitor.operator


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a browser stays signed in.

    Attributes:
        idle_s: seconds without a page or an action.
        most_s: seconds in all.
    """

    idle_s: float
    most_s: float

    def over(self, visit: Visit, now: float) -> bool:
        """Whether a visit has ended.

        Args:
            visit: of a browser.
            now: monotonic seconds.
        """
        return now - visit.seen >= self.idle_s or now - visit.began >= self.most_s

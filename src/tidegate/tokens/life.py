"""How long a session's tokens live: the ordinary life, or a shorter one where the session is a risk."""

from collections.abc import Iterable

from tidegate import metrics
from tidegate.identity.model import VerifiedSubject
from tidegate.settings.risk import LIFE_LEAST, LIFE_MOST, Risk, RiskRow


class LifeTable:
    """The lives that the settings declare. The shortest row that fits a session counts.

    Args:
        ordinary: seconds from ``iat`` to ``exp``, 300 to 86,400.
        rows: of the table; one that is no shorter than the ordinary life changes nothing.

    Raises:
        ValueError: a life lies outside these bounds.
    """

    __slots__ = ("_ordinary", "_rows")

    def __init__(self, ordinary: int, rows: Iterable[RiskRow] = ()) -> None:
        self._ordinary = ordinary
        given = tuple(rows)
        if not all(LIFE_LEAST <= life <= LIFE_MOST for life in (ordinary, *(row.life for row in given))):
            raise ValueError(f"a token lives {LIFE_LEAST} to {LIFE_MOST} seconds")
        self._rows = tuple(sorted((row for row in given if row.life < ordinary), key=lambda row: row.life))

    def row(self, who: VerifiedSubject, now: float) -> RiskRow | None:
        """The row that a session comes under; None for one with the ordinary life.

        Args:
            who: the verified caller.
            now: seconds since the epoch.
        """
        for row in self._rows:
            if _fits(row, who, now):
                return row
        return None

    def of(self, who: VerifiedSubject, now: float) -> tuple[int, int]:
        """What a new session is given: its `life`, and `holds_until`.

        Args:
            who: the verified caller.
            now: seconds since the epoch.
        """
        if not self._rows:  # nearly everywhere, and on the way of every login
            return self._ordinary, who.expires_at
        return self.life(who, now), self.holds_until(who, now)

    def life(self, who: VerifiedSubject, now: float) -> int:
        """Seconds that the tokens of a session live. Made for a session once: it is counted here.

        Args:
            who: the verified caller.
            now: seconds since the epoch.
        """
        row = self.row(who, now)
        if row is None:
            return self._ordinary
        metrics.RISK_SESSIONS.labels(row.risk.value).inc()
        return row.life

    def holds_until(self, who: VerifiedSubject, now: float) -> int:
        """Until when `life` is what it is: the session's end, or sooner the moment at which a factor becomes stale.

        Args:
            who: the verified caller.
            now: seconds since the epoch.

        Returns:
            seconds since the epoch.
        """
        end = who.expires_at
        if who.factor_at is not None:
            for row in self._rows:
                stale = who.factor_at + row.minutes * 60
                if row.risk is Risk.STALE_FACTOR and now < stale < end:
                    end = stale
        return end


def _fits(row: RiskRow, who: VerifiedSubject, now: float) -> bool:
    match row.risk:
        case Risk.IMPERSONATED:
            return who.actor is not None
        case Risk.ANONYMOUS:
            return who.anonymous
        case Risk.STALE_FACTOR:
            # A session that does not say when somebody signed in cannot be taken for a fresh one.
            return who.factor_at is None or now >= who.factor_at + row.minutes * 60

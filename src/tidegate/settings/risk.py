"""The table of shorter lives: what about a session makes the tokens that it gets live shorter."""

import re
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from tidegate.settings.problems import Unfit

LIFE_LEAST: Final = 300
"""Seconds a Stream token lives at least: windows, back-dating and a client's refresh take some of it."""

LIFE_MOST: Final = 86_400
"""Seconds a Stream token lives at most."""

_OFF: Final = "off"
_ROW: Final = re.compile(r"([a-z_]+)(?:>([1-9][0-9]{0,5})([mhd]))?=([0-9]{1,6})")
_MINUTES: Final = MappingProxyType({"m": 1, "h": 60, "d": 1440})
_ROWS_MAX: Final = 10
_FORM: Final = "rows such as impersonated=300,anonymous=900,stale_factor>12h=900, or off"
_MEND: Final = f"write {_FORM}; lives are {LIFE_LEAST} to {LIFE_MOST} s, ages end in m, h or d"


class Risk(StrEnum):
    """What a row of the table is about."""

    IMPERSONATED = "impersonated"
    ANONYMOUS = "anonymous"
    STALE_FACTOR = "stale_factor"


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One row: sessions of this risk get tokens that live no longer than this.

    Attributes:
        risk: what the session is.
        life: seconds, 300 to 86,400.
        minutes: for a stale factor, the age from which on it is stale; 0 for the others.
    """

    risk: Risk
    life: int
    minutes: int = 0


DEFAULT_ROWS: Final = (RiskRow(Risk.IMPERSONATED, 600), RiskRow(Risk.ANONYMOUS, 900))


@dataclass(frozen=True, slots=True)
class LifeByRisk:
    """The table as one line of text."""

    def read(self, text: str) -> tuple[RiskRow, ...]:
        """The rows, in order; none for ``off``."""
        if text.lower() == _OFF:
            return ()
        rows = tuple(_row(part.strip()) for part in text.split(",", _ROWS_MAX) if part.strip())
        if len(rows) > _ROWS_MAX:
            raise Unfit(f"has more than {_ROWS_MAX} rows", _MEND)
        if len({(row.risk, row.minutes) for row in rows}) != len(rows):
            raise Unfit("names a risk twice", _MEND)
        return rows

    def write(self, value: object) -> str:
        """The line that gives a table."""
        rows = value if isinstance(value, tuple) else ()
        return ",".join(_written(row) for row in rows if isinstance(row, RiskRow)) or _OFF

    def form(self) -> str:
        """What it is."""
        return _FORM


def _row(text: str) -> RiskRow:
    match = _ROW.fullmatch(text)
    if match is None or match[1] not in tuple(Risk):
        raise Unfit("has a row that is none", _MEND)
    risk, life = Risk(match[1]), int(match[4])
    if (risk is Risk.STALE_FACTOR) != (match[2] is not None):
        raise Unfit("has an age where none belongs, or a stale factor without one", _MEND)
    if not LIFE_LEAST <= life <= LIFE_MOST:
        raise Unfit(f"has a life that is not {LIFE_LEAST} to {LIFE_MOST} s", _MEND)
    return RiskRow(risk, life, int(match[2]) * _MINUTES[match[3]] if match[2] else 0)


def _written(row: RiskRow) -> str:
    age = f">{row.minutes}m" if row.minutes else ""
    return f"{row.risk.value}{age}={row.life}"

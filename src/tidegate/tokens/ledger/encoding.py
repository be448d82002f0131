"""Entries as they are written: one line of JSON in ASCII, its members in a fixed order.

Whatever a caller can choose passes through `quoted`, which leaves printable ASCII alone
and escapes everything else. So a line ends where the ledger ends it, a member where the
ledger ends it, and no terminal takes a text for a command.
"""

from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from tidegate.clock import rfc3339
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.ledger.model import AGENT_MOST, Event, IssuedNote, Note, OperatedNote, RefusedNote, SummedNote
from tidegate.tokens.model import Session

_TIME: Final = b'"time":"'
_STAMP: Final = 24


class Encoder:
    """Writes entries, all but their seal.

    Args:
        key: of the hashes that stand in for names.
        hashed: whether subject, user id and address are hashed too; a session's id always is.
    """

    __slots__ = ("_hashed", "_key", "_millisecond", "_stamp")

    def __init__(self, key: LedgerKey, *, hashed: bool) -> None:
        self._key = key
        self._hashed = hashed
        self._millisecond = -1
        self._stamp = ""

    def note(self, n: int, note: Note) -> str:
        """An exchange's entry.

        Args:
            n: its number.
            note: what the exchange left behind.

        Returns:
            the line up to its seal, ASCII.
        """
        if isinstance(note, IssuedNote):
            return self._issued(n, note)
        if isinstance(note, RefusedNote):
            return self._refused(n, note)
        return self._summed(n, note) if isinstance(note, SummedNote) else self._operated(n, note)

    def mark(self, n: int, now: float, event: Event, count: int | None = None) -> str:
        """An entry of the ledger itself.

        Args:
            n: its number.
            now: seconds since the epoch.
            event: what happened.
            count: how many entries, or octets.
        """
        counted = "" if count is None else f',"count":{count}'
        return f'{{"n":{n},"time":"{self._time(now)}","event":"{event.value}"{counted}'

    def _issued(self, n: int, note: IssuedNote) -> str:
        minted = note.minted
        return (
            f'{{"n":{n},"time":"{self._time(note.now)}","event":"issued","reason":"none"'
            f'{self._whose(note.session)}{self._request(note)},"generation":{quoted(minted.generation.id)},"iat":{minted.issued_at},"exp":{minted.expires_at}'
        )

    def _refused(self, n: int, note: RefusedNote) -> str:
        whose = f',"issuer":{quoted(note.issuer)}' if note.session is None else self._whose(note.session)
        return (
            f'{{"n":{n},"time":"{self._time(note.now)}","event":"refused","reason":{quoted(note.reason)}'
            f"{whose}{self._request(note)}"
        )

    def _summed(self, n: int, note: SummedNote) -> str:
        return (
            f'{{"n":{n},"time":"{self._time(note.now)}","event":"summed","reason":{quoted(note.reason)}'
            f',"issuer":{quoted(note.issuer)},"count":{note.refusals}'
        )

    def _operated(self, n: int, note: OperatedNote) -> str:
        address = self._key.name("address", note.address) if self._hashed else note.address
        traced = "" if note.trace is None else f',"trace":{quoted(note.trace)}'
        named = "" if note.operator is None else f',"operator":{quoted(note.operator)}'
        return (
            f'{{"n":{n},"time":"{self._time(note.now)}","event":"operated","reason":{quoted(note.reason)}'
            f',"address":{quoted(address)},"request":{quoted(note.request)}{traced}{named}'
            f',"method":{quoted(note.method)},"route":{quoted(note.route)},"status":{note.status}'
        )

    def _whose(self, session: Session) -> str:
        who = session.who
        subject, user_id, actor = who.subject, session.user_id, who.particulars.actor
        if self._hashed:
            name = self._key.name
            subject, user_id = name("subject", subject), name("user_id", user_id)
            actor = None if actor is None else name("subject", actor)
        text = f',"issuer":{quoted(who.policy.name)},"subject":{quoted(subject)},"user_id":{quoted(user_id)}'
        if who.session_id is not None:
            text += f',"session":"{self._key.name("session", who.session_id)}"'
        return text if actor is None else f'{text},"act":{quoted(actor)}'

    def _request(self, note: IssuedNote | RefusedNote) -> str:
        address, agent, trace = note.address, note.agent, note.trace
        if self._hashed:
            address = self._key.name("address", address)
        named = "" if agent is None else f',"agent":{quoted(agent[:AGENT_MOST].decode("latin-1"))}'
        traced = "" if trace is None else f',"trace":{quoted(trace)}'
        return f',"address":{quoted(address)}{named},"request":{quoted(note.request)}{traced}'

    def _time(self, now: float) -> str:
        millisecond = int(now * 1000)
        if millisecond != self._millisecond:
            self._millisecond = millisecond
            self._stamp = stamp(now)
        return self._stamp


def stamp(now: float) -> str:
    """A time in milliseconds, as RFC 3339 writes it; texts of it sort as the times do.

    Args:
        now: seconds since the epoch.
    """
    millisecond = int(now * 1000)
    return f"{rfc3339(millisecond // 1000)[:-1]}.{millisecond % 1000:03d}Z"


def time_of(line: bytes) -> str:
    """The time of an entry, as `stamp` writes it; the entry is not read for it."""
    begins = line.find(_TIME) + len(_TIME)
    return line[begins : begins + _STAMP].decode("ascii", errors="replace")

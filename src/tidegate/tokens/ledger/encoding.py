"""Entries as they are written: one line of JSON in ASCII, its members in a fixed order.

Whatever a caller can choose passes through `quoted`, which leaves printable ASCII alone
and escapes everything else. So a line ends where the ledger ends it, a member where the
ledger ends it, and no terminal takes a text for a command.
"""

from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from tidegate.clock import rfc3339
from tidegate.identity.model import IssuerPolicy
from tidegate.tokens.ledger.keys import LedgerKey
from tidegate.tokens.ledger.model import (
    AGENT_MOST,
    Event,
    IssuedNote,
    MintedNote,
    Note,
    OperatedNote,
    RefusedNote,
    SummedNote,
)
from tidegate.tokens.model import Session

_TIME: Final = b'"time":"'
_STAMP: Final = 24
_AGENTS_KEPT: Final = 512
"""User agents whose text is kept; where there are more, all of them are written anew."""


class Encoder:
    """Writes entries, all but their seal.

    Args:
        key: of the hashes that stand in for names.
        hashed: whether subject, user id and address are hashed too; a session's id always is.
    """

    __slots__ = (
        "_agents", "_begins", "_hashed", "_issuer", "_key", "_millisecond", "_policy", "_second", "_stamp"
    )  # fmt: skip

    def __init__(self, key: LedgerKey, *, hashed: bool) -> None:
        self._key = key
        self._hashed = hashed
        self._agents: dict[bytes, str] = {}
        self._policy: IssuerPolicy | None = None
        self._issuer = ""
        self._millisecond = self._second = -1
        self._begins = self._stamp = ""

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
        if isinstance(note, SummedNote):
            return self._summed(n, note)
        return self._minted(n, note) if isinstance(note, MintedNote) else self._operated(n, note)

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
        # One text, put together in one go: an exchange pays for every other way.
        now, request, address, trace, agent, session, (_, issued_at, expires_at, _, generation) = note
        traced = "" if trace is None else f',"trace":{quoted(trace)}'
        if self._hashed:
            address = self._key.name("address", address)
        named = "" if agent is None else self._agents.get(agent) or self._agent(agent)
        return (
            f'{{"n":{n},"time":"{self._time(now)}","event":"issued","reason":"none"{self._whose(session)}'
            f',"address":{quoted(address)}{named},"request":{quoted(request)}{traced}'
            f',"generation":"{generation.id}","iat":{issued_at},"exp":{expires_at}'
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

    def _minted(self, n: int, note: MintedNote) -> str:
        user_id = self._key.name("user_id", note.user_id) if self._hashed else note.user_id
        minted = note.minted
        return (
            f'{{"n":{n},"time":"{self._time(note.now)}","event":"minted","reason":"none","user_id":{quoted(user_id)}'
            f',"generation":{quoted(minted.generation.id)},"iat":{minted.issued_at},"exp":{minted.expires_at}'
            f',"operator":{quoted(note.operator)},"note":{quoted(note.note)}'
        )

    def _whose(self, session: Session) -> str:
        who = session.who
        policy, subject, user_id, session_id = who.policy, who.subject, session.user_id, who.session_id
        issuer = self._issuer if policy is self._policy else self._issued_by(policy)
        if self._hashed:
            name = self._key.name
            subject, user_id = name("subject", subject), name("user_id", user_id)
        quoted_subject = quoted(subject)
        quoted_user = quoted_subject if user_id == subject else quoted(user_id)
        text = f'{issuer}{quoted_subject},"user_id":{quoted_user}'
        if session_id is not None:
            text = f'{text},"session":"{self._key.name("session", session_id)}"'
        actor = who.particulars.actor
        if actor is None:
            return text
        return f'{text},"act":{quoted(self._key.name("subject", actor) if self._hashed else actor)}'

    def _issued_by(self, policy: IssuerPolicy) -> str:
        """What an entry says of an issuer, up to the subject; kept, since the next one is often the same."""
        self._policy, self._issuer = policy, f',"issuer":{quoted(policy.name)},"subject":'
        return self._issuer

    def _agent(self, agent: bytes) -> str:
        """What an entry says of a user agent. The same few come again and again, and are kept."""
        text = f',"agent":{quoted(agent[:AGENT_MOST].decode("latin-1"))}'
        if len(self._agents) >= _AGENTS_KEPT:
            self._agents.clear()
        self._agents[agent] = text
        return text

    def _request(self, note: RefusedNote) -> str:
        address, agent, trace = note.address, note.agent, note.trace
        if self._hashed:
            address = self._key.name("address", address)
        named = "" if agent is None else self._agents.get(agent) or self._agent(agent)
        traced = "" if trace is None else f',"trace":{quoted(trace)}'
        return f',"address":{quoted(address)}{named},"request":{quoted(note.request)}{traced}'

    def _time(self, now: float) -> str:
        millisecond = int(now * 1000)
        if millisecond != self._millisecond:
            self._millisecond = millisecond
            second, rest = divmod(millisecond, 1000)
            if second != self._second:
                self._second, self._begins = second, rfc3339(second)[:-1]
            self._stamp = f"{self._begins}.{rest:03d}Z"
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

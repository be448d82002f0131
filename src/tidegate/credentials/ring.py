"""The life of generations, as pure rules: pending, verified, primary, draining, retired.

A ring knows names, states and times, and no secret. Every change makes a new ring with the
next version, which is what replicas agree by.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from tidegate.errors import TidegateError

KEPT_RETIRED: Final = 4
"""So many retired generations are remembered; what they signed has expired."""

DRAIN_MARGIN: Final = 60
"""Seconds added to every drain: replicas learn of a promotion one after the other, and clocks differ."""


class NotPossible(TidegateError):
    """A generation cannot go from its state to that one; the text says why, for the operator."""


class State(StrEnum):
    """Where a generation stands."""

    PENDING = "pending"
    VERIFIED = "verified"
    PRIMARY = "primary"
    DRAINING = "draining"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Entry:
    """One generation.

    Attributes:
        id: of the generation.
        api_key: public.
        state: where it stands.
        made_at: seconds since the epoch at which its secret was made, or first seen.
        changed_at: seconds since the epoch at which it came into this state.
        declared: a source names it as the pair to use, so it is promoted once it is verified.
        longest_life: seconds; the longest life of a token that it signed, on any replica.
        drains_until: seconds since the epoch; when its last token has expired.
    """

    id: str
    api_key: str
    state: State
    made_at: float
    changed_at: float
    declared: bool = False
    longest_life: int = 0
    drains_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Ring:
    """All generations; at most one is the primary one.

    Attributes:
        entries: the oldest first.
        version: one more with each change.
        former: the primary before this one, to which a failed promotion goes back; empty for none.
        most: how many generations may be in use or on their way.
    """

    entries: tuple[Entry, ...] = ()
    version: int = 0
    former: str = ""
    most: int = 8

    @classmethod
    def begun(cls, name: str, api_key: str, now: float, *, made_at: float | None = None, most: int = 8) -> "Ring":
        """The ring of an app that had one pair so far: it signs.

        Args:
            name: of the generation.
            api_key: public.
            now: seconds since the epoch.
            made_at: seconds since the epoch, where it is known.
            most: how many generations there may be.
        """
        return cls((Entry(name, api_key, State.PRIMARY, made_at or now, now),), 1, most=most)

    @property
    def primary(self) -> Entry | None:
        """The generation that signs."""
        return next((one for one in self.entries if one.state is State.PRIMARY), None)

    def get(self, name: str) -> Entry | None:
        """One generation."""
        return next((one for one in self.entries if one.id == name), None)

    def add(
        self, name: str, api_key: str, now: float, *, made_at: float | None = None, declared: bool = False
    ) -> "Ring":
        """Take note of a pair that a source gives.

        Args:
            name: of the generation.
            api_key: public.
            now: seconds since the epoch.
            made_at: seconds since the epoch, where the source knows.
            declared: the source names it as the pair to use. One that is known already and not in use
                becomes a candidate again.

        Returns:
            the same ring where nothing is new.

        Raises:
            NotPossible: there are as many generations as there may be.
        """
        known = self.get(name)
        if known is None:
            if sum(one.state is not State.RETIRED for one in self.entries) >= self.most:
                raise NotPossible(f"there are {self.most} generations already; retire one first")
            entry = Entry(name, api_key, State.PENDING, made_at or now, now, declared=declared)
            return self._changed({name: entry})
        if not declared or known.declared or known.state is State.PRIMARY:
            return self
        state = State.PENDING if known.state is State.RETIRED else known.state
        return self._changed({name: replace(known, state=state, declared=True, changed_at=now)})

    def accepted(self, name: str, now: float) -> "Ring":
        """A live call with a pending generation succeeded."""
        entry = self._known(name)
        return self._to(entry, State.VERIFIED, now) if entry.state is State.PENDING else self

    def refused(self, name: str, now: float) -> "Ring":
        """Stream refused a generation; a verified one has to show itself again."""
        entry = self._known(name)
        return self._to(entry, State.PENDING, now) if entry.state is State.VERIFIED else self

    def promote(self, name: str, now: float, *, cut_over: bool = False) -> "Ring":
        """Let a generation sign. The one before drains; on a cut-over it is over with it at once.

        Args:
            name: of the generation.
            now: seconds since the epoch.
            cut_over: the caller knows that tokens under the same API key end now.

        Returns:
            the same ring where it signs already.

        Raises:
            NotPossible: it is not verified, or it replaces the secret of the same key and nobody said so.
        """
        entry, old = self._known(name), self.primary
        if entry.state is State.PRIMARY:
            return self
        if entry.state not in (State.VERIFIED, State.DRAINING):
            raise NotPossible(f"generation {name} is {entry.state}; only a verified one can be promoted")
        same_key = old is not None and old.api_key == entry.api_key
        if same_key and not cut_over:
            raise NotPossible(
                f"generation {name} has the API key of the primary one: Stream takes one secret for a key, so every "
                "token that is out ends now. Say so with --cut-over"
            )
        changed = {name: replace(entry, state=State.PRIMARY, changed_at=now, declared=False, drains_until=0.0)}
        if old is not None:
            changed[old.id] = _ended(old, now) if same_key else _draining(old, now)
        return replace(self._changed(changed), former=old.id if old else "")

    def roll_back(self, name: str, now: float) -> "Ring":
        """Go back to the generation before, since Stream refuses the one that was promoted.

        Args:
            name: of the primary generation that failed; where another one signs by now nothing changes.
            now: seconds since the epoch.

        Raises:
            NotPossible: there is none to go back to.
        """
        failed, former = self._known(name), self.get(self.former)
        if failed.state is not State.PRIMARY:
            return self
        if former is None:
            raise NotPossible("there is no generation to go back to")
        changed = {
            name: replace(failed, state=State.PENDING, changed_at=now, declared=False),
            former.id: replace(former, state=State.PRIMARY, changed_at=now, declared=False, drains_until=0.0),
        }
        return replace(self._changed(changed), former="")

    def retire(self, name: str, now: float) -> "Ring":
        """Be done with a generation.

        Raises:
            NotPossible: it signs.
        """
        entry = self._known(name)
        if entry.state is State.PRIMARY:
            raise NotPossible("the primary generation signs; promote another one first")
        return self if entry.state is State.RETIRED else self._changed({name: _ended(entry, now)})

    def tick(self, now: float) -> "Ring":
        """Retire what has drained."""
        over = [one for one in self.entries if one.state is State.DRAINING and one.drains_until <= now]
        return self._changed({one.id: _ended(one, now) for one in over}) if over else self

    def used(self, name: str, longest_life: int, last_expiry: float) -> "Ring":
        """Take note of what a replica has handed out.

        Args:
            name: of the generation that signed.
            longest_life: seconds.
            last_expiry: seconds since the epoch, of its last token. A replica that learns late of a
                promotion signs with a generation that drains: it drains longer.
        """
        entry = self._known(name)
        until = entry.drains_until
        if entry.state is State.DRAINING:
            until = max(until, last_expiry)
        noted = replace(entry, longest_life=max(entry.longest_life, longest_life), drains_until=until)
        return self if noted == entry else self._changed({name: noted})

    def to_json(self) -> dict[str, Any]:
        """The ring for a file or a column; no secret is in it."""
        return asdict(self)

    @classmethod
    def from_json(cls, members: Mapping[str, Any], *, most: int = 8) -> "Ring":
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is not that.
        """
        try:
            entries = tuple(Entry(**{**one, "state": State(one["state"])}) for one in members["entries"])
            ring = cls(entries, int(members["version"]), str(members["former"]), most)
        except (KeyError, TypeError) as error:
            raise ValueError("this is not a ring of generations") from error
        if sum(one.state is State.PRIMARY for one in entries) > 1 or len({one.id for one in entries}) < len(entries):
            raise ValueError("this is not a sound ring of generations")
        return ring

    def _known(self, name: str) -> Entry:
        entry = self.get(name)
        if entry is None:
            raise NotPossible(f"there is no generation {name[:24]!r}")
        return entry

    def _to(self, entry: Entry, state: State, now: float) -> "Ring":
        return self._changed({entry.id: replace(entry, state=state, changed_at=now)})

    def _changed(self, changed: Mapping[str, Entry]) -> "Ring":
        known = {one.id for one in self.entries}
        entries = [changed.get(one.id, one) for one in self.entries]
        entries += [one for name, one in changed.items() if name not in known]
        return replace(self, entries=tuple(_remembered(entries)), version=self.version + 1)


def _ended(entry: Entry, now: float) -> Entry:
    return replace(entry, state=State.RETIRED, changed_at=now, declared=False)


def _draining(entry: Entry, now: float) -> Entry:
    until = now + entry.longest_life + DRAIN_MARGIN
    return replace(entry, state=State.DRAINING, changed_at=now, declared=False, drains_until=until)


def _remembered(entries: Iterable[Entry]) -> Iterable[Entry]:
    entries = list(entries)
    retired = sorted((one for one in entries if one.state is State.RETIRED), key=lambda one: one.changed_at)
    forgotten = {one.id for one in retired[:-KEPT_RETIRED]}
    return (one for one in entries if one.id not in forgotten)


_TRUST: Final = (State.PRIMARY, State.DRAINING, State.VERIFIED, State.PENDING, State.RETIRED)


def signing(ring: Ring, held: Iterable[str]) -> str | None:
    """Which of the generations whose secret is here signs.

    A replica that does not have the secret of the primary yet keeps the one that drains.

    Args:
        ring: what the replicas agreed on.
        held: the generations whose secret this replica has.

    Returns:
        an id, or None where nothing is held that the ring knows.
    """
    here = set(held)
    known = [one for one in ring.entries if one.id in here]
    best = min(known, key=lambda one: (_TRUST.index(one.state), not one.declared, -one.changed_at), default=None)
    return None if best is None else best.id

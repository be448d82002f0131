"""From a verified session to the profile that its person has at Stream, by the rules that the settings declare."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tidegate import metrics
from tidegate.identity.model import IssuerPolicy, VerifiedSubject
from tidegate.settings.profile_rules import (
    IMAGE,
    NAME,
    ROLE,
    TEAMS,
    Absent,
    ProfileRule,
    Value,
    fit,
    is_admin,
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What of a person is brought to Stream.

    Attributes:
        name: display name, or None.
        image: URL of a picture, or None.
        fields: every other field with its value; None: it is to be removed.
        digest: tells one profile from another, in this process.
    """

    name: str | None = None
    image: str | None = None
    fields: tuple[tuple[str, Value | None], ...] = ()
    digest: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hash((self.name, self.image, self.fields)))

    def present(self) -> dict[str, object]:
        """The fields that may be sent: those with a value, and no placeholder or e-mail address.

        Returns:
            Stream's field to value.
        """
        found: dict[str, object] = {NAME: fit(NAME, self.name), IMAGE: fit(IMAGE, self.image), **dict(self.fields)}
        return {name: _wire(value) for name, value in found.items() if value is not None}

    def removed(self) -> tuple[str, ...]:
        """The fields that Stream's user should not have."""
        return tuple(name for name, value in self.fields if value is None)


NO_PROFILE: Final = Profile()


@dataclass(frozen=True, slots=True)
class _Reader:
    """A rule for one issuer: where among the carried values those of its claims are."""

    rule: ProfileRule
    places: tuple[int, ...]


class Profiles:
    """Maps sessions to profiles.

    Args:
        rules: as declared.
        admins: roles with all rights that rules may give.
    """

    __slots__ = ("_admins", "_readers", "_rules")

    def __init__(self, rules: tuple[ProfileRule, ...] = (), admins: tuple[str, ...] = ()) -> None:
        self._rules = rules
        self._admins = frozenset(admins)
        self._readers: dict[str, tuple[_Reader, ...]] = {}

    def of(self, who: VerifiedSubject) -> Profile:
        """The profile that a session gives its person.

        Args:
            who: the verified caller; its policy says which claims were carried along.
        """
        if not self._rules:
            told = who.particulars
            return Profile(told.name, told.image) if told.name or told.image else NO_PROFILE
        readers = self._readers.get(who.issuer)
        if readers is None:
            readers = self._readers[who.issuer] = tuple(self._compiled(who.policy))
        given: dict[str, Value | None] = {NAME: who.name, IMAGE: who.image}
        for reader in readers:
            self._apply(reader, who.carried, given)
        name, image = given.pop(NAME), given.pop(IMAGE)
        return Profile(_text(name), _text(image), tuple(sorted(given.items())))

    def _compiled(self, policy: IssuerPolicy) -> Iterator[_Reader]:
        """The rules that apply to an issuer: one whose claims it does not control says nothing about its users."""
        for rule in self._rules:
            sources = rule.sources(policy.controlled_claims)
            if sources or not rule.claims:
                yield _Reader(rule, tuple(policy.carried.index(claim) for claim in sources))

    def _apply(self, reader: _Reader, values: tuple[object, ...], given: dict[str, Value | None]) -> None:
        rule = reader.rule
        value = self._claimed(rule, [values[place] for place in reader.places] if values else [])
        if value is not None:
            given[rule.field] = value
        elif rule.absent is not Absent.KEEP:
            given[rule.field] = rule.value
        elif rule.field in (NAME, IMAGE):
            given[rule.field] = None

    def _claimed(self, rule: ProfileRule, values: list[object]) -> Value | None:
        """The field's value from the first claim that gives one; what may not be sent is passed over, and counted."""
        for claimed in values:
            shown = None if claimed is None else _shown(rule, claimed)
            if shown is None:
                continue
            value = fit(rule.field, shown)
            if value is not None and self._may(rule.field, value):
                return value
            metrics.PROFILE_REFUSED.labels(rule.field).inc()
        return None

    def _may(self, name: str, value: Value) -> bool:
        return name != ROLE or not is_admin(str(value)) or value in self._admins


def _shown(rule: ProfileRule, claimed: object) -> object:
    """What a rule makes of one claimed value, not yet looked at; None for one that its table does not name."""
    listed = list(claimed) if isinstance(claimed, tuple) else [claimed]
    if rule.lower:
        listed = [one.lower() if isinstance(one, str) else one for one in listed]
    if rule.table:
        keys = [_key(one) for one in listed]
        found = [shown for key, shown in rule.table if key in keys]
        if rule.field == TEAMS:
            return tuple(team for teams in found if isinstance(teams, tuple) for team in teams)
        return found[0] if found else None
    if rule.field == TEAMS:
        return tuple(listed)
    return listed[0] if not isinstance(claimed, tuple) else None


def _key(claimed: object) -> str:
    """A claimed value as tables write it: JSON's own words for truth and numbers."""
    return ("true" if claimed else "false") if isinstance(claimed, bool) else str(claimed)


def _text(value: Value | None) -> str | None:
    return value if isinstance(value, str) else None


def _wire(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def differs(name: str, known: object, wanted: object) -> bool:
    """Whether what Stream has of a field is not what it should be; the order of teams means nothing.

    Args:
        name: of the field.
        known: Stream's.
        wanted: ours.
    """
    if name == TEAMS and isinstance(known, tuple | list) and isinstance(wanted, list):
        return sorted(map(str, known)) != wanted
    return type(known) is not type(wanted) or known != wanted

"""What the service would give for an accepted session, besides the user id: the life of the tokens, and the profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tidegate.identity.model import VerifiedSubject
from tidegate.settings import Settings
from tidegate.tokens.life import LifeTable
from tidegate.tokens.profile import Profiles

_NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Given:
    """What an accepted session gets.

    Attributes:
        life: seconds that its tokens live.
        risk: the row of TIDEGATE_LIFE_BY_RISK that says so; "" for the ordinary life.
        profile: what is brought to Stream, field to value.
        removed: the fields that are removed there.
    """

    life: int
    risk: str = ""
    profile: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    removed: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """For people."""
        why = f": the row {self.risk} of TIDEGATE_LIFE_BY_RISK" if self.risk else ""
        yield f"Its tokens live {self.life} s{why}."
        if self.profile:
            yield f"Brought to Stream: {', '.join(f'{name} {value}' for name, value in self.profile.items())}."
        if self.removed:
            yield f"Removed at Stream: {', '.join(self.removed)}."

    def members(self) -> dict[str, object]:
        """For programs."""
        profile = {"profile": dict(self.profile), "profile_removed": list(self.removed)}
        return {"life_seconds": self.life, "risk": self.risk or None, **profile}


def given(settings: Settings, who: VerifiedSubject, now: float) -> Given:
    """What a session gets under these settings.

    Args:
        settings: sound ones.
        who: the verified caller.
        now: seconds since the epoch.
    """
    row = LifeTable(settings.token_life_seconds, settings.life_by_risk).row(who, now)
    profile = Profiles(settings.profile_rules, settings.profile_allow_admin).of(who)
    synced = settings.profile_sync != "off"
    return Given(
        life=settings.token_life_seconds if row is None else row.life,
        risk="" if row is None else row.risk.value,
        profile=profile.present() if synced else _NOTHING,
        removed=profile.removed() if synced else (),
    )

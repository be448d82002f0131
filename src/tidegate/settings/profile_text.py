"""The rules for profiles as the text of a setting, and what is wrong with them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.settings.claimpaths import steps
from tidegate.settings.issuers import IssuerConfig
from tidegate.settings.jsontext import json_of
from tidegate.settings.kinds import Words
from tidegate.settings.problems import Problem, Unfit
from tidegate.settings.profile_rules import (
    DEFAULT_ROLE,
    IMAGE,
    NAME,
    POWERS,
    ROLE,
    STREAMS_OWN,
    TEAMS,
    Absent,
    ProfileRule,
    Value,
    fit,
    is_admin,
)

_LENGTH_MAX: Final = 16_384
_RULES_MAX: Final = 32
_CLAIMS_MAX: Final = 8
_TABLE_MAX: Final = 100
_CUSTOM: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}").fullmatch
_MEMBERS: Final = frozenset({"claim", "map", "lower", "else"})
_GIVEN: Final = frozenset({NAME, IMAGE, ROLE, TEAMS})
_SHOWN: Final = frozenset({NAME, IMAGE})

# E-mail addresses and telephone numbers are not for other users' eyes, under whatever name a provider claims them.
_PRIVATE: Final = re.compile(r"e[_-]?mail|phone").search

_FORM: Final = 'a JSON object of fields: {"account_type": {"claim": "metadata.plan", "map": {"pro": "premium"}}}'
_MEND: Final = f"write {_FORM}"


@dataclass(frozen=True, slots=True)
class ProfileRules:
    """The rules, as one JSON object of field to claim or rule."""

    def read(self, text: str) -> tuple[ProfileRule, ...]:
        """The rules, in order."""
        value = json_of(text, _LENGTH_MAX, _MEND)
        if not isinstance(value, dict) or len(value) > _RULES_MAX:
            raise Unfit(f"is not an object of at most {_RULES_MAX} fields", _MEND)
        return tuple(_rule(f"rule {number}", *item) for number, item in enumerate(value.items(), 1))

    def write(self, value: object) -> str:
        """The object that gives the rules; empty for none."""
        rules = value if isinstance(value, tuple) else ()
        written = {rule.field: _written(rule) for rule in rules if isinstance(rule, ProfileRule)}
        return json.dumps(written) if written else ""

    def form(self) -> str:
        """What it is."""
        return "a JSON object of fields and claims"


@dataclass(frozen=True, slots=True)
class Roles(Words):
    """Roles at Stream."""

    what: str = "roles such as admin"

    def element(self, text: str) -> str:
        """One role."""
        if fit(ROLE, text) is None:
            raise Unfit("has an element that cannot be a role", f"write {self.form()}")
        return text


def _rule(label: str, field: str, raw: object) -> ProfileRule:
    _check_field(label, field)
    if raw is None and field in _SHOWN:
        return ProfileRule(field)
    if isinstance(raw, str):
        raw = {"claim": raw}
    if not isinstance(raw, dict) or not ("claim" in raw or raw.keys() == {"value"}):
        raise Unfit(f"{label} is neither a claim nor an object with claim or value", _MEND)
    if "claim" not in raw:
        return ProfileRule(field, absent=Absent.VALUE, value=_value(label, field, raw["value"]))
    if not raw.keys() <= _MEMBERS or not isinstance(raw.get("lower", False), bool):
        raise Unfit(f"{label} has a member that is unknown or does not fit", "use claim, map, lower and else")
    absent, otherwise = _otherwise(label, field, raw)
    table = _table(label, field, raw["map"]) if "map" in raw else ()
    return ProfileRule(field, _claims(label, raw["claim"]), table, bool(raw.get("lower")), absent, otherwise)


def _check_field(label: str, field: str) -> None:
    if field not in _GIVEN and (_CUSTOM(field) is None or field in STREAMS_OWN):
        mend = "give name, image, role, teams, or a field of your own: letters, digits and _, at most 64"
        raise Unfit(f"{label} is for a field that is Stream's own or cannot be one", mend)
    if _is_private(field):
        raise Unfit(f"{label} is for an e-mail address or telephone number", "remove it: other users would see it")


def _is_private(name: str) -> bool:
    last = name.lower().rstrip("/").rpartition("/")[2]
    return _PRIVATE(last) is not None and not last.endswith("verified")


def _claims(label: str, raw: object) -> tuple[str, ...]:
    listed = raw if isinstance(raw, list) else [raw]
    paths = [path for path in listed if isinstance(path, str)]
    if not 0 < len(listed) <= _CLAIMS_MAX or len(paths) < len(listed):
        raise Unfit(f"{label} has a claim that is no name", _MEND)
    for path in paths:
        try:
            members = steps(path)
        except Unfit as unfit:
            raise Unfit(f"{label} {unfit.wrong}", unfit.mend) from None
        if any(map(_is_private, members)):
            raise Unfit(f"{label} sends an e-mail address or telephone number", "remove it: other users would see it")
    return tuple(dict.fromkeys(paths))


def _table(label: str, field: str, raw: object) -> tuple[tuple[str, Value], ...]:
    if not isinstance(raw, dict) or not 0 < len(raw) <= _TABLE_MAX:
        raise Unfit(f"{label} has a map that is none", 'write {"claimed": "shown"} pairs')
    if field == TEAMS:
        return tuple((claimed, _value(label, field, [shown])) for claimed, shown in raw.items())
    return tuple((claimed, _value(label, field, shown)) for claimed, shown in raw.items())


def _otherwise(label: str, field: str, raw: Mapping[str, object]) -> tuple[Absent, Value | None]:
    """Who loses the claim loses the role and the teams; anything else stays unless the rule says what becomes of it."""
    if "else" not in raw:
        defaults: dict[str, Value] = {ROLE: DEFAULT_ROLE, TEAMS: ()}
        return (Absent.VALUE, defaults[field]) if field in POWERS else (Absent.KEEP, None)
    if raw["else"] is None and field not in _GIVEN:
        return Absent.REMOVE, None
    return Absent.VALUE, _value(label, field, raw["else"])


def _value(label: str, field: str, raw: object) -> Value:
    value = fit(field, raw)
    if value is None:
        raise Unfit(
            f"{label} has a value that its field cannot have", "write a text, number or truth that Stream takes"
        )
    return value


def _written(rule: ProfileRule) -> object:
    if not rule.claims:
        return None if rule.absent is Absent.KEEP else {"value": rule.value}
    written: dict[str, object] = {"claim": list(rule.claims) if len(rule.claims) > 1 else rule.claims[0]}
    if rule.table:
        alone = {claimed: shown[0] if isinstance(shown, tuple) else shown for claimed, shown in rule.table}
        written["map"] = alone
    if rule.lower:
        written["lower"] = True
    if rule.absent is not Absent.KEEP:
        written["else"] = rule.value
    return written


def check(
    variable: str, rules: tuple[ProfileRule, ...], admins: tuple[str, ...], issuers: list[IssuerConfig]
) -> Iterator[Problem]:
    """Judge the rules for what gives power.

    Args:
        variable: to name in a problem.
        rules: as declared.
        admins: roles with all rights that rules may give.
        issuers: the configured ones; none at all where the sandbox will stand in.

    Yields:
        the problems.
    """
    for rule in rules:
        if rule.field == ROLE and any(is_admin(str(role)) and role not in admins for role in rule.outputs()):
            mend = "give another role, or name this one in TIDEGATE_PROFILE_ALLOW_ADMIN"
            yield Problem(variable, "gives a role that may do everything", mend)
        if issuers and rule.claims and not any(rule.sources(issuer.controlled_claims) for issuer in issuers):
            wrong = f"takes {rule.field} from claims that no issuer is known to control"
            yield Problem(
                variable, wrong, "name them in TIDEGATE_CONTROLLED_CLAIMS if only your administrators write them"
            )


def warn(rules: tuple[ProfileRule, ...], issuers: tuple[IssuerConfig, ...]) -> Iterator[str]:
    """What the rules leave undone.

    Args:
        rules: as declared.
        issuers: the configured ones.

    Yields:
        one sentence each.
    """
    for rule in rules:
        for issuer in issuers:
            if rule.claims and not rule.sources(issuer.controlled_claims):
                yield (
                    f"issuer {issuer.name}: TIDEGATE_PROFILE_RULES gives its users no {rule.field}, "
                    "since it is not known to control the claims that say so"
                )

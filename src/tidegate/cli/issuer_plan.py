"""What ``tidegate issuer add`` asks, and the lines that follow from the answers."""

import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.settings import IssuerConfig, Settings, SettingsError, authjs, clerk, load
from tidegate.settings.authjs_section import SECRETS_MAX, AppSecrets, AuthjsSection
from tidegate.settings.identity_section import IdentitySection
from tidegate.settings.model import SPECS
from tidegate.settings.preset_section import PresetSection
from tidegate.settings.presets import PRESETS, Preset
from tidegate.settings.problems import Unfit

LIST: Final = "TIDEGATE_ISSUERS"
SECRETS: Final = "TIDEGATE_AUTHJS_SECRETS"


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask.

    Attributes:
        member: its name on the command line, and in an element of ``TIDEGATE_ISSUERS``.
        text: the question.
        example: an answer of the right form.
        variable: what takes the answer; "" where only the list can.
        many: whether there can be several answers, with commas between them.
        optional: whether nothing is an answer.
        hidden: whether the answer is a secret: it is never shown, and goes to a file only.
        instead: whether the issuer itself, of a domain of one's own, can be given in its place.
    """

    member: str
    text: str
    example: str = ""
    variable: str = ""
    many: bool = False
    optional: bool = False
    hidden: bool = False
    instead: bool = False


_OWN: Final[Mapping[str, tuple[Question, ...]]] = MappingProxyType(
    {
        "clerk": (
            Question("publishable_key", "The publishable key", "pk_live_...", "CLERK_PUBLISHABLE_KEY"),
            Question(
                "authorized_parties",
                "The origins of your web app; nothing for native apps alone",
                "https://app.example.com",
                "CLERK_AUTHORIZED_PARTIES",
                many=True,
                optional=True,
            ),
        ),
        "authjs": (
            Question("secret", "The AUTH_SECRET of the app", variable="AUTH_SECRET", hidden=True),
            Question(
                "session_url",
                "The app's session route, if it keeps sessions in a database",
                "https://app.example.com/api/auth/session",
                "TIDEGATE_AUTHJS_SESSION_URL",
                optional=True,
            ),
        ),
        "oidc": (
            Question("issuer", "The issuer, exactly as in iss", "https://login.example.com/", "TIDEGATE_OIDC_ISSUER"),
            Question(
                "audience",
                "The audience that tokens are for",
                "chat",
                "TIDEGATE_OIDC_AUDIENCE",
                many=True,
                optional=True,
            ),
        ),
    }
)


def row_called(name: str) -> Preset:
    """The provider of a name.

    Args:
        name: as the person wrote it.

    Raises:
        CommandFailed: there is none.
    """
    for row in PRESETS.values():
        if row.name == name:
            return row
    raise CommandFailed("no provider has this name", f"write one of {', '.join(PRESETS)}", status=Exit.WRONG)


def questions(row: Preset) -> tuple[Question, ...]:
    """What to ask for a provider.

    Args:
        row: of the provider.
    """
    if row.name in _OWN:
        return _OWN[row.name]
    return tuple(
        Question(
            ask.member,
            ask.question,
            ask.example,
            SPECS[f"{row.name}_{ask.member}"].variables[0],
            many=bool(ask.fills),
            instead=not ask.fills,
        )
        for ask in row.asks
    )


def questions_beside(row: Preset, name: str | None, present: Mapping[str, str]) -> tuple[Question, ...]:
    """What to ask for a provider where others are there already.

    Args:
        row: of the provider.
        name: of the issuer that is added; the preset's if None.
        present: the variables that are set.
    """
    called = name or row.name
    if row.name != authjs.KIND or not _has_app(one for one in _resolved(present).issuers if one.name != called):
        return questions(row)
    # The variables are the other app's. An answer that is known already need not be given again.
    known = SECRETS if called in _secrets(present) else ""
    secret, *rest = questions(row)
    return (replace(secret, variable=known, optional=True), *(replace(one, variable="") for one in rest))


@dataclass(frozen=True, slots=True)
class Plan:
    """An issuer to be added.

    Attributes:
        variables: name to text for what is to be set.
        hidden: the variables among them that are secrets.
        issuer: what comes of it.
        settings: with it and the issuers that were there.
    """

    variables: Mapping[str, str]
    hidden: frozenset[str]
    issuer: IssuerConfig
    settings: Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Attributes:
        row: of the provider.
        answers: member to text.
        name: of the issuer; the preset's if None.
        namespace: what sets its users' ids apart; None if not given.
    """

    row: Preset
    answers: Mapping[str, str]
    name: str | None = None
    namespace: str | None = None


def plan(present: Mapping[str, str], wish: Wish) -> Plan:
    """Find the variables that add an issuer, or change the one of its name, and leave every other as it is.

    Args:
        present: the variables that are set.
        wish: what is asked for.

    Raises:
        CommandFailed: it cannot be added so.
    """
    called = wish.name or wish.row.name
    others = tuple(one for one in _resolved(present).issuers if one.name != called)
    if wish.row.name == authjs.KIND and _has_app(others):
        change = _by_list(present, wish, others) | _of_app(present, wish, called)
    else:
        change = _by_variables(wish) if _is_for_variables(present, wish, others) else _by_list(present, wish, others)
    settings = _resolved({**present, **change})
    found = next((one for one in settings.issuers if one.name == called), None)
    if found is None or tuple(one for one in settings.issuers if one is not found) != others:
        raise CommandFailed("this would change an issuer that is there already", "edit the settings by hand")
    hidden = {SECRETS, *(one.variable for one in questions(wish.row) if one.hidden)}
    return Plan(change, frozenset(hidden & change.keys()), found, settings)


def _is_for_variables(present: Mapping[str, str], wish: Wish, others: Sequence[IssuerConfig]) -> bool:
    """Whether the provider's own variables will do: it is the only issuer, or they are what made it the primary one."""
    in_list = any(_name_of(one) == wish.row.name for one in _listed(present))
    own = any(one.variable in present for one in questions(wish.row) if not one.hidden)
    apart = wish.name is not None or wish.namespace is not None or _issuer_given(wish)
    return not apart and not in_list and (own or not others)


def _has_app(issuers: Iterable[IssuerConfig]) -> bool:
    """Whether an app with Auth.js is among them, so that a further one cannot have the variables."""
    return any(one.kind == authjs.KIND for one in issuers)


def _secrets(present: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    try:
        had = AppSecrets().read(present[SECRETS]) if SECRETS in present else ()
    except Unfit as unfit:
        raise CommandFailed(f"{SECRETS} {unfit.wrong}", unfit.mend, status=Exit.WRONG) from None
    return Settings(authjs_app_secrets=had).authjs_secrets_by_app


def _of_app(present: Mapping[str, str], wish: Wish, called: str) -> dict[str, str]:
    """The secrets of all further apps, with this one's: its newest comes first, and those that it had still count."""
    by_app = _secrets(present)
    if secret := wish.answers.get("secret"):
        by_app[called] = tuple(dict.fromkeys((secret, *by_app.get(called, ()))))[:SECRETS_MAX]
    elif called not in by_app and not wish.answers.get("session_url"):
        mend = f"answer in a terminal, set {SECRETS} first, or add session_url=https://..."
        raise CommandFailed("this app has neither a secret nor a session route", mend, status=Exit.WRONG)
    return {SECRETS: json.dumps(by_app)} if by_app else {}


def _issuer_given(wish: Wish) -> bool:
    """Whether the issuer itself was given where others only say what it follows from."""
    return "issuer" in wish.answers and all(one.member != "issuer" for one in questions(wish.row))


def _by_variables(wish: Wish) -> dict[str, str]:
    asked = questions(wish.row)
    return {one.variable: wish.answers[one.member] for one in asked if wish.answers.get(one.member)}


def _by_list(present: Mapping[str, str], wish: Wish, others: Sequence[IssuerConfig]) -> dict[str, str]:
    """The list with an element for it: in place of the one of its name, or at the end."""
    listed = _listed(present)
    called = wish.name or wish.row.name
    place = next((number for number, one in enumerate(listed) if _name_of(one) == called), len(listed))
    namespace = wish.namespace or next((one.get("namespace") for one in listed[place : place + 1]), None)
    if others and namespace is None and place == len(listed):
        mend = "give it a --namespace of its own, 1 to 16 of a-z and 0-9, which never changes"
        raise CommandFailed("an issuer is there already, so this one needs a namespace", mend, status=Exit.WRONG)
    element: dict[str, object] = {"preset": wish.row.name, **_members(wish), "name": wish.name, "namespace": namespace}
    element = {name: value for name, value in element.items() if value is not None}
    if wish.row.name == authjs.KIND and _has_app(others):
        element |= {"session_url": url} if (url := wish.answers.get("session_url")) else {}
        return {LIST: json.dumps([*listed[:place], element, *listed[place + 1 :]])}
    beside = _by_variables(wish) if wish.row.name == "authjs" else {}
    return {**beside, LIST: json.dumps([*listed[:place], element, *listed[place + 1 :]])}


def _members(wish: Wish) -> dict[str, object]:
    """The answers as members of the list."""
    if wish.row.name == "authjs":
        return {}
    given: dict[str, object] = {
        one.member: [part.strip() for part in text.split(",") if part.strip()] if one.many else text
        for one in questions(wish.row)
        if (text := wish.answers.get(one.member))
    }
    if _issuer_given(wish):
        given["issuer"] = wish.answers["issuer"]
    key = given.pop("publishable_key", None)
    if not isinstance(key, str):
        return given
    try:
        return {"issuer": clerk.decode(key).issuer, **given}
    except Unfit as unfit:
        raise CommandFailed(f"publishable_key {unfit.wrong}", unfit.mend, status=Exit.WRONG) from None


def _listed(variables: Mapping[str, str]) -> list[dict[str, object]]:
    try:
        found = json.loads(variables.get(LIST) or "[]")
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise CommandFailed(f"{LIST} is no JSON list of objects", "mend it first", status=Exit.WRONG)
    return found


def _name_of(element: Mapping[str, object]) -> object:
    return element.get("name") or element.get("preset") or element.get("kind")


_FIELDS: Final = (*IdentitySection.model_fields, *PresetSection.model_fields, *AuthjsSection.model_fields)
_VARIABLES: Final = frozenset(variable for field in _FIELDS for variable in SPECS[field].variables)


def _resolved(variables: Mapping[str, str]) -> Settings:
    """The settings that these variables give, whatever else is configured: Stream's credentials are not needed here."""
    about = {name: text for name, text in variables.items() if name in _VARIABLES}
    stand_in = {
        "STREAM_API_KEY": secrets.token_hex(10),
        "STREAM_API_SECRET": secrets.token_hex(20),
        "STREAM_CHAT_ENVIRONMENT": "development",
    }
    try:
        return load({**about, **stand_in}, env_file=Path(os.devnull)).settings
    except SettingsError as error:
        raise CommandFailed("; ".join(map(str, error.problems)), status=Exit.WRONG) from None

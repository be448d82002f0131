"""What an operator can do from the page, each with the services that the operator's API uses."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import structlog

from tidegate.console.asks import Action, Ask, Form, taken
from tidegate.console.sources import Sources
from tidegate.console.wide import WideActions
from tidegate.credentials.ring import NotPossible
from tidegate.errors import Reason, Refusal
from tidegate.store import StoreUnavailable
from tidegate.tokens.standing.routes import RETRY_SECONDS, translated

_log = structlog.get_logger("tidegate.operator")

SPANS: Final = MappingProxyType({"1h": 3_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000, "": 0})
"""How long a ban can last; without one it has no end."""

_WORDS: Final = MappingProxyType(
    {"1h": "for one hour", "24h": "for 24 hours", "7d": "for 7 days", "30d": "for 30 days", "": "until it is lifted"}
)


class Actions:
    """The actions.

    Args:
        sources: what they act upon.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.table: Mapping[str, Action] = MappingProxyType(
            {
                action.name: action
                for action in (
                    Action("ban", ("user", "span", "reason"), self._ask_ban, self._ban),
                    Action("unban", ("user",), self._ask_unban, self._unban),
                    Action("revoke", ("user",), self._ask_revoke, self._revoke),
                    Action("promote", ("generation", "cut_over"), self._ask_promote, self._promote),
                    Action("probe", ("probe",), self._ask_probe, self._probe),
                    *WideActions(sources).all(),
                )
            }
        )

    def of(self, form: Form) -> Action:
        """The action that a form names.

        Raises:
            Refusal: ``request_invalid``: there is none, or a field is missing.
        """
        action = self.table.get(form.get("action", ""))
        if action is None or not set(action.takes) <= form.keys():
            raise Refusal(Reason.REQUEST_INVALID, "The form names no action, or lacks a field.")
        return action

    async def _ask_ban(self, form: Form) -> Ask:
        if form["span"] not in SPANS:
            raise Refusal(Reason.REQUEST_INVALID, "The form names no span of time.")
        facts = (
            f"This user gets no tokens {_WORDS[form['span']]}, and those that are out end now.",
            "Stream is told, so that open connections and moderation follow.",
            *await self._standing(form["user"]),
        )
        return Ask(f"Ban {form['user']}?", facts, taken(form, "user", "span", "reason"), "Ban this user", grave=True)

    async def _ask_unban(self, form: Form) -> Ask:
        facts = ("The ban, and a deactivation that came with it, are lifted.", *await self._standing(form["user"]))
        return Ask(f"Lift the ban of {form['user']}?", facts, taken(form, "user"), "Lift the ban")

    async def _ask_revoke(self, form: Form) -> Ask:
        facts = (
            "The tokens that are out end now, and the sessions that they came from.",
            "With a new session this user gets a token again after about six seconds.",
            *await self._standing(form["user"]),
        )
        return Ask(f"Revoke the tokens of {form['user']}?", facts, taken(form, "user"), "Revoke", grave=True)

    async def _ask_promote(self, form: Form) -> Ask:
        entry = self._sources.rotation.ring.get(form["generation"])
        if entry is None:
            raise Refusal(Reason.NOT_POSSIBLE, "There is no such generation of credentials.")
        facts = (
            f"From now on every replica signs with generation {entry.id}, API key {entry.api_key}.",
            "It is tried by a live call first and afterwards, and taken back where Stream refuses it.",
            "Tokens of the same API key end now."
            if form["cut_over"] == "yes"
            else "Tokens that are out stay good until they expire, where the two pairs allow it.",
        )
        return Ask(f"Let {entry.id} sign?", facts, taken(form, "generation", "cut_over"), "Promote", grave=True)

    async def _ask_probe(self, form: Form) -> Ask:
        spec = next((one for one in self._sources.runner.specs() if one.name == form["probe"]), None)
        if spec is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such probe.")
        calls = sum(spec.calls.values())
        cost = (
            f"It makes {calls:g} {'call' if calls == 1 else 'calls'} to Stream."
            if calls
            else "It makes no call to Stream."
        )
        return Ask(f"Run the probe {spec.title}?", (cost,), taken(form, "probe"), "Run it")

    async def _ban(self, form: Form, by: str) -> tuple[str, bool]:
        if form["span"] not in SPANS:
            raise Refusal(Reason.REQUEST_INVALID, "The form names no span of time.")
        seconds = SPANS[form["span"]]
        until = self._sources.clock.now() + seconds if seconds else None
        with translated():
            await self._sources.standing.ban(form["user"], by, until=until, note=form["reason"])
        return f"{form['user']} is banned {_WORDS[form['span']]}. Stream is being told.", False

    async def _unban(self, form: Form, by: str) -> tuple[str, bool]:
        with translated():
            await self._sources.standing.unban(form["user"], by)
        return f"The ban of {form['user']} is lifted. Stream is being told.", False

    async def _revoke(self, form: Form, by: str) -> tuple[str, bool]:
        with translated():
            await self._sources.standing.revoke(form["user"], by)
        return f"The tokens and sessions of {form['user']} are revoked. Stream is being told.", False

    async def _promote(self, form: Form, by: str) -> tuple[str, bool]:
        name = form["generation"]
        try:
            signs = await self._sources.rotation.promote(name, cut_over=form["cut_over"] == "yes")
        except NotPossible as error:
            raise Refusal(Reason.NOT_POSSIBLE, f"{error}.") from None
        except StoreUnavailable:
            detail = "The replicas cannot agree: the database is not available."
            raise Refusal(Reason.STORE_UNAVAILABLE, detail, retry_after=RETRY_SECONDS) from None
        _log.warning("credentials_promotion", generation=name, operator=by, signs=signs)
        if not signs:
            return f"Stream refused {name} after all; the generation before signs again.", True
        return f"Generation {name} signs from now on.", False

    async def _probe(self, form: Form, _by: str) -> tuple[str, bool]:
        found = await self._sources.runner.run_now(form["probe"])
        if found is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such probe.")
        said = found.text or "All is well."
        return f"{form['probe']}: {found.state.value}. {said}", found.state.value in {"failing", "warning"}

    async def _standing(self, user: str) -> tuple[str, ...]:
        """How a user stands now, in a sentence."""
        with translated():
            standing = (await self._sources.standing.of(user)).standing
        if standing.banned_until > self._sources.clock.now():
            return (f"At this moment the user is banned, by {standing.changed_by}.",)
        return ("At this moment the user is not banned.",)

"""Actions that hit many at once: a span's sessions, everybody's, a generation's tokens, what an issuer's key signed.

Each asks for a word to be typed, so that no slip of the hand does it.
"""

import re
from collections.abc import Sequence
from typing import Final

import structlog
from pydantic import ValidationError

from tidegate.clock import rfc3339, seconds_of
from tidegate.console.asks import Action, Ask, Form, demand_word, taken
from tidegate.console.sources import Sources
from tidegate.credentials.ring import Entry, NotPossible, State
from tidegate.errors import Reason, Refusal
from tidegate.identity.present import DistrustBody
from tidegate.identity.service import Issuer
from tidegate.store import StoreUnavailable
from tidegate.tokens.standing.routes import RETRY_SECONDS, translated
from tidegate.tokens.standing.service import span_of

EVERYBODY: Final = "everybody"
"""The word before everybody is revoked."""

SPAN: Final = "revoke"
"""The word before a span is revoked."""

_FIELD: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)
"""A moment as a browser's field for one has it (HTML standard, section 2.3.5.5); here it is meant as UTC."""

_log = structlog.get_logger("tidegate.operator")


class WideActions:
    """The actions.

    Args:
        sources: what they act upon.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def all(self) -> tuple[Action, ...]:
        """Each of them."""
        return (
            Action("revoke_span", ("first", "last"), self._ask_span, self._span),
            Action("revoke_all", (), self._ask_all, self._all),
            Action("retire", ("generation", "now"), self._ask_retire, self._retire),
            Action("distrust", ("issuer", "kid"), self._ask_key, self._key),
            Action("distrust_issuer", ("issuer",), self._ask_issuer, self._issuer),
        )

    async def _ask_span(self, form: Form) -> Ask:
        first, last = self._asked_span(form)
        facts = (
            f"Sessions issued from {rfc3339(first)} to {rfc3339(last)} are refused from now on.",
            f"Every token dated until {rfc3339(last)} ends, whenever its session was issued.",
            "Sessions issued before or afterwards get a new token at once. Stream is told.",
        )
        fields = {"first": rfc3339(first), "last": rfc3339(last)}
        return Ask("Revoke what was issued in this span?", facts, fields, "Revoke the span", grave=True, word=SPAN)

    async def _span(self, form: Form, by: str) -> tuple[str, bool]:
        demand_word(form, SPAN)
        first, last = self._asked_span(form)
        with translated():
            await self._sources.standing.revoke_between(first, last, by)
        return f"Sessions issued from {rfc3339(first)} to {rfc3339(last)} are revoked. Stream is being told.", False

    def _asked_span(self, form: Form) -> tuple[float, float]:
        span = _moment(form["first"]), _moment(form["last"])
        with translated():
            span_of(span, self._sources.clock.now())
        return span

    async def _ask_all(self, _form: Form) -> Ask:
        facts = (
            "Every token that is out ends now, and every session that there is: everybody has to sign in again.",
            "With a new session each gets a token again after about six seconds; expect them all at once.",
            "Stream is told for the whole app. This cannot be taken back.",
        )
        return Ask("Revoke everybody?", facts, {}, "Revoke everybody", grave=True, word=EVERYBODY)

    async def _all(self, form: Form, by: str) -> tuple[str, bool]:
        demand_word(form, EVERYBODY)
        with translated():
            await self._sources.standing.revoke_all(by)
        return "Everybody's tokens and sessions are revoked. Stream is being told.", False

    async def _ask_retire(self, form: Form) -> Ask:
        entry = self._entry(form)
        if entry.state is State.PRIMARY:
            raise Refusal(Reason.NOT_POSSIBLE, "This generation signs; promote another one first.")
        out, ends = self._sources.rotation.out(entry.id), form["now"] == "yes"
        facts = (
            f"Generation {entry.id}, API key {entry.api_key}, is done with for good on every replica.",
            f"{out} of its tokens that this replica signed are out; they end when its key is taken away at Stream."
            if ends
            else "It does not sign, and no token of it is out.",
        )
        word = entry.id if ends else ""
        return Ask(f"Retire {entry.id}?", facts, taken(form, "generation", "now"), "Retire", grave=True, word=word)

    async def _retire(self, form: Form, by: str) -> tuple[str, bool]:
        name, ends = self._entry(form).id, form["now"] == "yes"
        if ends:
            demand_word(form, name)
        try:
            await self._sources.rotation.retire(name, now=ends)
        except NotPossible as error:
            raise Refusal(Reason.NOT_POSSIBLE, f"{error}.") from None
        except StoreUnavailable:
            detail = "The replicas cannot agree: the database is not available."
            raise Refusal(Reason.STORE_UNAVAILABLE, detail, retry_after=RETRY_SECONDS) from None
        _log.warning("credentials_retired", generation=name, operator=by)
        return f"Generation {name} is retired. Now take its key away in Stream's dashboard.", False

    def _entry(self, form: Form) -> Entry:
        entry = self._sources.rotation.ring.get(form["generation"])
        if entry is None:
            raise Refusal(Reason.NOT_POSSIBLE, "There is no such generation of credentials.")
        return entry

    async def _ask_key(self, form: Form) -> Ask:
        issuer, kid = self._issuer_of(form), _kid(form)
        keys = issuer.keys.current() or ()
        left = sum(kid not in {key.kid, key.fingerprint} for key in keys)
        facts = (
            f"Sessions of {issuer.policy.name} that it signed are refused at once and for good, on every replica.",
            "Tokens that came of them stay good until they expire: revoke a span, or everybody, afterwards."
            if left < len(keys)
            else "No such key is in use here; should one appear, it is refused.",
            f"{left} other {'key' if left == 1 else 'keys'} of this issuer stay in use."
            if left
            else "No other key of this issuer is in use: nobody of it gets a token until it publishes a new one.",
        )
        asked, name = taken(form, "issuer", "kid"), issuer.policy.name
        return Ask(f"Distrust the key {kid}?", facts, asked, "Distrust this key", grave=True, word=name)

    async def _key(self, form: Form, by: str) -> tuple[str, bool]:
        issuer, kid = self._issuer_of(form), _kid(form)
        demand_word(form, issuer.policy.name)
        return await self._distrusted(issuer, (kid,), by)

    async def _ask_issuer(self, form: Form) -> Ask:
        issuer = self._issuer_of(form)
        keys, name = _in_use(issuer), issuer.policy.name
        facts = (
            f"All keys of {name} that are in use here, {len(keys)} of them, are refused at once and for good.",
            f"Nobody of {name} gets a token until it publishes a new key; one that it publishes later is accepted.",
            "Tokens that came of its sessions stay good until they expire: revoke a span, or everybody, afterwards.",
        )
        asked = taken(form, "issuer")
        return Ask(f"Distrust every key of {name}?", facts, asked, "Distrust them all", grave=True, word=name)

    async def _issuer(self, form: Form, by: str) -> tuple[str, bool]:
        issuer = self._issuer_of(form)
        demand_word(form, issuer.policy.name)
        return await self._distrusted(issuer, _in_use(issuer), by)

    async def _distrusted(self, issuer: Issuer, kids: Sequence[str], by: str) -> tuple[str, bool]:
        done = [await self._sources.distrust.refuse(issuer, kid, by) for kid in kids]
        used, name = sum(one.in_use for one in done), issuer.policy.name
        _log.warning("keys_distrusted", issuer=name, operator=by, asked=len(done), in_use=used)
        said = f"{used} {'key' if used == 1 else 'keys'} of {name} that {'was' if used == 1 else 'were'} in use "
        said += f"{'is' if used == 1 else 'are'} refused from now on."
        if not used:
            said = f"No key of that name was in use by {name}; should one appear, it is refused."
        if not all(one.shared for one in done):
            return f"{said} The database could not be told, so other replicas still trust it: do it again later.", True
        if not all(one.kept for one in done):
            return f"{said} This replica could not write it down: see that TIDEGATE_STATE_DIR can be written to.", True
        return said, False

    def _issuer_of(self, form: Form) -> Issuer:
        found = next((one for one in self._sources.issuers if one.policy.name == form["issuer"]), None)
        if found is None:
            raise Refusal(Reason.NOT_FOUND, "There is no issuer of this name.")
        return found


def _in_use(issuer: Issuer) -> tuple[str, ...]:
    found = tuple(key.fingerprint for key in issuer.keys.current() or ())
    if not found:
        raise Refusal(Reason.NOT_POSSIBLE, "No key of this issuer is in use here.")
    return found


def _kid(form: Form) -> str:
    """The id of a key, held to what the operator's API holds it to."""
    try:
        return DistrustBody(kid=form["kid"]).kid
    except ValidationError:
        raise Refusal(Reason.REQUEST_INVALID, "This is no id of a key.") from None


def _moment(text: str) -> float:
    """What a field for a moment holds, or RFC 3339 as the command line takes it."""
    if (found := _FIELD.fullmatch(text)) is not None:
        text = f"{text}Z" if found[1] else f"{text}:00Z"
    try:
        return seconds_of(text)
    except ValueError:
        raise Refusal(Reason.REQUEST_INVALID, "A moment is a date and a time, as 2026-03-01T12:00:00Z.") from None

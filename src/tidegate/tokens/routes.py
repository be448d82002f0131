"""The doors of the exchange: plain ASGI, since every microsecond here is paid by every login."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.http.answer import JSON, ONLY_JSON, Answer, Receive
from tidegate.http.bearer import bearer
from tidegate.http.call import Call, drain
from tidegate.http.cookies import SessionCookies
from tidegate.http.cors import Cors
from tidegate.http.faces import ErrorShapes, Face
from tidegate.http.proxy import limit_key
from tidegate.identity.service import KeysNeeded
from tidegate.tally import Count
from tidegate.tokens.ledger.service import Records
from tidegate.tokens.model import Issued, Session
from tidegate.tokens.present import web_status
from tidegate.tokens.service import Exchange
from tidegate.tokens.status import ChatStatus

_SERVER_ERROR: Final = 500
_DOTS_OF_SIGNED: Final = 2


@dataclass(frozen=True, slots=True)
class DoorRules:
    """What a request must satisfy before anybody looks at its token.

    Attributes:
        https: whether plain HTTP is refused.
        cors: the pages that may call.
        token_bytes: octets a session token may have.
        body_bytes: octets a body may have; it is ignored.
        cookies: where a session may lie besides the ``Authorization`` header; None for nowhere.
    """

    https: bool
    cors: Cors
    token_bytes: int
    body_bytes: int
    cookies: SessionCookies | None = None

    def check(self, call: Call) -> bytes:
        """The bearer token of a call that may come in.

        Raises:
            Refusal: ``https_required``, ``origin_refused``, or a reason of the bearer's.
        """
        if self.https and call.scheme != "https":
            raise Refusal(
                Reason.HTTPS_REQUIRED,
                "Tokens are handed out over HTTPS only; behind a proxy, name it in TIDEGATE_TRUSTED_PROXIES.",
            )
        headers = call.headers
        if (origin := headers.get(b"origin")) is not None:
            self.cors.require(origin, call.scheme, headers.get(b"host", b""))
        authorization = call.authorization
        if authorization is None and self.cookies is not None and (cookie := headers.get(b"cookie")) is not None:
            session = self.cookies.value(cookie)
            if session is not None:
                return self._counting(session, call)
        return bearer(authorization, largest=self.token_bytes)

    def _counting(self, session: bytes, call: Call) -> bytes:
        """A session from a cookie, which a browser adds to whatever any page asks for: the page must be known.

        That our own address is the page's origin is not enough. Whoever can make a name of theirs point here has
        such an origin; ``Sec-Fetch-Site`` is the browser's own word, and sent to trustworthy addresses only.
        """
        headers = call.headers
        if not self.cors.lists(headers.get(b"origin")) and headers.get(b"sec-fetch-site") != b"same-origin":
            raise Refusal(
                Reason.TOKEN_MISSING,
                "A session cookie came, but no Authorization header. Cookies count only from a page whose origin is "
                "in TIDEGATE_CORS_ORIGINS, or with Sec-Fetch-Site: same-origin.",
            )
        if session.count(b".") == _DOTS_OF_SIGNED:
            raise Refusal(Reason.TOKEN_MALFORMED, "The session cookie holds a signed token, as Auth.js makes none.")
        return session


class Admission:
    """A request's session, by the rules of the door and then those of the exchange.

    Args:
        exchange: judges the session.
        rules: judge the request.
    """

    __slots__ = ("_exchange", "_rules")

    def __init__(self, exchange: Exchange, rules: DoorRules) -> None:
        self._exchange = exchange
        self._rules = rules

    def session_now(self, call: Call) -> Session:
        """The verified session of a call without a body, if nothing has to be waited for.

        Raises:
            Refusal: the request gets no further.
            KeysNeeded: it goes on with `session`; the call knows it too.
        """
        token = self._rules.check(call)
        try:
            session = self._exchange.admit(token, limit_key(call.client))
        except KeysNeeded as needed:
            call.waits_for = needed
            raise
        return _noted(call, session)

    async def session(self, call: Call, receive: Receive) -> Session:
        """The verified session; waits only for keys that are not here yet, or for a body.

        Raises:
            Refusal: the request gets no further.
        """
        keys = call.waits_for
        if not isinstance(keys, KeysNeeded):
            if call.has_body:
                self._rules.check(call)
                await drain(call, receive, self._rules.body_bytes)
            try:
                return self.session_now(call)
            except KeysNeeded as needed:
                keys = needed
        session = await self._exchange.admit_after_keys(keys, self._rules.check(call), limit_key(call.client))
        return _noted(call, session)


def _noted(call: Call, session: Session) -> Session:
    call.issuer = session.who.policy.name
    call.subject = session.pseudonym
    return session


class ExchangeDoor:
    """``POST`` of one face: admits, mints, records, presents, counts.

    Args:
        face: whose answers.
        admission: of the request.
        mint: of the exchange.
        records: what was issued and refused.
        present: writes the answer.
        shapes: write the refusal.
        clock: for the refusal's time stamp.
    """

    def __init__(
        self,
        face: Face,
        *,
        admission: Admission,
        mint: Callable[[Session], Issued],
        records: Records,
        present: Callable[[Issued], bytes],
        shapes: ErrorShapes,
        clock: Clock,
    ) -> None:
        self._face = face
        self._admission = admission
        self._mint = mint
        self._records = records
        self._present = present
        self._shapes = shapes
        self._clock = clock
        self._observe = metrics.EXCHANGE_DURATION.labels(face.value).observe
        self._counters: dict[tuple[str, str], Count] = {}

    async def __call__(self, call: Call, receive: Receive) -> Answer:
        """The answer to one request."""
        try:
            answer = self._issued(call, await self._admission.session(call, receive))
            if self._records.waits:
                await self._records.durable()
            self._count(call.issuer, "none", "issued")
        except Refusal as refusal:
            answer = self._refused(call, refusal)
        except Exception:
            self._failed(call)
            raise
        self._observe(perf_counter() - call.started)
        return answer

    def now(self, call: Call) -> Answer:
        """The answer to one request without a body, if nothing has to be waited for.

        Raises:
            KeysNeeded: the call goes on where one can wait; nothing was counted yet.
        """
        try:
            answer = self._issued(call, self._admission.session_now(call))
            self._count(call.issuer, "none", "issued")
        except Refusal as refusal:
            answer = self._refused(call, refusal)
        except KeysNeeded:
            raise
        except Exception:
            self._failed(call)
            raise
        self._observe(perf_counter() - call.started)
        return answer

    def _issued(self, call: Call, session: Session) -> Answer:
        try:
            issued = self._mint(session)
        except Refusal as refusal:
            refusal.whose = session
            raise
        self._records.issued(call, issued)
        return Answer(200, self._present(issued), ONLY_JSON)

    def _refused(self, call: Call, refusal: Refusal) -> Answer:
        call.refused(refusal)
        outcome = "refused" if refusal.spec.status < _SERVER_ERROR else "unavailable"
        self._count(call.issuer, refusal.reason.value, outcome)
        now = self._clock.now()
        self._records.refused(call, refusal, now)
        return self._shapes.answer(refusal, self._face, call.id, now)

    def _failed(self, call: Call) -> None:
        """Nobody was given a token; the gateway answers."""
        self._count(call.issuer, Reason.INTERNAL.value, "unavailable")
        self._records.refused(call, Refusal(Reason.INTERNAL, "It went wrong here."), self._clock.now())

    def _count(self, issuer: str, reason: str, outcome: str) -> None:
        counter = self._counters.get((issuer, reason))
        if counter is None:
            counter = metrics.EXCHANGE_TOTAL.labels(self._face.value, issuer, outcome, reason)
            self._counters[issuer, reason] = counter
        counter.inc()


class StatusDoor:
    """``GET /api/chat/token``: the caller's own user, as Stream knows it.

    Args:
        admission: of the request.
        status: asks Stream.
        clock: for the time stamp.
    """

    def __init__(self, *, admission: Admission, status: ChatStatus, clock: Clock) -> None:
        self._admission = admission
        self._status = status
        self._clock = clock

    async def __call__(self, call: Call, receive: Receive) -> Answer:
        """The answer to one request.

        Raises:
            Refusal: whatever stands in the way.
        """
        session = await self._admission.session(call, receive)
        user = await self._status.user(session.user_id)
        return Answer(200, web_status(user, self._clock.now()), [JSON])

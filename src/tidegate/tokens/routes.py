"""The doors of the exchange: plain ASGI, since every microsecond here is paid by every login."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.http.answer import JSON, Answer, Receive
from tidegate.http.bearer import bearer
from tidegate.http.call import Call, drain
from tidegate.http.cors import Cors
from tidegate.http.faces import ErrorShapes, Face
from tidegate.http.proxy import limit_key
from tidegate.identity.service import KeysNeeded
from tidegate.tally import Count
from tidegate.tokens.model import Issued, Session
from tidegate.tokens.present import web_status
from tidegate.tokens.service import Exchange
from tidegate.tokens.status import ChatStatus

_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class DoorRules:
    """What a request must satisfy before anybody looks at its token.

    Attributes:
        https: whether plain HTTP is refused.
        cors: the pages that may call.
        token_bytes: octets a session token may have.
        body_bytes: octets a body may have; it is ignored.
    """

    https: bool
    cors: Cors
    token_bytes: int
    body_bytes: int

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
        return bearer(call.authorization, largest=self.token_bytes)


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

    async def session(self, call: Call, receive: Receive) -> Session:
        """The verified session; waits only for keys that are not here yet, or for a body.

        Raises:
            Refusal: the request gets no further.
        """
        token = self._rules.check(call)
        headers = call.headers
        if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
            await drain(call, receive, self._rules.body_bytes)
        address = limit_key(call.client)
        try:
            session = self._exchange.admit(token, address)
        except KeysNeeded as needed:
            await asyncio.sleep(0)  # waiting needs a task, and our server begins these requests without one
            session = await self._exchange.admit_after_keys(needed, token, address)
        call.issuer = session.who.policy.name
        call.subject = session.rhythm.pseudonym
        return session


class ExchangeDoor:
    """``POST`` of one face: admits, mints, presents, counts.

    Args:
        face: whose answers.
        admission: of the request.
        mint: of the exchange.
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
        present: Callable[[Issued], bytes],
        shapes: ErrorShapes,
        clock: Clock,
    ) -> None:
        self._face = face
        self._admission = admission
        self._mint = mint
        self._present = present
        self._shapes = shapes
        self._clock = clock
        self._observe = metrics.EXCHANGE_DURATION.labels(face.value).observe
        self._counters: dict[tuple[str, str], Count] = {}

    async def __call__(self, call: Call, receive: Receive) -> Answer:
        """The answer to one request."""
        started = perf_counter()
        try:
            session = await self._admission.session(call, receive)
            answer = Answer(200, self._present(self._mint(session)), [JSON])
            self._count(call.issuer, "none", "issued")
        except Refusal as refusal:
            call.refused(refusal)
            answer = self._shapes.answer(refusal, self._face, call.id, self._clock.now())
            outcome = "refused" if refusal.spec.status < _SERVER_ERROR else "unavailable"
            self._count(call.issuer, refusal.reason.value, outcome)
        except Exception:
            self._count(call.issuer, Reason.INTERNAL.value, "unavailable")
            raise
        self._observe(perf_counter() - started)
        return answer

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

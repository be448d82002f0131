"""The outermost layer: every request comes in here, and every answer leaves with the same headers.

The exchange is answered here, before the framework sees it; everything else goes
to the framework, and comes back through the same bookkeeping.
"""

from collections.abc import Mapping
from functools import lru_cache, partial
from time import perf_counter
from typing import Final

import structlog

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.http.answer import (
    SECURITY,
    STRICT_TRANSPORT,
    Answer,
    AsgiApp,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    lines,
)
from tidegate.http.call import SCOPE_KEY, Call, CallReader, origin_headers
from tidegate.http.cors import Cors
from tidegate.http.faces import ErrorShapes, face_of
from tidegate.http.shortcut import Shortcut, Waits
from tidegate.identity.service import KeysNeeded
from tidegate.logs import RequestLog
from tidegate.tally import Spread
from tidegate.tokens.routes import ExchangeDoor

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_PREFLIGHT: Final = b"access-control-request-method"
_OVER_HTTPS: Final[Headers] = [*SECURITY, STRICT_TRANSPORT]
_OWN: Final = frozenset(name for name, _ in SECURITY)


class Gateway:
    """The ASGI application that the server runs.

    Args:
        inner: the framework's application.
        exchanges: the doors answered here, by path.
        reader: of calls.
        cors: for preflights and for the headers of every answer.
        shapes: of errors.
        log: the line of each request.
        clock: for errors' time stamps.
        shortcuts: whether an exchange can be answered without waiting for anything.

    Attributes:
        shortcuts: to the exchange, by raw path, for a server that can answer without a task for each request.
    """

    def __init__(
        self,
        inner: AsgiApp,
        *,
        exchanges: Mapping[str, ExchangeDoor],
        reader: CallReader,
        cors: Cors,
        shapes: ErrorShapes,
        log: RequestLog,
        clock: Clock,
        shortcuts: bool = True,
    ) -> None:
        self._inner = inner
        self._exchanges = dict(exchanges)
        self._reader = reader
        self._cors = cors
        self._shapes = shapes
        self._log = log
        self._clock = clock
        self._histograms: dict[tuple[str, str, int], Spread] = {}
        self._without_origin = {https: _written(https, tuple(cors.headers(None))) for https in (True, False)}
        self.shortcuts: Mapping[bytes, Shortcut] = {
            path.encode("ascii"): partial(self._exchange_now, path) for path in (exchanges if shortcuts else ())
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection; only HTTP and the server's own start and stop are known."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _exchange_now(
        self, path: str, headers: Headers, client: tuple[str, int] | None, scheme: str
    ) -> tuple[int, bytes]:
        """The exchange as a `tidegate.http.shortcut.Shortcut`: the same door, log line and headers as over ASGI."""
        call = self._reader.of(headers, client, scheme)
        if call.has_body:
            raise Waits(call)
        try:
            answer = self._exchanges[path].now(call)
        except KeysNeeded:
            raise Waits(call) from None
        except Exception:  # noqa: BLE001 - the last net, as in `_http`
            _log_unexpected(call)
            answer = self._refused(_internal(call), call, path)
        self._note(call, "POST", path, answer.status)
        return answer.status, answer.octets(self._shared_lines(call))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = self._reader.read(scope)
        route = "unmatched"  # never the path as received, which anybody can write
        try:
            if (door := self._exchanges.get(scope["path"])) is not None and scope["method"] == "POST":
                route = scope["path"]
                answer = await door(call, receive)
                status = answer.status
                await answer.send(send, self._shared(call))
            elif scope["method"] == "OPTIONS" and b"origin" in call.headers and _asks_before(scope):
                route = "preflight"
                answer = self._cors.preflight(call.headers[b"origin"])
                status = answer.status
                await answer.send(send, self._shared(call))
            else:
                status, route = await self._framework(call, scope, receive, send)
        except Refusal as refusal:
            status = await self._refuse(refusal, call, scope, send)
        except Exception:  # noqa: BLE001 - the last net: nothing may reach the server as a trace
            _log_unexpected(call)
            status = await self._refuse(_internal(call), call, scope, send)
        self._note(call, scope["method"], route, status)

    async def _framework(self, call: Call, scope: Scope, receive: Receive, send: Send) -> tuple[int, str]:
        scope[SCOPE_KEY] = call
        status = 500
        started = False

        async def with_headers(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status = message["status"]
                started = True
                message["headers"] = _merged(message.get("headers", []), self._shared(call))
            await send(message)

        try:
            await self._inner(scope, receive, with_headers)
        except Exception:
            if not started:
                raise
            _log_unexpected(call)
        route = scope.get("route")
        return status, getattr(route, "path", "unmatched")

    async def _refuse(self, refusal: Refusal, call: Call, scope: Scope, send: Send) -> int:
        answer = self._refused(refusal, call, scope["path"])
        await answer.send(send, self._shared(call))
        return answer.status

    def _refused(self, refusal: Refusal, call: Call, path: str) -> Answer:
        call.refused(refusal)
        return self._shapes.answer(refusal, face_of(path), call.id, self._clock.now())

    def _shared(self, call: Call) -> Headers:
        return [
            (b"x-request-id", call.id.encode()),
            *origin_headers(self._cors, call),
            *(_OVER_HTTPS if call.scheme == "https" else SECURITY),
        ]

    def _shared_lines(self, call: Call) -> bytes:
        """The same as `_shared`, written; what does not change from call to call is written once."""
        over_https = call.scheme == "https"
        if b"origin" in call.headers:
            fixed = _written(over_https, tuple(origin_headers(self._cors, call)))
        else:
            fixed = self._without_origin[over_https]
        return b"x-request-id: %b\r\n%b" % (call.id.encode(), fixed)

    def _note(self, call: Call, method: str, route: str, status: int) -> None:
        seconds = perf_counter() - call.started
        if method not in _METHODS:
            method = "_OTHER"
        histogram = self._histograms.get((method, route, status))
        if histogram is None:
            histogram = metrics.REQUEST_DURATION.labels(method, route, str(status))
            self._histograms[method, route, status] = histogram
        histogram.observe(seconds)
        self._log.line(call.id, method, route, status, seconds, call.reason, call.issuer, call.subject, call.trace)


@lru_cache(64)
def _written(over_https: bool, origin: tuple[tuple[bytes, bytes], ...]) -> bytes:  # noqa: FBT001 - a cache key
    return lines([*origin, *(_OVER_HTTPS if over_https else SECURITY)])


def _asks_before(scope: Scope) -> bool:
    """Whether an OPTIONS is a preflight (Fetch standard, section 4.8)."""
    return any(name == _PREFLIGHT for name, _ in scope["headers"])


def _merged(own: Headers, shared: Headers) -> Headers:
    """A route's own header wins over the one that every answer would carry."""
    names = {name.lower() for name, _ in own} & _OWN
    return [*own, *(pair for pair in shared if pair[0] not in names)]


def _log_unexpected(call: Call) -> None:
    """The trace goes to the log, without local variables; the caller learns nothing but the request id."""
    structlog.get_logger("tidegate").exception("unexpected error", request_id=call.id)


def _internal(call: Call) -> Refusal:
    return Refusal(Reason.INTERNAL, f"Something went wrong here; the log has it under request id {call.id}.")

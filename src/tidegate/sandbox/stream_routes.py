"""Stream's stand-in over HTTP: who calls, what goes wrong on command, the limits, the call, the answer."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tidegate.sandbox.faults import PLAIN_BODY, Fault, FaultKind
from tidegate.sandbox.replies import HTML_PAGE, Connections, http_date
from tidegate.sandbox.stream import Handler, RecordedRequest, StreamStandIn, endpoint_of
from tidegate.sandbox.stream_errors import Code, StreamFault, raise_injected
from tidegate.sandbox.stream_limits import platform_of
from tidegate.sandbox.stream_socket import StreamSocket
from tidegate.sandbox.stream_tokens import Caller

BODY_OCTETS: Final = 2 * 1024 * 1024


class StreamRoutes:
    """An ASGI application with the calls of ``ENDPOINTS``.

    Args:
        stream: the app that answers.
        connections: of the server that carries it, for answers that never come.
    """

    def __init__(self, stream: StreamStandIn, connections: Connections) -> None:
        self._stream = stream
        self._connections = connections
        self._socket = StreamSocket(stream, connections)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, or hold one socket."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        started = time.perf_counter()
        request = Request(scope, receive)
        path = request.url.path.removeprefix(scope.get("root_path", ""))
        octets = await _body(request)
        call = _recorded(request, path, octets or b"")
        self._stream.requests.append(call)
        faults = self._stream.faults.take(call.method, path)
        await asyncio.sleep(sum(fault.delay for fault in faults))
        if any(fault.kind is FaultKind.DROP for fault in faults):
            await self._connections.drop(scope, receive)
            return
        response = self._injected(faults) or self._answer(call, faults, too_big=octets is None, started=started)
        await response(scope, receive, send)

    def _injected(self, faults: tuple[Fault, ...]) -> Response | None:
        for fault in faults:
            if fault.kind is FaultKind.PLAIN_ERROR:
                return Response(PLAIN_BODY, fault.status or 500, self._dated(), "text/plain")
            if fault.kind is FaultKind.WRONG_BODY:
                return Response(HTML_PAGE, 200, self._dated(), "text/html")
        return None

    def _answer(self, call: RecordedRequest, faults: tuple[Fault, ...], *, too_big: bool, started: float) -> Response:
        known = endpoint_of(call)
        platform = "server_side"
        try:
            caller = self._admitted(call, faults, too_big=too_big)
            platform = platform_of(caller)
            status, body = self._performed(known, caller, call)
        except StreamFault as fault:
            status, body = fault.http_status, fault.body()
        headers = self._stream.limits.standing(known[0], platform).headers() if known else {}
        return self._json(status, body, {**headers, **_retry_after(faults)}, started)

    def _admitted(self, call: RecordedRequest, faults: tuple[Fault, ...], *, too_big: bool) -> Caller:
        raise_injected(faults)
        if too_big:
            raise StreamFault(Code.PAYLOAD_TOO_BIG, f"the body is larger than {BODY_OCTETS} octets")
        return self._stream.caller(call)

    def _performed(
        self, known: tuple[str, Handler] | None, caller: Caller, call: RecordedRequest
    ) -> tuple[int, dict[str, Any]]:
        if known is None:
            raise StreamFault(Code.DOES_NOT_EXIST, f"the sandbox does not model {call.method} {call.path}")
        endpoint, perform = known
        self._stream.limits.debit(endpoint, caller)
        return (201 if call.method == "POST" else 200), perform(self._stream, caller, call)

    def _json(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str], started: float) -> Response:
        milliseconds = (time.perf_counter() - started) * 1000
        content = orjson.dumps({**body, "duration": f"{milliseconds:.2f}ms"})
        return Response(content, status, {**self._dated(), **headers}, "application/json")

    def _dated(self) -> dict[str, str]:
        return {"Date": http_date(self._stream.now())}


def _retry_after(faults: tuple[Fault, ...]) -> dict[str, str]:
    waits = [fault.retry_after for fault in faults if fault.retry_after is not None]
    return {"Retry-After": str(max(waits))} if waits else {}


async def _body(request: Request) -> bytes | None:
    """The body, or None for one that is larger than ``BODY_OCTETS``; what is beyond is not kept."""
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size <= BODY_OCTETS:
                chunks.append(chunk)
    except ClientDisconnect:
        return None
    return b"".join(chunks) if size <= BODY_OCTETS else None


def _recorded(request: Request, path: str, octets: bytes) -> RecordedRequest:
    try:
        body = orjson.loads(octets) if octets else None
    except orjson.JSONDecodeError:
        body = None
    raw_query: bytes = request.scope.get("query_string", b"")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return RecordedRequest(
        request.method, path, dict(request.query_params), body, raw_query=raw_query, raw_body=octets, headers=headers
    )

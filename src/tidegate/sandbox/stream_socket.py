"""Stream's socket, for the canary: connect, first frame, heartbeat, events of one channel.

Whoever is not the canary is refused, so no chat client can work with it.
"""

import asyncio
import secrets
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.datastructures import QueryParams
from starlette.types import Message, Receive, Scope, Send

from tidegate.sandbox.faults import FaultKind
from tidegate.sandbox.replies import Connections
from tidegate.sandbox.stream import RecordedRequest, StreamStandIn
from tidegate.sandbox.stream_canary import Event
from tidegate.sandbox.stream_errors import Code, StreamFault, raise_injected
from tidegate.sandbox.stream_model import timestamp
from tidegate.sandbox.stream_rules import check_fields
from tidegate.sandbox.stream_tokens import CallerKind

HEARTBEAT_SECONDS: Final = 30.0
EVENTS_WAITING: Final = 64
PATH: Final = "/connect"
_REFUSED: Final = 4001


class StreamSocket:
    """An ASGI application for ``/connect``.

    Args:
        stream: the app that is connected to.
        connections: of the server that carries it, for those that break.
    """

    def __init__(self, stream: StreamStandIn, connections: Connections) -> None:
        self._stream = stream
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold one socket until it ends."""
        await receive()
        try:
            await self._held(scope, receive, send)
        finally:
            # The server's protocol for sockets does not tell of the end as the one for calls does.
            self._connections.closed(tuple(scope.get("client") or ("", 0)))

    async def _held(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        faults = self._stream.faults.take("GET", path)
        refusing = self._stream.faults.take_kinds(FaultKind.SOCKET_REFUSED)
        await asyncio.sleep(sum(fault.delay for fault in faults))
        if any(fault.kind is FaultKind.DROP for fault in faults):
            await self._connections.drop(scope, _until_gone(receive))
            return
        if refusing or path != PATH:
            refused = refusing[0].status or HTTPStatus.SERVICE_UNAVAILABLE if path == PATH else HTTPStatus.NOT_FOUND
            await _deny(send, refused)
            return
        await send({"type": "websocket.accept"})
        connection_id = secrets.token_hex(12)
        waiting: asyncio.Queue[Event | None] = asyncio.Queue(EVENTS_WAITING)
        try:
            raise_injected(faults)
            user = self._admitted(QueryParams(scope["query_string"]))
            self._stream.canary.connected(connection_id, lambda event: _put(waiting, event))
        except StreamFault as fault:
            # The shape of an error on the socket is not established: the one of an answer, under a name of its own.
            await _say(send, {"error": fault.body()})
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        try:
            await _say(send, {**self._health(connection_id), "me": user})
            await self._talk(scope, receive, send, waiting, connection_id)
        finally:
            self._stream.canary.gone(connection_id)

    async def _talk(
        self, scope: Scope, receive: Receive, send: Send, waiting: "asyncio.Queue[Event | None]", connection_id: str
    ) -> None:
        gone = asyncio.ensure_future(_gone(receive))
        try:
            while not gone.done():
                said = asyncio.ensure_future(waiting.get())
                await asyncio.wait({gone, said}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if not said.done():
                    said.cancel()
                    event: Event | None = self._health(connection_id)
                else:
                    event = said.result()
                if gone.done():
                    return
                if event is None:
                    await self._connections.drop(scope, lambda: _disconnected(gone))
                    return
                await _say(send, event)
        finally:
            gone.cancel()

    def _health(self, connection_id: str) -> Event:
        created = timestamp(self._stream.now())
        return {"type": "health.check", "connection_id": connection_id, "created_at": created}

    def _admitted(self, query: QueryParams) -> dict[str, Any]:
        """The user who connects, made or updated by it.

        Raises:
            StreamFault: code 2, 4, 5, 9, 17, 40, 41, 42, 43 or 99.
        """
        headers = {"authorization": query.get("authorization", "")}
        headers["stream-auth-type"] = query.get("stream-auth-type", "")
        kept = {name: value for name, value in query.items() if name != "authorization"}
        call = RecordedRequest("GET", PATH, kept, headers=headers)
        self._stream.requests.append(call)
        caller = self._stream.caller(call)
        details = _details(query.get("json", ""))
        if caller.kind is not CallerKind.USER or details.get("id") != caller.user_id:
            raise StreamFault(Code.AUTH_FAILED, "the token is not this user's")
        if caller.user_id != self._stream.canary.user_id:
            raise StreamFault(Code.NOT_ALLOWED, "the sandbox has a socket for the canary alone: it is no chat server")
        check_fields({name: value for name, value in details.items() if name != "id"})
        return self._stream.users.put(caller.user_id, **{**details, "online": True})


def _details(text: str) -> dict[str, Any]:
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:
        told = None
    details = told.get("user_details") if isinstance(told, dict) else None
    if not isinstance(details, dict) or told.get("user_id") != details.get("id"):
        raise StreamFault(Code.INPUT, "json must name the user", {"json": "user_id, user_details"})
    return details


def _put(waiting: "asyncio.Queue[Event | None]", event: Event | None) -> None:
    """Have an event said; one that nobody fetches is lost, as at the original."""
    if not waiting.full():
        waiting.put_nowait(event)


async def _say(send: Send, event: Event) -> None:
    await send({"type": "websocket.send", "text": orjson.dumps(event).decode()})


async def _deny(send: Send, status: int) -> None:
    await send({"type": "websocket.http.response.start", "status": status, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    """Return when the client is gone; what it says is not listened to."""
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _disconnected(gone: "asyncio.Future[None]") -> Message:
    await gone
    return {"type": "http.disconnect"}


def _until_gone(receive: Receive) -> Receive:
    async def received() -> Message:
        await _gone(receive)
        return {"type": "http.disconnect"}

    return received

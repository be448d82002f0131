"""One request and its answer on a connection: the ASGI side of our protocol.

uvicorn's own cycle checks every header with two regular expressions and writes
an answer in two pieces. Here the head is put together at once, checked as a
whole, and written together with the first piece of the body, as ASGI allows
("must not start sending before it has at least one body event").
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Literal, cast

from uvicorn._types import ASGISendEvent, HTTPResponseBodyEvent, HTTPResponseStartEvent, HTTPScope
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_NO_BODY_STATUS: Final = frozenset({204, 304})


class Cycle(RequestResponseCycle):
    """A request's scope, what was received of its body, and the state of its answer.

    Args:
        scope: the ASGI scope.
        transport: where the answer is written.
        flow: pauses for a peer that reads slowly.
        common_head: header lines that every answer carries, each ending in CR LF.
        expect_continue: the client waits for ``100 Continue`` before it sends the body.
        keep_alive: whether the connection may be used again afterwards.
        on_response: called when the answer is complete.
    """

    def __init__(  # what uvicorn's initializer takes one by one is fixed here, so it is not called
        self,
        scope: HTTPScope,
        transport: asyncio.Transport,
        flow: FlowControl,
        common_head: bytes,
        *,
        expect_continue: bool,
        keep_alive: bool,
        on_response: Callable[[], None],
    ) -> None:
        self.scope = scope
        self.transport = transport
        self.flow = flow
        self.on_response = on_response
        self.logger = _LOGGER
        self.message_event = asyncio.Event()
        self.disconnected = False
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = expect_continue
        self.body = bytearray()
        self.more_body = True
        self.response_started = False
        self.response_complete = False
        self.chunked_encoding: bool | None = None
        self.expected_content_length = 0
        self.common_head = common_head
        self.head = b""

    async def send(self, message: ASGISendEvent) -> None:
        """Take one event of the answer (ASGI's ``send``).

        Args:
            message: ``http.response.start`` first, then ``http.response.body``.

        Raises:
            RuntimeError: the application broke the protocol.
        """
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if self.response_complete:
            raise RuntimeError(f"the answer is complete, yet {message['type']} was sent")
        if not self.response_started:
            self._expect(message, "http.response.start")
            self._start(cast("HTTPResponseStartEvent", message))
        else:
            self._expect(message, "http.response.body")
            self._continue(cast("HTTPResponseBodyEvent", message))

    @staticmethod
    def _expect(message: ASGISendEvent, kind: Literal["http.response.start", "http.response.body"]) -> None:
        if message["type"] != kind:
            raise RuntimeError(f"expected the ASGI message {kind}, got {message['type']}")

    def _start(self, message: HTTPResponseStartEvent) -> None:
        status = message["status"]
        lines = [STATUS_LINE[status], self.common_head]
        count = 0
        for name, value in message.get("headers", ()):
            lines += (name, b": ", value, b"\r\n")
            count += 1
            if name in _FRAMING:
                self._framing(name, value)
        block = b"".join(lines)
        ends = count + 1 + self.common_head.count(b"\n")
        if block.count(b"\n") != ends or block.count(b"\r") != ends or b"\0" in block:
            raise RuntimeError("a header of the answer contains a control character")
        if self.waiting_for_100_continue and self.more_body:
            # A client that was never told to continue may leave its body out, or not (RFC 9110, section 10.1.1):
            # what comes next on this connection could be read either way, so nothing does.
            self.keep_alive = False
        if not self.keep_alive and b"\r\nconnection: close\r\n" not in block:
            block += b"connection: close\r\n"
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in _NO_BODY_STATUS:
            self.chunked_encoding = True
            block += b"transfer-encoding: chunked\r\n"
        self.head = block + b"\r\n"
        self.waiting_for_100_continue = False
        self.response_started = True

    def _framing(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"content-length":
            if self.chunked_encoding is None:
                self.expected_content_length = int(value)
                self.chunked_encoding = False
        elif name == b"transfer-encoding":
            if value.lower() == b"chunked":
                self.expected_content_length = 0
                self.chunked_encoding = True
        elif b"close" in value.lower():
            self.keep_alive = False

    def _continue(self, message: HTTPResponseBodyEvent) -> None:
        body = message.get("body", b"")
        more = message.get("more_body", False)
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            body = b""
        elif self.chunked_encoding:
            body = self._chunks(body, more=more)
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("the answer's body is longer than its Content-Length")
        if not more and self.expected_content_length:
            raise RuntimeError("the answer's body is shorter than its Content-Length")
        piece = self.head + body
        self.head = b""
        if piece:
            self.transport.write(piece)
        if not more:
            self._finish()

    @staticmethod
    def _chunks(body: bytes, *, more: bool) -> bytes:
        piece = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return piece if more else piece + b"0\r\n\r\n"

    def _finish(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


_LOGGER: Final = logging.getLogger("uvicorn.error")
_FRAMING: Final = frozenset(
    form
    for name in (b"content-length", b"transfer-encoding", b"connection")
    for form in (name, name.title(), name.upper())
)

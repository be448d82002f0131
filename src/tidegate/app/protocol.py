"""What the server reads before the application sees it, and the bounds on it.

An ASGI application is handed requests; it cannot bound the head that is being
read, the time a peer takes over it, or how many peers there are. This subclass
of uvicorn's httptools protocol does. Framing itself (duplicate or conflicting
``Content-Length``, ``Transfer-Encoding`` beside it, bare line feeds, folded
lines; RFC 9112, sections 2.2, 5.2 and 6.1) is refused by httptools, which runs
strict but for one thing: bytes after a request that closes are ignored.

There is no h11 twin: httptools is a dependency, not an extra, and a second
parser would be a second reading of the same bytes.

Time is bounded by one sweep over all connections (`Connection.expire`) instead
of a timer for each request, which is also what makes it cost nothing.
"""

import asyncio
import math
from typing import Any, ClassVar, Final
from urllib.parse import unquote

import httptools
from uvicorn._types import ASGI3Application, HTTPScope
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from tidegate.app.bounds import HttpLimits
from tidegate.app.cycle import Cycle
from tidegate.app.peers import Peers
from tidegate.app.refusals import Answers
from tidegate.http.call import SCOPE_KEY, Call
from tidegate.http.proxy import UNKNOWN
from tidegate.metrics import HTTP_CONNECTIONS, HTTP_REFUSED

IDLE: Final = 0
HEAD: Final = 1
BODY: Final = 2

LINGER_SECONDS: Final = 2.0
"""How long a connection may take to go once it was closed here."""


class LimitReachedError(Exception):
    """Raised inside the parser's callbacks to leave the parser; carries the limit's name."""


class Connection(HttpToolsProtocol):
    """One connection of a peer.

    A request is an ASGI call, unless a subclass holds it (`hold`), which may be where
    nothing is in its way: no answer before it, no wish to close, and a peer that reads.

    Used through `tidegate.app.together.bound_to`, which makes the class that carries a listener's limits.
    """

    limits: ClassVar[HttpLimits]
    answers: ClassVar[Answers]
    peers: ClassVar[Peers]
    common_head: ClassVar[bytes] = b""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.stage = IDLE
        self.hosts = 0
        self.fresh = False
        self.head_left = self.limits.header_bytes
        self.body_left = 0
        self.dead = False
        self.lingering = False
        self.deadline = math.inf
        self.write_deadline = math.inf
        self.buried_at = math.inf

    # The transport's side.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Count the peer in, or turn it away when there are too many."""
        super().connection_made(transport)
        HTTP_CONNECTIONS.inc()
        self.deadline = self.loop.time() + self.limits.receive_seconds
        allowed = self.peers.enter(self._address())
        if len(self.connections) > self.limits.connections_max:
            self._turn_away("connections")
        elif not allowed:
            self._turn_away("connections_address")

    def _address(self) -> str:
        return self.client[0] if self.client else UNKNOWN

    def _turn_away(self, limit: str) -> None:
        self.dead = True
        HTTP_REFUSED.labels(limit).inc()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the peer out; a request in flight learns of it."""
        HTTP_CONNECTIONS.dec()
        self.peers.leave(self._address())
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, in pieces no larger than what the head may still take."""
        if len(data) <= self.head_left:
            self._feed(data)
            return
        start = 0
        while start < len(data) and not self.dead:
            piece = data[start : start + self.head_left]
            start += len(piece)
            self._feed(piece)

    def _feed(self, data: bytes) -> None:
        if self.dead:
            return
        cycle, idle = self.cycle, self.stage == IDLE
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.dead = True  # we speak no other protocol: the request is answered as it is, then the connection ends
            return
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(str(cause) if isinstance(cause, LimitReachedError) else "malformed")
            return
        if self.stage != IDLE:
            self.settle()
            self._account(len(data), idle=idle, handed_over=self.cycle is not cycle)

    def _account(self, count: int, *, idle: bool, handed_over: bool) -> None:
        """Charge bytes to an unfinished message; its time begins with its first byte."""
        limits = self.limits
        if self.stage == HEAD:
            if not self.fresh or (idle and not handed_over):  # else some of the bytes were an earlier request's
                self.head_left -= count
            if self.fresh:
                self.fresh = False
                self.deadline = self.loop.time() + limits.receive_seconds
            if self.head_left <= 0:
                self._refuse("header_bytes")
        elif handed_over:
            self.deadline = self.loop.time() + limits.receive_seconds
            self.body_left = limits.message_bytes
        else:
            self.body_left -= count
            if self.body_left < 0:
                self._refuse("message_bytes")

    def pause_writing(self) -> None:
        """The peer reads more slowly than we write: from now on it has a time limit."""
        self.write_deadline = self.loop.time() + self.limits.receive_seconds
        super().pause_writing()

    def resume_writing(self) -> None:
        """The peer caught up."""
        self.write_deadline = math.inf
        super().resume_writing()

    # The parser's side.

    def on_message_begin(self) -> None:
        """A request begins."""
        self.stage = HEAD
        self.fresh = True
        self.head_left = self.limits.header_bytes
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self.hosts = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        self.url += url
        if len(self.url) > self.limits.url_bytes:
            raise LimitReachedError("url_bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line; trailers are discarded (RFC 9110, section 6.5.1)."""
        if self.stage != HEAD:
            return
        name = name.lower()
        if name == b"host":
            self.hosts += 1
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Hand the request to the application, or queue it behind the one before."""
        parser = self.parser
        version = parser.get_http_version()
        if self.hosts != 1 and (self.hosts or version != "1.0"):  # RFC 9112, section 3.2
            raise LimitReachedError("host")
        before = self.cycle
        self.stage = BODY
        self.head_left = self.limits.header_bytes
        method = parser.get_method()
        first = before is None or before.response_complete
        reads = not self.flow.write_paused
        stays = version != "1.0" and parser.should_keep_alive() and not parser.should_upgrade()
        if not (first and reads and stays and version == "1.1" and self.hold(method)):
            self.begin(method, version, stays=stays, first=first)

    def hold(self, _method: bytes) -> bool:
        """Keep an HTTP/1.1 request that nothing is in the way of for later; whether that was done. See `settle`."""
        return False

    def settle(self) -> None:
        """Answer what is held, or begin it; called before anything else happens to the connection."""

    def begin(self, method: bytes, version: str, *, stays: bool, first: bool, call: Call | None = None) -> Cycle:
        """Make the request an ASGI call.

        Args:
            method: as sent.
            version: of HTTP.
            stays: whether the connection may be used again.
            first: whether no answer is before it.
            call: what is known of the request, if something is.
        """
        self.scope = self._scope(method.decode("ascii"), version, call)
        cycle = self.cycle = Cycle(
            self.scope,
            self.transport,
            self.flow,
            self.common_head,
            expect_continue=self.expect_100_continue,
            keep_alive=stays,
            on_response=self.on_response_complete,
        )
        if first:
            self._start_asgi_task(cycle, self.app)
            return cycle
        self.flow.pause_reading()
        self.pipeline.appendleft((cycle, self.app))
        if len(self.pipeline) > self.limits.pipeline_max:
            raise LimitReachedError("pipeline")
        return cycle

    def head_of(self, status: int) -> bytes:
        """The lines with which every answer of this status begins."""
        return STATUS_LINE[status] + self.common_head

    def _scope(self, method: str, version: str, call: Call | None) -> HTTPScope:
        parsed = httptools.parse_url(self.url)
        raw_path, query = parsed.path or b"/", parsed.query or b""
        scope: HTTPScope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme or "http",
            "root_path": "",
            "headers": self.headers,
            "state": self.app_state.copy(),
            "method": method,
            "path": unquote(raw_path.decode("ascii")),
            "raw_path": raw_path,
            "query_string": query,
            "extensions": {},
        }
        if call is not None:
            scope[SCOPE_KEY] = call  # type: ignore[typeddict-unknown-key]  # ASGI lets servers add keys of their own
        return scope

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_body(self, body: bytes) -> None:
        """A piece of the body; nobody wants it once the answer is given."""
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The request is here in full."""
        self.stage = IDLE
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self.deadline = self.loop.time() + self.limits.keep_alive_seconds
        else:
            cycle.more_body = False
            cycle.message_event.set()

    # The answer's side.

    def on_response_complete(self) -> None:
        """Go on with the next request of the pipeline, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.dead:
            self.transport.close()
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self.stage == IDLE:
            self.deadline = self.loop.time() + self.limits.keep_alive_seconds
        elif self.stage == HEAD:
            self.deadline = self.loop.time() + self.limits.receive_seconds

    def _in_flight(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, limit: str) -> None:
        """Answer if nothing else is being answered, then end the connection."""
        self.settle()
        HTTP_REFUSED.labels(limit).inc()
        self.dead = True
        cycle = self.cycle
        if self.stage == BODY and cycle is not None:  # the request at fault is with the application already
            if self._in_flight() and not cycle.response_started and not self.pipeline:
                cycle.disconnected = True
                cycle.message_event.set()
                self._last_words(limit)
            else:
                self.transport.close()
        elif self._in_flight():  # an earlier request deserves its answer; on_response_complete closes after it
            self.pipeline.clear()
        else:
            self._last_words(limit)

    def _last_words(self, limit: str) -> None:
        """Write an answer and half-close: closing while the peer still sends would make it lose the answer."""
        self.transport.write(self.answers.render(limit, self.url))
        self.lingering = True
        if self.transport.can_write_eof():
            self.deadline = self.loop.time() + LINGER_SECONDS
            self.transport.write_eof()
        else:
            self.transport.close()

    # Time.

    def expire(self, now: float) -> None:
        """End this connection if it took too long over something. Called by the server's sweep.

        Args:
            now: the loop's time, in seconds.
        """
        if now > self.write_deadline:
            HTTP_REFUSED.labels("write_timeout").inc()
            self.dead = True
            self.transport.abort()
        elif self.transport.is_closing():
            self._bury(now)
        elif now > self.deadline and not self._waiting_for_us():
            if self.dead:
                self.transport.abort()
                return
            HTTP_REFUSED.labels(_TIMEOUT_NAME[self.stage]).inc()
            self.dead = True
            self.transport.close()

    def _waiting_for_us(self) -> bool:
        """The peer did its part: the application has the request, or is slow to read it."""
        return self._in_flight() and (self.stage != BODY or self.flow.read_paused) and not self.lingering

    def _bury(self, now: float) -> None:
        if math.isinf(self.buried_at):
            self.buried_at = now + LINGER_SECONDS
        elif now > self.buried_at:
            self.transport.abort()


_TIMEOUT_NAME: Final = {IDLE: "keep_alive", HEAD: "header_timeout", BODY: "body_timeout"}

"""Requests that need not wait, answered together: all that came in one turn of the event loop.

Reading a request, working out its answer and sending it are three bodies of code, and a processor's caches hold about
one of them. Under load many requests arrive in one turn; taken one by one, each pays for bringing all three in again.
So they are read first, worked out then, and sent last. Alone in its turn a request is answered as soon as it was read.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

from tidegate.app.bounds import HttpLimits
from tidegate.app.peers import Peers
from tidegate.app.protocol import IDLE, Connection
from tidegate.app.refusals import Answers
from tidegate.http.call import Call
from tidegate.http.shortcut import Shortcut, Waits

TOGETHER: Final = 32
"""Requests that are answered without waiting for the end of the turn, which a flood of others can put off: the first of
them waits for so many to be read and worked out, some milliseconds."""


class Turn:
    """The requests of one turn of the event loop, over all connections of a listener."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[PromptConnection] = []

    def add(self, connection: "PromptConnection") -> None:
        """Have the request that a connection holds answered at the end of this turn, or sooner where many are."""
        waiting = self._waiting
        if not waiting:
            connection.loop.call_soon(self.answer)
        waiting.append(connection)
        if len(waiting) >= TOGETHER:
            self.answer()

    def answer(self) -> None:
        """Answer what came; what comes meanwhile is for the next time."""
        waiting, self._waiting = self._waiting, []
        worked_out = [(connection.transport, connection.worked_out()) for connection in waiting]
        for transport, octets in worked_out:
            if octets:
                transport.write(octets)


class PromptConnection(Connection):
    """A connection whose POSTs to certain paths are answered without a task of their own.

    A request is held from the end of its head to the end of the turn, one for each connection at most. Whatever else
    happens to the connection before that settles it first, so that answers leave in the order of their requests and a
    connection that is being closed gets its last one.

    Used through `bound_to`.
    """

    turn: ClassVar[Turn]
    shortcuts: ClassVar[Mapping[bytes, Shortcut]]
    held: Shortcut | None = None

    def hold(self, method: bytes) -> bool:
        """Hold a request that has its connection to itself, if there is a shortcut to its answer."""
        if method == b"POST":
            self.held = self.shortcuts.get(self.url)
        return self.held is not None

    def settle(self) -> None:
        """Answer the request that is held now, rather than with others."""
        if self.held is not None and (octets := self.worked_out()):
            self.transport.write(octets)

    def worked_out(self) -> bytes:
        """The answer to the request that is held.

        Returns:
            its octets; none where nothing is held any more, nobody is there to read them, or the request has to wait
            and goes the ordinary way.
        """
        shortcut, self.held = self.held, None
        if shortcut is None or self.transport.is_closing():
            return b""
        try:
            status, rest = shortcut(self.headers, self.client, self.scheme or "http")
        except Waits as waits:
            self._wait(waits.call)
            return b""
        except Exception as error:  # noqa: BLE001 - a shortcut never raises; if one did, others would pay for it
            self.loop.call_exception_handler({"message": "a shortcut failed", "exception": error})
            self.transport.abort()
            return b""
        self.server_state.total_requests += 1
        return self.head_of(status) + rest

    def _wait(self, call: Call) -> None:
        """Go the ordinary way, with what is known of the request by now."""
        cycle = self.begin(b"POST", "1.1", stays=True, first=True, call=call)
        if self.stage == IDLE:
            cycle.more_body = False
            cycle.message_event.set()

    # What settles a request: the next one, a body, an end.

    def on_message_begin(self) -> None:
        """A request begins."""
        if self.held is not None:
            self.settle()
        super().on_message_begin()

    def on_chunk_header(self) -> None:
        """A piece of a body without a length begins, be it an empty one: the request has to wait."""
        self.settle()

    def on_body(self, body: bytes) -> None:
        """A piece of the body: the request has to wait."""
        self.settle()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here in full."""
        super().on_message_complete()
        if self.held is not None:
            self.turn.add(self)

    def eof_received(self) -> None:
        """The peer sends no more, and may still read."""
        self.settle()
        super().eof_received()

    def shutdown(self) -> None:
        """The server is stopping."""
        self.settle()
        super().shutdown()


def bound_to(
    limits: HttpLimits, answers: Answers, shortcuts: Mapping[bytes, Shortcut], peers: Peers
) -> type[Connection]:
    """A class of connections for one listener.

    Args:
        limits: its bounds.
        answers: what it says when one of them is reached.
        shortcuts: to answers of POSTs, by the request target as sent.
        peers: counts each address's connections.

    Returns:
        A subclass to be given to uvicorn as its protocol.
    """
    carried = {"limits": limits, "answers": answers, "peers": peers, "shortcuts": shortcuts, "turn": Turn()}
    return type("BoundConnection", (PromptConnection,), carried)

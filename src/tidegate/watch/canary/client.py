"""One open socket at Stream: what arrives is timed, and what a stranger could send is bounded."""

import asyncio
import logging
import ssl
from typing import Final

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.http.outgoing import trust
from tidegate.watch.canary.model import SocketError, Trouble, error_code, read_frame

FRAME_OCTETS: Final = 256 * 1024
"""The largest frame: the first one shows the whole user, with what it has muted and blocked."""

FRAMES_WAITING: Final = 16
FRAMES_MOST: Final = 300
"""Frames in `FRAMES_SECONDS`. A canary causes a handful; what sends more is not Stream, or not well."""

FRAMES_SECONDS: Final = 10.0
FIRST_FRAMES: Final = 8
"""Frames among which one must tell the connection's id; Stream's documentation says that the first does."""

PING_SECONDS: Final = 25.0
"""Whether Stream ends a connection on which the client is silent is not established. A ping does no harm, and
nothing is made of a pong that does not come."""

_CLOSE_SECONDS: Final = 0.5


class _Direct(connect):
    """Goes to one address and nowhere else: a redirect would take the token along."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Socket:
    """An open connection of one user; :func:`opened` makes it.

    Args:
        connection: of the library.
        connection_id: as the first frame told it.
        clock: by which arrivals are timed.

    Attributes:
        connection_id: by which a call names this socket.
        since: when it was opened, monotonic seconds.
    """

    def __init__(self, connection: ClientConnection, connection_id: str, clock: Clock) -> None:
        self.connection_id: Final = connection_id
        self.since: Final = clock.monotonic()
        self._connection = connection
        self._clock = clock
        self._trouble: SocketError | None = None
        self._awaited: dict[str, asyncio.Future[float]] = {}
        self._leaving: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self._reading = asyncio.get_running_loop().create_task(self._read())

    @property
    def open(self) -> bool:
        """Whether it can still be heard on."""
        return self._trouble is None

    def expect(self, message_id: str) -> "asyncio.Future[float]":
        """Have an arrival timed.

        Args:
            message_id: of a message that is about to be sent.

        Returns:
            done with the arrival's moment, in monotonic seconds, or with a ``SocketError`` when the socket ends first.
        """
        awaited = self._awaited[message_id] = asyncio.get_running_loop().create_future()
        awaited.add_done_callback(lambda _: self._awaited.pop(message_id, None))
        if self._trouble is not None:
            awaited.set_exception(self._trouble)
        return awaited

    def leave_after(self, seconds: float) -> None:
        """Close by itself where nobody calls this again in time: another replica may have become the prober.

        Args:
            seconds: from now.
        """
        if self._leaving is not None:
            self._leaving.cancel()
        self._leaving = asyncio.get_running_loop().call_later(seconds, self._leave)

    async def close(self, end: str) -> None:
        """Close it; what it says afterwards is not heard.

        Args:
            end: why, a label of the metric.
        """
        if self._leaving is not None:
            self._leaving.cancel()
        self._reading.cancel()
        self._ended(SocketError(Trouble.BROKEN), end)
        await self._connection.close()

    def _leave(self) -> None:
        self._closing = asyncio.get_running_loop().create_task(self.close("unused"))

    def _ended(self, trouble: SocketError, end: str) -> None:
        if self._trouble is None:
            self._trouble = trouble
            metrics.CANARY_ENDS.labels(end).inc()
        for awaited in list(self._awaited.values()):
            if not awaited.done():
                awaited.set_exception(trouble)

    async def _read(self) -> None:
        """Take in frames until the socket ends; each is read, or a full buffer would hold back the next."""
        trouble = SocketError(Trouble.BROKEN)
        window, frames = self._clock.monotonic(), 0
        try:
            while True:
                octets = await self._connection.recv(decode=False)
                now = self._clock.monotonic()
                if now - window >= FRAMES_SECONDS:
                    window, frames = now, 0
                frames += 1
                if frames > FRAMES_MOST:
                    trouble = SocketError(Trouble.FLOODED)
                    self._connection.transport.abort()
                    return
                self._take(octets, now)
        except SocketError as told:
            trouble = told
            self._connection.transport.abort()
        except (OSError, WebSocketException):
            pass
        finally:
            self._ended(trouble, trouble.trouble.value)

    def _take(self, octets: bytes | str, now: float) -> None:
        frame = read_frame(octets)
        if frame.error is not None:
            raise SocketError(Trouble.REFUSED, code=frame.error)
        awaited = None if frame.message_id is None else self._awaited.get(frame.message_id)
        if awaited is not None and not awaited.done():
            awaited.set_result(now)


async def opened(url: str, clock: Clock, timeout_s: float) -> Socket:
    """Connect, and wait for the first frame.

    Args:
        url: with the token in it; it appears in no error.
        clock: for times.
        timeout_s: seconds for all of it.

    Returns:
        a socket that is read from now on.

    Raises:
        SocketError: any trouble but ``broken``.
    """
    try:
        async with asyncio.timeout(timeout_s):
            connection = await _direct(url)
            try:
                return Socket(connection, await _first(connection), clock)
            except BaseException:
                connection.transport.abort()
                raise
    # The library's exceptions can hold the address and so the token: they are not chained.
    except TimeoutError:
        raise SocketError(Trouble.TIMED_OUT) from None
    except ssl.SSLError:
        raise SocketError(Trouble.UNTRUSTED) from None
    except InvalidStatus as answer:
        raise _in_place_of_a_socket(answer) from None
    except ConnectionClosed:
        raise SocketError(Trouble.REFUSED) from None
    except (OSError, EOFError, WebSocketException, ValueError):
        raise SocketError(Trouble.UNREACHABLE) from None


def _direct(url: str) -> _Direct:
    return _Direct(
        url,
        ssl=trust() if url.startswith("wss:") else None,
        compression=None,
        proxy=None,
        open_timeout=None,
        ping_interval=PING_SECONDS,
        ping_timeout=None,
        close_timeout=_CLOSE_SECONDS,
        max_size=FRAME_OCTETS,
        max_queue=FRAMES_WAITING,
        logger=_silent(),
    )


async def _first(connection: ClientConnection) -> str:
    """The connection's id."""
    for _ in range(FIRST_FRAMES):
        frame = read_frame(await connection.recv(decode=False))
        if frame.error is not None:
            raise SocketError(Trouble.REFUSED, code=frame.error)
        if frame.connection_id is not None:
            return frame.connection_id
    raise SocketError(Trouble.REFUSED)


def _in_place_of_a_socket(answer: InvalidStatus) -> SocketError:
    """An HTTP answer; it may hold the error that a call would have got."""
    try:
        body = orjson.loads(answer.response.body or b"")
    except orjson.JSONDecodeError:
        body = None
    code = error_code(body) if isinstance(body, dict) else None
    trouble = Trouble.NO_SOCKET if code is None else Trouble.REFUSED
    return SocketError(trouble, code=code, status=answer.response.status_code)


def _silent() -> logging.Logger:
    """The library logs the request line at debug level, and the token stands in it."""
    logger = logging.getLogger("tidegate.canary.socket")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    return logger

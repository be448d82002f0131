"""One run of the canary: a socket that is open, a message, its arrival."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import structlog

from tidegate import metrics
from tidegate.clock import Clock, seconds_of
from tidegate.credentials import Access
from tidegate.upstream.channels import ChannelName
from tidegate.upstream.errors import NotFound, RateLimited, TokenExpired, UpstreamError, UpstreamTimeout, error_type
from tidegate.upstream.model import Operation, StreamChannel
from tidegate.upstream.quota import Quota
from tidegate.watch.canary import findings as f
from tidegate.watch.canary.client import Socket, opened
from tidegate.watch.canary.model import SocketError, socket_url
from tidegate.watch.probes.causes import CAUSES
from tidegate.watch.probes.model import Outcome, ProbeSpec, State

RENEW_SECONDS: Final = 600.0
"""A connection older than this is opened anew: that connecting works is part of what is watched."""

TRUNCATE_SECONDS: Final = 86_400.0
"""What was said is removed as often, so that the channel stays small."""

TOKEN_SECONDS: Final = 900
"""Life of the canary's token, longer than a connection is kept."""

UNUSED_PERIODS: Final = 3
"""After as many periods without a run the connection closes: another replica probes now."""

REVOKED_SECONDS: Final = 6.0
"""Seconds after which a token can be dated behind a revocation for the whole app that has just been made."""

_Answer = TypeVar("_Answer")
_PHASES: Final = 5
_TEXT: Final = "A message of Tidegate's canary. It watches whether messages arrive, and nobody has to read it."


class Speaking(Protocol):
    """The calls that the canary makes."""

    async def create(self, channel: ChannelName, *, by: str) -> StreamChannel:
        """Get the channel, made where it is not there."""
        ...

    async def watch(self, channel: ChannelName, connection_id: str, *, access: Access) -> StreamChannel:
        """Hear what happens there on an open socket."""
        ...

    async def send(self, channel: ChannelName, message_id: str, text: str, *, by: str) -> None:
        """Say something."""
        ...

    async def truncate(self, channel: ChannelName) -> None:
        """Remove all messages."""
        ...


@dataclass(frozen=True, slots=True)
class CanaryOptions:
    """Who the canary is and how patient.

    Attributes:
        base_url: of Stream's API.
        user_id: of the canary; none that an app's user can be given.
        channel: of its own.
        period_s: seconds from one message to the next.
        timeout_s: seconds for connecting, for each call, and for the arrival of a message.
    """

    base_url: str
    user_id: str
    channel: ChannelName
    period_s: float = 30.0
    timeout_s: float = 5.0


class Canary:
    """A probe; used from one event loop, one run at a time.

    Args:
        channels: the calls of the client.
        quota: what is left of Stream's limits.
        access: makes key and user token of the canary, with which it connects.
        generation: what signs now; a connection of another generation is opened anew.
        options: who and how.
        clock: for all times.
    """

    def __init__(
        self,
        channels: Speaking,
        quota: Quota,
        access: Callable[[], Access],
        generation: Callable[[], str],
        options: CanaryOptions,
        clock: Clock,
    ) -> None:
        self._channels = channels
        self._quota = quota
        self._access = access
        self._generation = generation
        self._options = options
        self._clock = clock
        self._socket: Socket | None = None
        self._signed_by = ""
        self._created = False
        self._emptied_at = clock.now()
        self._connect_s: float | None = None
        self._drops = 0
        self._log = structlog.get_logger("tidegate.watch")
        self.spec: Final = spec(options)

    async def run(self) -> Outcome:
        """Say something and hear it, or find out what is in the way."""
        figures: dict[str, float] = {}
        try:
            finding = await self._run(figures)
        except SocketError as error:
            finding = f.of_socket(error)
        except UpstreamError as error:
            finding = f.of_call(error)
            if isinstance(error, NotFound):
                self._created = False  # somebody has removed the channel
        if self._connect_s is not None:
            figures["connect_seconds"] = self._connect_s
        at = self._clock.now()
        return Outcome(
            probe=self.spec.name,
            at=at,
            state=finding.state,
            since=at,
            cause=finding.cause or "",
            text="" if finding.cause is None else CAUSES[finding.cause].text,
            blame=finding.blame,
            sure=finding.sure,
            figures=figures,
        )

    async def aclose(self) -> None:
        """Close the socket, if one is open."""
        if self._socket is not None:
            await self._socket.close("closed")
            self._socket = None

    async def _run(self, figures: dict[str, float]) -> f.Finding:
        if self._quota.wait_seconds(Operation.SEND_MESSAGE, 0.0) > 0:
            raise RateLimited(Operation.SEND_MESSAGE.label)
        dropped = self._socket is not None and not self._socket.open
        self._drops = self._drops + 1 if dropped else 0
        socket = await self._connected()
        try:
            finding = await self._deliver(socket, figures)
        except SocketError:
            # The connection ended while the message was under way: one more chance on a new one.
            self._drops += 1
            finding = await self._deliver(await self._connected(), figures)
        if finding.state is State.OK and self._drops > 1:
            finding = f.DROPPING
        await self._tidy()
        return finding

    async def _connected(self) -> Socket:
        """The open socket, which watches the channel; a new one where there is none, or the old one's time is up."""
        socket = self._socket
        if socket is not None:
            renew = self._clock.monotonic() - socket.since >= RENEW_SECONDS or self._generation() != self._signed_by
            if socket.open and not renew:
                self._keep(socket)
                return socket
            self._socket = None
            await socket.close("renewed")
        try:
            socket = await self._open()
        except SocketError as error:
            if error.code is None or not issubclass(error_type(error.status or 400, error.code), TokenExpired):
                raise
            # As after a revocation for everybody, until a token can be dated behind it.
            await asyncio.sleep(REVOKED_SECONDS)
            socket = await self._open()
        self._socket = socket
        self._keep(socket)
        return socket

    async def _open(self) -> Socket:
        options = self._options
        began = self._clock.monotonic()
        generation, access = self._generation(), self._access()
        url = socket_url(options.base_url, access.api_key, access.token, options.user_id)
        try:
            socket = await opened(url, self._clock, options.timeout_s)
        except SocketError as error:
            metrics.CANARY_ENDS.labels(error.trouble.value).inc()
            raise
        try:
            connected = self._clock.monotonic() - began
            if not self._created:
                # Not before, since connecting is what makes the user.
                await self._in_time(Operation.QUERY_CHANNEL, self._channels.create(options.channel, by=options.user_id))
                self._created = True
            watching = self._channels.watch(options.channel, socket.connection_id, access=access)
            self._emptied_at = _emptied(await self._in_time(Operation.QUERY_CHANNEL, watching), self._emptied_at)
        except BaseException:
            await socket.close("unused")
            raise
        self._connect_s = connected
        metrics.CANARY_CONNECT.observe(connected)
        self._signed_by = generation
        return socket

    def _keep(self, socket: Socket) -> None:
        socket.leave_after(UNUSED_PERIODS * self._options.period_s + _PHASES * self._options.timeout_s)

    async def _deliver(self, socket: Socket, figures: dict[str, float]) -> f.Finding:
        """Send a message; where it does not arrive, another one at once."""
        under_way: dict[asyncio.Future[float], float] = {}
        try:
            for finding in (None, f.LOST_ONE):
                began = await self._send(socket, under_way)
                arrived, _ = await asyncio.wait(
                    under_way, timeout=self._options.timeout_s, return_when=asyncio.FIRST_COMPLETED
                )
                if arrived:
                    return self._arrived(arrived, under_way, figures, finding)
                self._log.warning("canary_lost", waited_s=round(self._clock.monotonic() - began, 1))
            self._lost(len(under_way), figures)
            return f.LOST
        finally:
            for awaited in under_way:
                if not awaited.cancel() and not awaited.cancelled():
                    awaited.exception()  # looked at, or the loop would complain that nobody did

    async def _send(self, socket: Socket, under_way: "dict[asyncio.Future[float], float]") -> float:
        message_id = f"tidegate-canary-{uuid.uuid4()}"
        began = self._clock.monotonic()
        under_way[socket.expect(message_id)] = began
        sending = self._channels.send(self._options.channel, message_id, _TEXT, by=self._options.user_id)
        await self._in_time(Operation.SEND_MESSAGE, sending)
        return began

    def _arrived(
        self,
        arrived: "set[asyncio.Future[float]]",
        under_way: "dict[asyncio.Future[float], float]",
        figures: dict[str, float],
        finding: f.Finding | None,
    ) -> f.Finding:
        """Take the time of the message that came; with the second one the first may be lost."""
        seconds = max(0.0, *(one.result() - under_way[one] for one in arrived))
        metrics.CANARY_DELIVERY.observe(seconds)
        figures["delivery_seconds"] = seconds
        # The first one, if it is only late, makes the second one's arrival no loss.
        lost = 0 if finding is None or next(iter(under_way)) in arrived else 1
        self._lost(lost, figures)
        if lost and finding is not None:
            return finding
        return f.SLOW if seconds >= f.SLOW_SECONDS else f.WELL

    def _lost(self, count: int, figures: dict[str, float]) -> None:
        figures["lost"] = float(count)
        metrics.CANARY_LOST.inc(count)

    async def _tidy(self) -> None:
        """Remove what was said, once a day; where that fails, with the next connection."""
        if self._clock.now() - self._emptied_at < TRUNCATE_SECONDS:
            return
        self._emptied_at = self._clock.now()
        with contextlib.suppress(UpstreamError):
            await self._in_time(Operation.TRUNCATE_CHANNEL, self._channels.truncate(self._options.channel))

    async def _in_time(self, operation: Operation, call: Awaitable[_Answer]) -> _Answer:
        try:
            async with asyncio.timeout(self._options.timeout_s):
                return await call
        except TimeoutError:
            raise UpstreamTimeout(operation.label) from None


def spec(options: CanaryOptions) -> ProbeSpec:
    """What the canary does and costs."""
    runs = options.period_s
    return ProbeSpec(
        name="canary",
        title="A message arrives",
        period_s=options.period_s,
        timeout_s=_PHASES * options.timeout_s,
        calls={
            Operation.SEND_MESSAGE.label: 1.0,
            "connect": runs / RENEW_SECONDS,
            Operation.QUERY_CHANNEL.label: runs / RENEW_SECONDS,
            Operation.TRUNCATE_CHANNEL.label: runs / TRUNCATE_SECONDS,
        },
    )


def _emptied(channel: StreamChannel, known: float) -> float:
    """When the channel was last empty, by what Stream says of it: so that restarts change nothing."""
    for stamp in (channel.truncated_at, channel.created_at):
        if stamp is not None:
            with contextlib.suppress(ValueError):
                return seconds_of(stamp)
    return known

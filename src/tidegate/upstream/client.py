"""The client of Stream's server API: the calls that Tidegate makes, and no others.

Every call that is repeated may be repeated without harm: reading, creating or
replacing by id, setting fields to given values. A message is sent once.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import orjson
from structlog.typing import FilteringBoundLogger

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.credentials import Access
from tidegate.upstream.breaker import Breaker, Verdict
from tidegate.upstream.channels import Channels
from tidegate.upstream.errors import (
    BreakerOpen,
    UnexpectedAnswer,
    UpstreamBusy,
    UpstreamError,
    error_type,
)
from tidegate.upstream.model import (
    MAX_USERS_PER_CALL,
    Operation,
    PartialUpdate,
    RateLimit,
    StreamApp,
    StreamUser,
    encoded_payload,
    query_pages,
    rate_limits,
    users_query,
)
from tidegate.upstream.moderation import Moderation
from tidegate.upstream.quota import Quota, number
from tidegate.upstream.retry import RetryPolicy
from tidegate.upstream.wire import Wire, WireAnswer

_WINDOW_SECONDS: Final = 60.0
_AT_ONCE_SECONDS: Final = 1.0
_SUCCESSFUL: Final = range(200, 300)  # RFC 9110, section 15.3


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """Bounds of the client.

    Attributes:
        base_url: where Stream is, without a slash at the end.
        timeout_s: seconds for a whole call, its retries included.
        concurrency: calls under way at once.
        connections: connections open at once.
        waiting: calls that may wait for their turn; further ones fail at once.
        waiting_s: seconds that a call may wait for its turn.
        answer_bytes: the longest answer that is read.
        enable_logging: whether each attempt leaves a log line.
        retry: when to try again.
    """

    base_url: str
    timeout_s: float = 10.0
    concurrency: int = 8
    connections: int = 8
    waiting: int = 128
    waiting_s: float = 1.0
    answer_bytes: int = 4 * 1024 * 1024
    enable_logging: bool = False
    retry: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True, slots=True)
class _Call:
    operation: Operation
    path: str
    query: str
    content: bytes | None
    deadline: float
    probe: bool
    access: Access | None


class StreamClient:
    """Stream's server API for one app.

    Args:
        access: gives the key and the server token of a call; asked for each attempt.
        options: bounds.
        clock: for durations, and for Stream's reset times.
        breaker: asked before each attempt, told its outcome.
        quota: told what each answer says of the limits.
        log: where the debug log goes.

    Attributes:
        moderation: the calls by which a token or a user loses its rights.
        channels: the calls of the canary.
        told_time: told, of each answer that came at once, Stream's clock less ours, seconds.
    """

    def __init__(
        self,
        access: Callable[[], Access],
        options: ClientOptions,
        *,
        clock: Clock,
        breaker: Breaker,
        quota: Quota,
        log: FilteringBoundLogger,
    ) -> None:
        self._access = access
        self._base = options.base_url.rstrip("/")
        self._options = options
        self._clock = clock
        self.breaker: Final = breaker
        self.quota: Final = quota
        self._log = log
        self.moderation: Final = Moderation(self._call)
        self.channels: Final = Channels(self._call)
        self.told_time: Callable[[float], None] = lambda _: None
        self._slots = asyncio.Semaphore(options.concurrency)
        self._waiting = 0
        self._heard_users: Callable[[Iterable[StreamUser]], None] = lambda _: None
        self._wire = Wire(
            timeout_s=options.timeout_s, connections=options.connections, answer_bytes=options.answer_bytes
        )

    async def app(self, *, probe: bool = False, access: Access | None = None) -> StreamApp:
        """``GET /app``: the app's own settings.

        Args:
            probe: one attempt only, made even while the breaker is open.
            access: other credentials than those in use, to find out whether Stream takes them.

        Raises:
            UpstreamError: any of its kinds.
        """
        attempts = 1 if probe else None
        answer, server_time = await self._call(Operation.GET_APP, attempts=attempts, probe=probe, access=access)
        return StreamApp.from_answer(answer, server_time)

    async def rate_limits(self, *, attempts: int | None = None) -> dict[str, RateLimit]:
        """``GET /rate_limits``: the server side's limits, by Stream's endpoint names.

        Args:
            attempts: tries of the call; None for the client's own number.

        Raises:
            UpstreamError: any of its kinds.
        """
        answer, _ = await self._call(Operation.GET_RATE_LIMITS, query="&server_side=true", attempts=attempts)
        return rate_limits(answer)

    def on_users(self, heard: Callable[[Iterable[StreamUser]], None]) -> None:
        """Have somebody told of users whenever Stream was asked for some, whoever asked.

        Args:
            heard: quick, and does not raise.
        """
        self._heard_users = heard

    async def query_users(self, ids: Sequence[str], *, attempts: int | None = None) -> dict[str, StreamUser]:
        """``GET /users``: which of these users exist, deactivated ones included.

        Args:
            ids: any number; cut into as many calls as needed (:func:`query_pages`).
            attempts: tries of each call; None for the client's own number.

        Returns:
            the users found, by id.

        Raises:
            UpstreamError: any of its kinds.
        """
        found: dict[str, StreamUser] = {}
        for page in query_pages(ids):
            query = f"&payload={encoded_payload(users_query(page))}"
            answer, _ = await self._call(Operation.QUERY_USERS, query=query, attempts=attempts)
            users = answer.get("users")
            for fields in users if isinstance(users, list) else ():
                user = StreamUser.from_answer(fields) if isinstance(fields, dict) else None
                if user is not None:
                    found[user.id] = user
        self._heard_users(found.values())
        return found

    async def upsert_users(self, users: Sequence[Mapping[str, object]], *, attempts: int | None = None) -> None:
        """``POST /users``: create, or replace whole: a field that is not given is lost.

        Args:
            users: at most 100, each with its ``id``.
            attempts: tries of the call; None for the client's own number.

        Raises:
            UpstreamError: any of its kinds; one bad user fails all.
            ValueError: more than 100.
        """
        _at_most(len(users))
        body = {"users": {str(user["id"]): user for user in users}}
        await self._call(Operation.UPSERT_USERS, body=body, attempts=attempts)

    async def update_users_partial(self, users: Sequence[PartialUpdate], *, attempts: int | None = None) -> None:
        """``PATCH /users``: set fields of users that exist.

        Args:
            users: at most 100.
            attempts: tries of the call; None for the client's own number.

        Raises:
            UpstreamError: any of its kinds; one bad user fails all.
            ValueError: more than 100.
        """
        _at_most(len(users))
        body = {"users": [user.wire() for user in users]}
        await self._call(Operation.UPDATE_USERS, body=body, attempts=attempts)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._wire.aclose()

    async def _call(
        self,
        operation: Operation,
        *,
        query: str = "",
        body: Mapping[str, object] | None = None,
        attempts: int | None = None,
        probe: bool = False,
        parts: Mapping[str, str] = MappingProxyType({}),
        access: Access | None = None,
    ) -> tuple[Mapping[str, object], float | None]:
        loop = asyncio.get_running_loop()
        path = operation.path
        for name, value in parts.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        call = _Call(
            operation,
            path=path,
            query=query,
            content=None if body is None else orjson.dumps(body),
            deadline=loop.time() + self._options.timeout_s,
            probe=probe,
            access=access,
        )
        tried = 0
        while True:
            tried += 1
            try:
                return await self._in_turn(call)
            except UpstreamError as error:
                last_try = attempts is not None and tried >= attempts
                wait = None if last_try else self._options.retry.wait_seconds(error, tried)
                if wait is None or loop.time() + wait >= call.deadline:
                    raise
                metrics.UPSTREAM_RETRIES.labels(operation.label).inc()
            await asyncio.sleep(wait)

    async def _in_turn(self, call: _Call) -> tuple[Mapping[str, object], float | None]:
        """One attempt, when a slot is free."""
        if not call.probe and self.breaker.retry_after > 0:
            raise self._left_alone(call)
        await self._take_slot(call)
        try:
            return await self._attempt(call)
        finally:
            self._slots.release()

    async def _take_slot(self, call: _Call) -> None:
        if self._slots.locked() and self._waiting >= self._options.waiting:
            raise _busy(call, "waiting_calls")
        self._waiting += 1
        metrics.UPSTREAM_WAITING.inc()
        patience = asyncio.get_running_loop().time() + self._options.waiting_s
        try:
            async with asyncio.timeout_at(min(call.deadline, patience)):
                await self._slots.acquire()
        except TimeoutError:
            raise _busy(call, "waiting_ms") from None
        finally:
            self._waiting -= 1
            metrics.UPSTREAM_WAITING.dec()

    async def _attempt(self, call: _Call) -> tuple[Mapping[str, object], float | None]:
        permit = self.breaker.enter(probe=call.probe)
        if permit is None:
            raise self._left_alone(call)
        verdict, code = Verdict.UNKNOWN, "cancelled"
        key, token = call.access or self._access()
        started = self._clock.monotonic()
        metrics.UPSTREAM_CONNECTIONS.inc()
        try:
            answer = await self._wire.exchange(
                call.operation,
                f"{self._base}{call.path}?api_key={quote(key, safe='')}{call.query}",
                authorization=token,
                content=call.content,
                deadline=call.deadline,
            )
            self._note_time(answer, self._clock.monotonic() - started)
            result = self._judge(call.operation, answer)
            verdict, code = Verdict.ALIVE, "ok"
        except UpstreamError as error:
            verdict, code = _verdict(error), error.label
            raise
        finally:
            metrics.UPSTREAM_CONNECTIONS.dec()
            self.breaker.leave(permit, verdict)
            self._record(call.operation, key, code, self._clock.monotonic() - started)
        return result, answer.server_time

    def _note_time(self, answer: WireAnswer, seconds: float) -> None:
        if answer.server_time is not None and seconds < _AT_ONCE_SECONDS:
            # A date has its fraction cut off, and was written somewhere on the way there and back.
            self.told_time(answer.server_time + 0.5 - (self._clock.now() - seconds / 2))

    def _judge(self, operation: Operation, answer: WireAnswer) -> Mapping[str, object]:
        self.quota.observe(operation, answer.headers)
        body = _json_object(answer.body)
        if answer.status in _SUCCESSFUL:
            if body is None:
                raise UnexpectedAnswer(operation.label, status=answer.status, server_time=answer.server_time)
            return body
        code = body.get("code") if body is not None else None
        known = code if isinstance(code, int) and not isinstance(code, bool) else None
        raise error_type(answer.status, known)(
            operation.label,
            code=known,
            status=answer.status,
            retry_after=self._retry_after(answer),
            server_time=answer.server_time,
        )

    def _retry_after(self, answer: WireAnswer) -> float | None:
        """Seconds by ``Retry-After``, else to the end of the window, at most one window; None where not told."""
        told = number(answer.headers.get("retry-after"))
        reset = number(answer.headers.get("x-ratelimit-reset"))
        if told is None and reset is not None:
            told = max(0.0, reset - self._clock.now())
        return None if told is None else min(_WINDOW_SECONDS, told)

    def _left_alone(self, call: _Call) -> BreakerOpen:
        metrics.UPSTREAM_LIMITED.labels("breaker").inc()
        return BreakerOpen(call.operation.label, retry_after=self.breaker.retry_after)

    def _record(self, operation: Operation, api_key: str, code: str, seconds: float) -> None:
        metrics.UPSTREAM_DURATION.labels(operation.label, code).observe(seconds)
        if self._options.enable_logging:
            limit = self.quota.current(operation)
            self._log.info(
                "upstream_call",
                operation=operation.label,
                app=f"{api_key[:4]}…",
                code=code,
                duration_ms=round(seconds * 1000, 1),
                quota_limit=limit.limit if limit else None,
                quota_remaining=limit.remaining if limit else None,
            )


def _busy(call: _Call, limit: str) -> UpstreamBusy:
    metrics.UPSTREAM_LIMITED.labels(limit).inc()
    return UpstreamBusy(call.operation.label)


def _verdict(error: UpstreamError) -> Verdict:
    if error.outage:
        return Verdict.FAILING
    # Something answered, but whether it was Stream is not known.
    return Verdict.UNKNOWN if isinstance(error, UnexpectedAnswer) else Verdict.ALIVE


def _json_object(octets: bytes) -> Mapping[str, object] | None:
    """The body as a JSON object; None for the edge's plain text and anything else."""
    try:
        value = orjson.loads(octets)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _at_most(count: int) -> None:
    if count > MAX_USERS_PER_CALL:
        raise ValueError(f"{count} users in one call; Stream takes at most {MAX_USERS_PER_CALL}")

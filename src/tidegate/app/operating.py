"""What stands before the operator's routes: nobody gets to the framework without a key."""

from collections.abc import Callable
from typing import Final

import structlog

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.http.answer import AsgiApp, Message, Receive, Scope, Send
from tidegate.http.call import SCOPE_KEY as CALL_KEY
from tidegate.http.call import Call
from tidegate.http.hosts import HostRule
from tidegate.http.operators import PREFIX, SCOPE_KEY, Operator, OperatorCall, Operators
from tidegate.http.proxy import limit_key
from tidegate.limits import Gcra

_ROOT: Final = PREFIX.rsplit("/", 1)[0]
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Recorder = Callable[[OperatorCall], None]


def log_call(call: OperatorCall) -> None:
    """Record a call in the log: a change and a refusal as a warning, a look as information.

    Args:
        call: answered.
    """
    log = structlog.get_logger("tidegate.operator")
    write = log.info if call.method in {"GET", "HEAD"} and call.operator is not None else log.warning
    write(
        "operator_call",
        operator=call.operator,
        role=call.role,
        method=call.method,
        route=call.route,
        status=call.status,
        reason=call.reason,
        request_id=call.request_id,
        client=call.client,
        trace_id=call.trace,
    )


class OperatorGate:
    """The ASGI application around the framework's on the operator's listener.

    Whatever lies under ``/operator`` needs a host that is ours, no page of another origin and an accepted key; its
    body is read whole, up to the limit. Other paths pass as they are.

    A right key is always let in, however many wrong ones came before it: their limit bounds what is recorded of them,
    and would otherwise be a means to keep operators out.

    Args:
        inner: the framework's application.
        operators: whose keys are accepted.
        hosts: names of the listener.
        failures: the limit of refused keys, by client address.
        body_bytes: the most that a body may have.
        clock: for the limit.
        record: told of each call.
    """

    def __init__(
        self,
        inner: AsgiApp,
        *,
        operators: Operators,
        hosts: HostRule,
        failures: Gcra,
        body_bytes: int,
        clock: Clock,
        record: Recorder = log_call,
    ) -> None:
        self._inner = inner
        self._operators = operators
        self._hosts = hosts
        self._failures = failures
        self._body_bytes = body_bytes
        self._clock = clock
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] != "http" or not _is_guarded(scope["path"]):
            await self._inner(scope, receive, send)
            return
        call: Call = scope[CALL_KEY]
        status = 500

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            self._admit(call, scope)
            await self._inner(scope, await self._read(call, receive), seen)
        except Refusal as refusal:
            status = refusal.spec.status
            call.refused(refusal)
            raise
        finally:
            self._note(call, scope, status)

    def _admit(self, call: Call, scope: Scope) -> None:
        """Host and origin, then the key; the first that does not hold is the answer."""
        self._hosts.check(scope["headers"], call.scheme)
        if call.twice:
            raise Refusal(Reason.OPERATOR_KEY_REFUSED, "The Authorization header stands more than once.")
        try:
            operator = self._operators.identify(call.authorization)
        except Refusal:
            self._failures.spend(limit_key(call.client), self._clock.monotonic())
            raise
        scope[SCOPE_KEY] = operator
        call.issuer, call.subject = "operator", operator.name

    async def _read(self, call: Call, receive: Receive) -> Receive:
        """The whole body, as one event; the framework would read one of any size."""
        if not call.has_body:
            return receive
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return receive  # the client is gone
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._body_bytes:
                raise Refusal(Reason.BODY_TOO_LARGE, f"The body is larger than {self._body_bytes} octets.")
        return _replayed(body, receive)

    def _note(self, call: Call, scope: Scope, status: int) -> None:
        operator = scope.get(SCOPE_KEY)
        known = operator if isinstance(operator, Operator) else None
        metrics.OPERATOR_CALLS.labels(known.role if known else "none", call.reason).inc()
        if call.reason == Reason.LIMIT_OPERATOR:
            return  # that is what the limit is for
        method = scope["method"]
        self._record(
            OperatorCall(
                operator=known.name if known else None,
                role=known.role if known else None,
                method=method if method in _METHODS else "_OTHER",
                route=getattr(scope.get("route"), "path", "unmatched"),
                status=status,
                reason=call.reason,
                request_id=call.id,
                client=call.client,
                trace=call.trace,
            )
        )


def _is_guarded(path: str) -> bool:
    return path == _ROOT or path.startswith(f"{_ROOT}/")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """What the framework receives: the body, then whatever the server says next."""
    first = True

    async def replay() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay

"""What stands before the pages: host, origin, session, role, and a record of each call."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.console.asking import Asked, Door, cookie_name, cookie_of, fields, go_to
from tidegate.console.assets import PLACE, Assets, takes_gzip
from tidegate.console.model import ROOT, SIGN_IN, Lives, Visit
from tidegate.console.visits import Visits
from tidegate.errors import Reason, Refusal
from tidegate.http.answer import Answer, Receive, Scope, Send
from tidegate.http.call import SCOPE_KEY, Call
from tidegate.http.hosts import HostRule
from tidegate.http.operators import OperatorCall, Role
from tidegate.http.proxy import limit_key
from tidegate.limits import Gcra

_FORM: Final = b"application/x-www-form-urlencoded"
_SAFE: Final = frozenset({"GET", "HEAD"})
_PROVIDERS: Final = f"{ROOT}/oidc/"

ErrorPage = Callable[[Refusal, Asked], Answer]


@dataclass(frozen=True, slots=True)
class Access:
    """Who gets in, and how much of it there can be.

    Attributes:
        hosts: names of the listener.
        failures: the limit of refused sign-ins, by client address.
        body_bytes: the most that a form may have.
        record: told of each call.
        lives: how long a browser stays signed in.
        names: how many names operators have here.
        sessions: browsers at once.
        streams: pages at once that are kept up to date.
    """

    hosts: HostRule
    failures: Gcra
    body_bytes: int
    record: Callable[[OperatorCall], None]
    lives: Lives
    names: int
    sessions: int
    streams: int

    def share(self, most: int) -> int:
        """What one name may have of something of which there are so many.

        An equal part, and at least one: so nobody is ever put out for somebody else, whoever opens as many as they can.

        Args:
            most: of it in all.
        """
        return max(1, most // max(1, self.names))


class ConsoleGate:
    """The ASGI application below ``/console``.

    Args:
        doors: the pages and actions.
        assets: files that anybody may have.
        visits: browsers that signed in.
        access: who gets in.
        clock: for the limit of refused sign-ins.
        error_page: shows a refusal.
    """

    def __init__(
        self,
        doors: Iterable[Door],
        assets: Assets,
        visits: Visits,
        access: Access,
        clock: Clock,
        error_page: ErrorPage,
    ) -> None:
        self._doors = {(door.path, door.method): door for door in doors}
        self._paths = frozenset(path for path, _ in self._doors)
        self._assets = assets
        self._visits = visits
        self._access = access
        self._hosts = access.hosts
        self._clock = clock
        self._error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a path that is the console's."""
        call: Call = scope[SCOPE_KEY]
        asked, status = Asked(call, receive, send), 200
        door: Door | None = None
        try:
            self._admit(scope, call)
            if (found := self._asset(scope, call)) is not None:
                await found.send(send, [])
                return
            door = scope["route"] = self._door(scope)
            answer = await self._opened(door, asked, scope)
        except Refusal as refusal:
            call.refused(refusal)
            answer = self._refused(refusal, asked, door)
        except BaseException:
            self._note(asked, door, scope["method"], 500)  # whatever went wrong, the call is recorded
            raise
        if answer is not None:
            status = answer.status
            if scope["method"] == "HEAD":
                answer = Answer(answer.status, b"", answer.headers)
            await answer.send(send, [])
        self._note(asked, door, scope["method"], status)

    def _admit(self, scope: Scope, call: Call) -> None:
        """Host and origin. A person may follow a link from elsewhere to a page; nothing else comes from elsewhere."""
        headers = dict(scope["headers"])
        follows = headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"
        if scope["method"] in _SAFE and follows:
            self._hosts.check_host(scope["headers"])
            return
        self._hosts.check(scope["headers"], call.scheme)
        if scope["method"] not in _SAFE and b"origin" not in headers:
            raise Refusal(Reason.ORIGIN_REFUSED, "A form of the console comes with its origin.")

    def _asset(self, scope: Scope, call: Call) -> Answer | None:
        if not scope["path"].startswith(f"{PLACE}/") or scope["method"] != "GET":
            return None
        asset = self._assets.find(scope["path"])
        accepted = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
        call.issuer = "operator"
        scope["route"] = _STATIC
        if asset is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such file; load the page anew.")
        return asset.answer(packed=takes_gzip(accepted))

    def _door(self, scope: Scope) -> Door:
        path, method = scope["path"], scope["method"]
        door = self._doors.get((path, "GET" if method == "HEAD" else method))
        if door is None:
            if path in self._paths:
                raise Refusal(Reason.METHOD_NOT_ALLOWED, "This page is asked for in another way.")
            raise Refusal(Reason.NOT_FOUND, "There is no such page.")
        return door

    async def _opened(self, door: Door, asked: Asked, scope: Scope) -> Answer | None:
        asked.query = fields(scope["query_string"].decode("latin-1"))
        asked.cookie = cookie_of(asked.call, cookie_name(asked.call))
        asked.visit = self._visits.find(asked.cookie) if asked.cookie else None
        if asked.visit is not None:
            asked.call.issuer, asked.call.subject = "operator", asked.visit.operator.name
        if door.role is not None and asked.visit is None and door.path == ROOT:
            return go_to(SIGN_IN)
        if door.role is not None:
            asked.signed_in.operator.demand(door.role)
            if door.counts:
                self._visits.touch(asked.signed_in)
        if door.method == "POST":
            asked.form = await self._form(asked, scope)
            if door.role is not None:
                asked.demand_token()
        if door.path.startswith(_PROVIDERS):  # each asks somebody else, and takes the place of an earlier one
            self._access.failures.spend(limit_key(asked.call.client), self._clock.monotonic())
        return await door.open(asked)

    async def _form(self, asked: Asked, scope: Scope) -> dict[str, str]:
        kinds = [value for name, value in scope["headers"] if name == b"content-type"]
        if len(kinds) != 1 or kinds[0].partition(b";")[0].strip().lower() != _FORM:
            raise Refusal(Reason.REQUEST_INVALID, "A form is sent as one.")
        body, more = b"", True
        while more:
            message = await asked.receive()
            if message["type"] != "http.request":
                raise Refusal(Reason.REQUEST_INVALID, "The form did not arrive.")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._access.body_bytes:
                raise Refusal(Reason.BODY_TOO_LARGE, f"The form is larger than {self._access.body_bytes} octets.")
        try:
            return fields(body.decode("ascii"))
        except UnicodeDecodeError:
            raise Refusal(Reason.REQUEST_INVALID, "The form cannot be read.") from None

    def _refused(self, refusal: Refusal, asked: Asked, door: Door | None) -> Answer:
        """A refused sign-in is paid for by its address; a right one is let in all the same."""
        if door is not None and door.role is None and refusal.reason is Reason.OPERATOR_KEY_REFUSED:
            try:
                self._access.failures.spend(limit_key(asked.call.client), self._clock.monotonic())
            except Refusal as limited:
                asked.call.refused(limited)
                refusal = limited
        return self._error_page(refusal, asked)

    def _note(self, asked: Asked, door: Door | None, method: str, status: int) -> None:
        visit: Visit | None = asked.visit
        call = asked.call
        metrics.OPERATOR_CALLS.labels(visit.operator.role if visit else "none", call.reason).inc()
        if call.reason == Reason.LIMIT_OPERATOR:
            return  # that is what the limit is for
        if call.reason == "none" and (door is None or not door.recorded or visit is None):
            return  # a way to the sign-in page, or part of a page that is recorded itself
        self._access.record(
            OperatorCall(
                operator=visit.operator.name if visit else None,
                role=Role(visit.operator.role) if visit else None,
                method=method if method in _SAFE or method == "POST" else "_OTHER",
                route=door.path if door else "unmatched",
                status=status,
                reason=call.reason,
                request_id=call.id,
                client=call.client,
                trace=call.trace,
            )
        )


async def _nothing(_asked: Asked) -> None:
    """The files are answered without a door."""


_STATIC: Final = Door(PLACE, "GET", _nothing, role=None, recorded=False, counts=False)

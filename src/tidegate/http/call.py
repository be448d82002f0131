"""One request as the doors see it: its context, read once from the ASGI scope."""

import re
from time import perf_counter
from typing import Final

from tidegate.errors import Reason, Refusal
from tidegate.http.answer import Headers, Message, Receive, Scope
from tidegate.http.cors import Cors
from tidegate.http.proxy import UNKNOWN, ProxyRule
from tidegate.ids import RequestIds, trace_id

SCOPE_KEY: Final = "tidegate.call"
"""Where a call lies in the ASGI scope, for routes behind the framework."""

_READ: Final = frozenset(
    {
        b"authorization", b"content-length", b"cookie", b"host", b"origin", b"sec-fetch-site", b"traceparent",
        b"transfer-encoding", b"user-agent", b"x-forwarded-for", b"x-forwarded-proto", b"x-request-id",
    }
)  # fmt: skip
_JOINED: Final = {b"cookie": b"; ", b"x-forwarded-for": b",", b"x-forwarded-proto": b","}
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")


class Call:
    """What is known of one request.

    Attributes:
        id: of the request.
        client: the address of the client, behind trusted proxies.
        scheme: ``https`` or ``http``, as the client speaks it.
        headers: the few that are read here, by lower-case name.
        trace: the W3C trace id, if one came.
        started: when it was read, in seconds of ``time.perf_counter``.
        twice: a header that must stand once stood twice.
        waits_for: what it was found to need that is not here yet.
        reason, issuer, subject: for the log line; doors fill them in.
    """

    __slots__ = (
        "client", "headers", "id", "issuer", "reason", "scheme", "started", "subject", "trace", "twice", "waits_for"
    )  # fmt: skip

    def __init__(self, request_id: str, client: str, scheme: str, headers: dict[bytes, bytes]) -> None:
        self.id = request_id
        self.client = client
        self.scheme = scheme
        self.headers = headers
        self.started = perf_counter()
        self.waits_for: Exception | None = None
        self.trace: str | None = None
        self.twice = False
        self.reason = "none"
        self.issuer = "none"
        self.subject: str | None = None

    @property
    def authorization(self) -> bytes | None:
        """The ``Authorization`` header.

        Raises:
            Refusal: ``token_malformed``, where it stands twice: two readers could see two callers.
        """
        if self.twice:
            raise Refusal(Reason.TOKEN_MALFORMED, "The Authorization header stands more than once.")
        return self.headers.get(b"authorization")

    @property
    def has_body(self) -> bool:
        """Whether a body comes with it (RFC 9112, section 6)."""
        headers = self.headers
        return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers

    def refused(self, refusal: Refusal) -> None:
        """Note a refusal for the log line."""
        self.reason = refusal.reason.value
        if refusal.issuer is not None:
            self.issuer = refusal.issuer


class CallReader:
    """Reads calls from ASGI scopes.

    Args:
        proxies: which forwarding headers to believe.
    """

    __slots__ = ("_ids", "_proxies")

    def __init__(self, proxies: ProxyRule) -> None:
        self._ids = RequestIds()
        self._proxies = proxies

    def read(self, scope: Scope) -> Call:
        """The call of an ASGI ``http`` scope."""
        call: Call | None = scope.get(SCOPE_KEY)
        return self.of(scope["headers"], scope.get("client"), scope["scheme"]) if call is None else call

    def of(self, lines: Headers, client: tuple[str, int] | None, scheme: str) -> Call:
        """The call of a request.

        Args:
            lines: its header lines, names in lower case.
            client: address and port of the connection's other end.
            scheme: of the connection.
        """
        headers: dict[bytes, bytes] = {}
        twice = False
        for name, value in lines:
            if name in _READ:
                if name not in headers:
                    headers[name] = value
                elif name in _JOINED:
                    headers[name] += _JOINED[name] + value
                elif name == b"authorization":
                    twice = True
        peer = client[0] if client else UNKNOWN
        call = Call(self._ids.next(), peer, scheme, headers)
        call.twice = twice
        if (parent := headers.get(b"traceparent")) is not None:
            call.trace = trace_id(parent)
        if self._proxies.any:
            self._believe_proxies(call, peer)
        return call

    def _believe_proxies(self, call: Call, peer: str) -> None:
        """What a trusted proxy says of the client, its scheme and the request's id."""
        proxies, headers = self._proxies, call.headers
        call.client = proxies.client(peer, headers.get(b"x-forwarded-for"))
        call.scheme = proxies.scheme(peer, call.scheme, headers.get(b"x-forwarded-proto"))
        given = headers.get(b"x-request-id")
        if given is not None and proxies.is_trusted(peer) and _REQUEST_ID.fullmatch(given):
            call.id = given.decode("ascii")


def origin_headers(cors: Cors, call: Call) -> Headers:
    """The cross-origin headers of an answer to this call."""
    return cors.headers(call.headers.get(b"origin"))


async def drain(call: Call, receive: Receive, largest: int) -> None:
    """Read a body that is of no interest, so far as it is small.

    Args:
        call: whose body.
        receive: of the ASGI server.
        largest: octets.

    Raises:
        Refusal: ``body_too_large``.
    """
    if not call.has_body:
        return
    length = call.headers.get(b"content-length")
    too_large = Refusal(Reason.BODY_TOO_LARGE, f"The body is larger than {largest} octets; none is needed.")
    if length is not None and (not length.isdigit() or len(length) > len(str(largest)) or int(length) > largest):
        raise too_large
    seen = 0
    while True:
        message: Message = await receive()
        if message["type"] != "http.request":
            return
        seen += len(message.get("body", b""))
        if seen > largest:
            raise too_large
        if not message.get("more_body", False):
            return

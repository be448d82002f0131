"""An answer before it is sent, and the headers that every answer carries."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON: Final = (b"content-type", b"application/json")
PROBLEM: Final = (b"content-type", b"application/problem+json")

SECURITY: Final[Headers] = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
"""On every answer (OWASP ASVS 5.0, chapters V3.4 and V14.3); a route may set its own instead."""

STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""Only over HTTPS (RFC 6797, section 7.2)."""


def lines(headers: Headers) -> bytes:
    """Header lines, each ending in CR LF.

    Raises:
        ValueError: a name or a value would end its line early (RFC 9110, section 5.5).
    """
    block = b"".join([b"%b: %b\r\n" % pair for pair in headers])
    if block.count(b"\r") != len(headers) or block.count(b"\n") != len(headers) or b"\0" in block:
        raise ValueError("a header contains a control character")
    return block


ONLY_JSON: Final[Headers] = [JSON]
"""The headers of an answer that has nothing else to say; written once."""

_JSON_LINES: Final = lines(ONLY_JSON)


@dataclass(slots=True)
class Answer:
    """Status, headers of this answer alone, and the whole body."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=list)

    def octets(self, shared: bytes) -> bytes:
        """All of the answer but its status line, as HTTP/1.1 writes it (RFC 9112, section 2.1).

        Args:
            shared: header lines that come with every answer of this request, from `lines`.
        """
        own = _JSON_LINES if self.headers is ONLY_JSON else lines(self.headers)
        return b"%bcontent-length: %d\r\n%b\r\n%b" % (own, len(self.body), shared, self.body)

    async def send(self, send: Send, shared: Headers) -> None:
        """Put the answer on the wire.

        Args:
            send: of the ASGI server.
            shared: headers that come with every answer of this request.
        """
        headers = [*self.headers, (b"content-length", b"%d" % len(self.body)), *shared]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

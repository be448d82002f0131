"""HTTP to Stream and nothing above it: one pool, no redirects, no cookies, bounded answers."""

import asyncio
import logging
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx2

from tidegate import __version__, metrics
from tidegate.http.interim import GuardedTransport
from tidegate.http.outgoing import read_body, trust
from tidegate.upstream.errors import UnexpectedAnswer, UpstreamTimeout, UpstreamUnreachable
from tidegate.upstream.model import Operation

_KEEP_ALIVE_SECONDS: Final = 50.0
"""Stream's balancer closes connections idle for 60 s; ours must go first."""

_HEADERS: Final = {
    "Accept": "application/json",
    # An encoded answer could be small on the wire and huge in memory.
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "Stream-Auth-Type": "jwt",
    "User-Agent": f"tidegate/{__version__}",
    "X-Stream-Client": f"tidegate-{__version__}",
}


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """An answer as it came: status, headers (looked up without regard to case), octets."""

    status: int
    headers: httpx2.Headers
    body: bytes

    @property
    def server_time(self) -> float | None:
        """The ``Date`` header (RFC 9110, section 6.6.1), seconds since the epoch; None where absent or unreadable."""
        try:
            return parsedate_to_datetime(self.headers["date"]).timestamp()
        except (KeyError, ValueError, OverflowError, TypeError):
            return None


class Wire:
    """The connections to Stream.

    Args:
        timeout_s: seconds without progress after which a connection is given up.
        connections: the most that are open at once.
        answer_bytes: the longest answer that is read.
    """

    __slots__ = ("_answer_bytes", "_client")

    def __init__(self, *, timeout_s: float, connections: int, answer_bytes: int) -> None:
        _quieten()
        self._answer_bytes = answer_bytes
        limits = httpx2.Limits(
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
        )
        self._client = httpx2.AsyncClient(
            transport=GuardedTransport(trust(), limits),
            headers=_HEADERS,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
            timeout=httpx2.Timeout(timeout_s),
            follow_redirects=False,
            trust_env=False,
        )

    async def exchange(
        self, operation: Operation, url: str, *, authorization: str, content: bytes | None, deadline: float
    ) -> WireAnswer:
        """Send one request and read its answer whole.

        Args:
            operation: for the errors.
            url: complete, encoded.
            authorization: the header's value.
            content: the body, if any.
            deadline: time of the event loop by which the answer must be complete.

        Returns:
            whatever was answered.

        Raises:
            UpstreamTimeout: no complete answer in time.
            UpstreamUnreachable: no connection, or it broke.
            UnexpectedAnswer: the answer is too long, or encoded though that was not accepted.
        """
        try:
            async with (
                asyncio.timeout_at(deadline),
                self._client.stream(
                    operation.method, url, headers={"Authorization": authorization}, content=content
                ) as response,
            ):
                return WireAnswer(response.status_code, response.headers, await self._body(operation, response))
        except (TimeoutError, httpx2.TimeoutException):
            raise UpstreamTimeout(operation.label) from None
        except httpx2.RequestError:
            # The library's exceptions hold the request and so the token: they are not chained.
            raise UpstreamUnreachable(operation.label) from None

    async def _body(self, operation: Operation, response: httpx2.Response) -> bytes:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise UnexpectedAnswer(operation.label, status=response.status_code)
        body = await read_body(response, self._answer_bytes)
        if body is None:
            metrics.UPSTREAM_LIMITED.labels("answer_bytes").inc()
            raise UnexpectedAnswer(operation.label, status=response.status_code)
        return body

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _quieten() -> None:
    """Keep the library's own log lines out: they print whole addresses, with the key and people's ids."""
    for name in ("httpx2", "httpcore2"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))

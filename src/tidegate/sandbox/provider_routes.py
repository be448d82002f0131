"""The identity provider's documents over HTTP, and its failures."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tidegate.clock import Clock
from tidegate.sandbox.provider import Failure, IdentityProvider
from tidegate.sandbox.replies import HTML_PAGE, Connections, http_date

MOVED_PREFIX: Final = "/moved"
HUGE_OCTETS: Final = 4 * 1024 * 1024
_JSON: Final = "application/json"


class ProviderRoutes:
    """An ASGI application with the two documents of an identity provider.

    Args:
        provider: whose.
        connections: of the server that carries it, for answers that never come.
        clock: dates the answers.
    """

    def __init__(self, provider: IdentityProvider, connections: Connections, clock: Clock) -> None:
        self._provider = provider
        self._connections = connections
        self._clock = clock
        self._counting = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        path = request.url.path.removeprefix(scope.get("root_path", ""))
        moved = path.startswith(MOVED_PREFIX)
        path = path.removeprefix(MOVED_PREFIX)
        if path not in (self._provider.shape.jwks_path, self._provider.discovery_path):
            await self._answer(404, {"errors": [{"message": "not found"}]})(scope, receive, send)
            return
        if request.method not in ("GET", "HEAD"):
            await self._answer(405, {"errors": [{"message": "method not allowed"}]})(scope, receive, send)
            return
        self._count(path)
        failure, delay = self._provider.failing()
        await asyncio.sleep(delay)
        if failure is Failure.DOWN:
            await self._connections.drop(scope, receive)
            return
        right = self._right(path)
        response = right if moved or failure is None else self._failed(failure, path, right)
        await response(scope, receive, send)

    def _count(self, path: str) -> None:
        with self._counting:
            if path == self._provider.shape.jwks_path:
                self._provider.jwks_fetches += 1
            else:
                self._provider.discovery_fetches += 1

    def _right(self, path: str) -> Response:
        if path == self._provider.discovery_path:
            return self._answer(200, self._provider.discovery())
        age = self._provider.max_age
        caching = {} if age is None else {"Cache-Control": f"public, max-age={age}"}
        return self._answer(200, self._provider.jwks(), caching)

    def _failed(self, failure: Failure, path: str, right: Response) -> Response:
        match failure:
            case Failure.UNAVAILABLE:
                return self._raw(503, b"upstream connect error", "text/plain")
            case Failure.WRONG_BODY:
                return self._raw(200, HTML_PAGE, "text/html")
            case Failure.REDIRECT:
                target = self._provider.address + MOVED_PREFIX + path
                return Response(status_code=302, headers={"Location": target, **self._dated()})
            case Failure.TRUNCATED | Failure.HUGE:
                return self._raw(200, _misshapen(failure, bytes(right.body)), _JSON)
            case _:
                return self._other_content(failure, path) or right

    def _other_content(self, failure: Failure, path: str) -> Response | None:
        if failure is Failure.EMPTY and path == self._provider.shape.jwks_path:
            return self._answer(200, {"keys": []})
        if failure is Failure.WRONG_ISSUER and path == self._provider.discovery_path:
            return self._answer(200, {**self._provider.discovery(), "issuer": "https://other.sandbox.example"})
        return None

    def _answer(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
        return self._raw(status, orjson.dumps(body), _JSON, headers)

    def _raw(self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> Response:
        return Response(body, status, {**self._dated(), **(headers or {})}, kind)

    def _dated(self) -> dict[str, str]:
        return {"Date": http_date(self._clock.now())}


def _misshapen(failure: Failure, body: bytes) -> bytes:
    if failure is Failure.TRUNCATED:
        return body[: len(body) // 2]
    return body[:-1] + b',"padding":"' + b"x" * HUGE_OCTETS + b'"}'

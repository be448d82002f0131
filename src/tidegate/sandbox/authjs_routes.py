"""The session route of the app with Auth.js over HTTP, and its failures."""

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tidegate.sandbox.authjs import COOKIES, ROUTE, AuthjsApp
from tidegate.sandbox.provider import Failure
from tidegate.sandbox.replies import HTML_PAGE, Connections

_JSON = "application/json"


class AuthjsRoutes:
    """An ASGI application with the one route of such an app that is asked.

    Args:
        app: whose.
        connections: of the server that carries it, for answers that never come.
    """

    def __init__(self, app: AuthjsApp, connections: Connections) -> None:
        self._app = app
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        if request.url.path.removeprefix(scope.get("root_path", "")) != ROUTE:
            await Response(status_code=404)(scope, receive, send)
            return
        self._app.asked += 1
        failure, delay = self._app.failing()
        await asyncio.sleep(delay)
        if failure is Failure.DOWN:
            await self._connections.drop(scope, receive)
            return
        await self._answer(request, failure)(scope, receive, send)

    def _answer(self, request: Request, failure: Failure | None) -> Response:
        if failure is Failure.UNAVAILABLE:
            return Response(b"upstream connect error", 503, media_type="text/plain")
        if failure is Failure.WRONG_BODY:
            return Response(HTML_PAGE, media_type="text/html")
        if failure is Failure.REDIRECT:
            return Response(status_code=302, headers={"Location": f"{self._app.url}/login"})
        found = self._app.answer(request.cookies)
        none = b"{}" if self._app.cookie == COOKIES[4] else b"null"  # what each says of no session
        return Response(none if found is None else orjson.dumps(found), media_type=_JSON)

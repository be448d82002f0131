"""Commanding a running sandbox: the routes under ``/_sandbox``; `tidegate.sandbox.commanding` is the client of them.

Whoever can call these makes sessions for anybody, so a random bearer token is
demanded. A page in a browser on the same machine could reach the port through a
host name of its own that resolves to loopback (DNS rebinding): such a ``Host`` is refused.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tidegate.sandbox import runtime
from tidegate.sandbox.authjs import AuthjsApp
from tidegate.sandbox.commanding import ARGUMENTS
from tidegate.sandbox.people import PEOPLE
from tidegate.sandbox.provider import IdentityProvider
from tidegate.sandbox.removed import REMOVED
from tidegate.sandbox.shapes import CLERK_SHAPE
from tidegate.sandbox.stream import StreamStandIn

_P = ParamSpec("_P")
_Done = TypeVar("_Done")

BODY_OCTETS: Final = 65536

Makers = Callable[[str | None], IdentityProvider | AuthjsApp]


def control_app(makers: Makers, stream: StreamStandIn, token: str) -> ASGIApp:
    """The routes under ``/_sandbox``, behind their two checks.

    Args:
        makers: finds who makes sessions of a name, None for the usual one; commanded by them.
        stream: commanded by them.
        token: the bearer token to demand.
    """
    commands = _Commands(makers, stream)
    routes = [
        Route("/", commands.status, methods=["GET"]),
        Route("/session", commands.session, methods=["POST"]),
        Route("/rotate", commands.rotate, methods=["POST"]),
        Route("/failure", commands.failure, methods=["PUT"]),
        Route("/faults", commands.fault, methods=["POST"]),
        Route("/faults", commands.clear_faults, methods=["DELETE"]),
        Route("/users/{user_id}", commands.put_user, methods=["PUT"]),
        Route("/requests", commands.requests, methods=["GET"]),
        Route("/credentials", commands.add_pair, methods=["POST"]),
        Route("/credentials/{api_key}", commands.drop_pair, methods=["DELETE"]),
    ]
    return _Guard(Starlette(routes=routes, exception_handlers={_BadCommand: _refuse}), token)


class _BadCommand(Exception):
    """The body of a command is not what it should be."""


async def _refuse(_request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 400)


def _json(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


class _Guard:
    """Lets a request pass that names a loopback host and bears the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        given = request.headers.get("authorization", "").encode()
        if not runtime.is_loopback(_host(request.headers.get("host", ""))):
            await _json({"error": "this Host is not loopback"}, 403)(scope, receive, send)
        elif not hmac.compare_digest(given, self._expected):
            challenge = {"WWW-Authenticate": "Bearer"}
            await _json({"error": "the control token is missing or wrong"}, 401, challenge)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _host(header: str) -> str | None:
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


class _Commands:
    """What can be commanded; each method is one route."""

    def __init__(self, makers: Makers, stream: StreamStandIn) -> None:
        self._makers = makers
        self._stream = stream

    async def _maker(self, body: dict[str, Any]) -> IdentityProvider | AuthjsApp:
        """Whom a command names with ``as``, which is taken out; making keys takes a while."""
        name = body.pop("as", None)
        return await run_in_threadpool(lambda: _commanded(self._makers, name))

    async def _provider(self, body: dict[str, Any]) -> IdentityProvider:
        """The same, of those that sign: for commands that are about keys; the one in Clerk's shape for the others."""
        maker = await self._maker(body)
        return maker if isinstance(maker, IdentityProvider) else await self._provider({"as": CLERK_SHAPE.name})

    async def status(self, _request: Request) -> Response:
        provider = await self._provider({})
        return _json(
            {
                "issuer": provider.issuer,
                "config": provider.config(),
                "api_key": self._stream.api_key,
                "jwks_fetches": provider.jwks_fetches,
                "people": {name: person.subject for name, person in PEOPLE.items()},
                "users": len(self._stream.users),
            }
        )

    async def session(self, request: Request) -> Response:
        body = await _body(request)
        maker = await self._maker(body)
        arguments = {name: value for name, value in body.items() if name in ARGUMENTS}
        token = _commanded(_session, maker, body, **arguments)
        if not body.get("cookie"):
            return _json({"token": token})
        if not isinstance(maker, AuthjsApp):
            raise _BadCommand("only sessions of authjs and nextauth come as cookies")
        return _json({"token": maker.cookie_header(token)})

    async def rotate(self, request: Request) -> Response:
        body = await _body(request)
        provider = await self._maker(body)
        if isinstance(provider, AuthjsApp):
            provider.rotate()
            return _json(provider.settings())
        old = await run_in_threadpool(lambda: _commanded(provider.rotate, **body))
        return _json({"old_kid": old, "kid": provider.kid(body.get("algorithm"))})

    async def failure(self, request: Request) -> Response:
        body = await _body(request)
        provider = await self._maker(body)
        _commanded(provider.fail, body.get("mode"), delay=body.get("delay"))
        return _json({"mode": body.get("mode")})

    async def fault(self, request: Request) -> Response:
        body = await _body(request)
        _commanded(self._stream.fault, body.pop("kind", ""), **body)
        return _json({"faults": "added"}, 201)

    async def clear_faults(self, _request: Request) -> Response:
        self._stream.clear_faults()
        return _json({"faults": "cleared"})

    async def put_user(self, request: Request) -> Response:
        fields = await _body(request)
        return _json(_commanded(self._stream.users.put, request.path_params["user_id"], **fields))

    async def add_pair(self, _request: Request) -> Response:
        key, secret = self._stream.add_pair()
        (await self._provider({})).further_api_keys.append(key)
        return _json({"api_key": key, "api_secret": secret}, 201)

    async def drop_pair(self, request: Request) -> Response:
        key = request.path_params["api_key"]
        dropped = self._stream.further_pairs.pop(key, None) is not None
        owners = (await self._provider({})).further_api_keys
        owners[:] = [one for one in owners if one != key]
        return _json({"dropped": dropped})

    async def requests(self, _request: Request) -> Response:
        seen = list(self._stream.requests)
        return _json({"requests": [{"method": call.method, "path": call.path, "body": call.body} for call in seen]})


def _session(maker: IdentityProvider | AuthjsApp, body: dict[str, Any], **arguments: Any) -> str:
    given = {**body.get("claims", {}), **dict.fromkeys(body.get("without", []), REMOVED)}
    return maker.session(**arguments, **given)


def _commanded(act: Callable[_P, _Done], *args: _P.args, **settings: _P.kwargs) -> _Done:
    """Do it; a setting that is wrong becomes a 400."""
    try:
        return act(*args, **settings)
    except (KeyError, TypeError, ValueError) as error:
        raise _BadCommand(f"{type(error).__name__}: {error}") from None


async def _body(request: Request) -> dict[str, Any]:
    octets = b""
    async for chunk in request.stream():
        octets += chunk
        if len(octets) > BODY_OCTETS:
            raise _BadCommand("the body is too large")
    try:
        value = orjson.loads(octets or b"{}")
    except orjson.JSONDecodeError:
        raise _BadCommand("the body is not JSON") from None
    if not isinstance(value, dict):
        raise _BadCommand("the body must be an object")
    return value

"""The sandbox as a whole: both stand-ins, one application, one pair of credentials."""

import secrets
import threading
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from tidegate.clock import Clock, SystemClock
from tidegate.sandbox.authjs import VERSIONS, AuthjsApp
from tidegate.sandbox.authjs_routes import AuthjsRoutes
from tidegate.sandbox.commanding import PREFIX
from tidegate.sandbox.control import control_app
from tidegate.sandbox.provider import IdentityProvider
from tidegate.sandbox.provider_routes import ProviderRoutes
from tidegate.sandbox.replies import Connections
from tidegate.sandbox.runtime import Running
from tidegate.sandbox.shapes import CLERK_SHAPE, SHAPES, Shape
from tidegate.sandbox.stream import StreamStandIn
from tidegate.sandbox.stream_routes import StreamRoutes

ISSUER_PATH: Final = "/idp"
SHAPES_PATH: Final = "/as"
STREAM_PATH: Final = "/stream"
ISSUER_NAME: Final = "sandbox"


class Sandbox:
    """An identity provider and Stream, both stand-ins, with credentials made at random.

    Args:
        clock: of both.
        issuer_host_port: where it will be served; the server sets it anew when its port is known.
        usual: the shape of the sessions that are asked for without one.

    Attributes:
        provider: the identity provider in Clerk's shape, under ``/idp``.
        usual: as given.
        stream: Stream, under ``/stream``.
        connections: of the server, for faults that break them.
        app: the ASGI application with all of it; the control routes are under ``/_sandbox``.
        url: where it is served, no slash at the end.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        issuer_host_port: tuple[str, int] = ("127.0.0.1", 0),
        usual: str = CLERK_SHAPE.name,
    ) -> None:
        self._clock = clock = clock or SystemClock()
        self.usual = usual
        host, port = issuer_host_port
        self.url = f"http://{host}:{port}"
        self.provider = IdentityProvider(self.issuer_url, clock)
        self.stream = StreamStandIn(clock)
        self.provider.api_key = self.stream.api_key
        self.connections = Connections()
        self._others: dict[str, tuple[IdentityProvider, ProviderRoutes]] = {}
        self._apps = {name: AuthjsApp(self._app_url(name), version, clock) for name, version in VERSIONS.items()}
        self._making = threading.Lock()
        self._control_token = secrets.token_urlsafe(32)
        self.app: ASGIApp = Starlette(
            routes=[
                Mount(ISSUER_PATH, ProviderRoutes(self.provider, self.connections, clock)),
                Mount(SHAPES_PATH, self._serve_other),
                Mount(STREAM_PATH, StreamRoutes(self.stream, self.connections)),
                Mount(PREFIX, control_app(self.maker, self.stream, self._control_token)),
            ]
        )

    def reset(self) -> None:
        """Begin anew, with the same keys and credentials: no users, faults, failures or counts."""
        self.provider.reset()
        self.stream.reset()
        for provider, _ in self._others.values():
            provider.reset()
        for app in self._apps.values():
            app.reset()

    @staticmethod
    def names() -> tuple[str, ...]:
        """Everything that ``--as`` takes."""
        return (*SHAPES, *VERSIONS)

    def maker(self, name: str | None = None) -> IdentityProvider | AuthjsApp:
        """Who makes sessions of a name: an identity provider, or an app with sessions of its own.

        Args:
            name: what the sandbox is to be; None for the usual one.

        Raises:
            ValueError: it can be no such thing.
        """
        name = self.usual if name is None else name
        return self._apps[name] if name in VERSIONS else self.provider_as(name)

    def app_as(self, name: str) -> AuthjsApp:
        """The app whose sessions are those of Auth.js or NextAuth, under ``/as/NAME``.

        Args:
            name: ``authjs`` or ``nextauth``.

        Raises:
            KeyError: another name.
        """
        return self._apps[name]

    def provider_as(self, name: str | None = None) -> IdentityProvider:
        """The identity provider in another shape, under ``/as/NAME``; made, with keys of its own, when first asked for.

        Args:
            name: of the shape; None for the usual one.

        Raises:
            ValueError: no such shape.
        """
        name = self.usual if name is None else name
        if name == CLERK_SHAPE.name:
            return self.provider
        if name not in SHAPES:
            raise ValueError(f"the sandbox can be {', '.join(self.names())}")
        with self._making:
            if name not in self._others:
                shape = SHAPES[name]
                provider = IdentityProvider(self._issuer_as(shape), self._clock, shape)
                provider.api_key, provider.further_api_keys = self.stream.api_key, self.provider.further_api_keys
                self._others[name] = provider, ProviderRoutes(provider, self.connections, self._clock)
        return self._others[name][0]

    def _app_url(self, name: str) -> str:
        return f"{self.url}{SHAPES_PATH}/{name}"

    def _issuer_as(self, shape: Shape) -> str:
        return f"{self.url}{SHAPES_PATH}/{shape.name}{shape.issuer_path}"

    async def _serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the provider that the path names."""
        outer = scope.get("root_path", "")
        name = scope["path"].removeprefix(f"{outer}/").partition("/")[0]
        if name in VERSIONS:
            app = AuthjsRoutes(self._apps[name], self.connections)
            await app({**scope, "root_path": f"{outer}/{name}"}, receive, send)
            return
        if name not in SHAPES or name == CLERK_SHAPE.name:
            await Response(status_code=404)(scope, receive, send)
            return
        await run_in_threadpool(self.provider_as, name)  # making keys takes a while
        await self._others[name][1]({**scope, "root_path": f"{outer}/{name}"}, receive, send)

    @property
    def issuer_url(self) -> str:
        """The ``iss`` of its sessions."""
        return self.url + ISSUER_PATH

    @property
    def stream_url(self) -> str:
        """The base URL of Stream's stand-in."""
        return self.url + STREAM_PATH

    def served_at(self, url: str) -> None:
        """Note where it is served; sessions made from now on name this issuer.

        Args:
            url: scheme, host and port, no slash at the end.
        """
        self.url = url
        self.provider.issuer = self.issuer_url
        for provider, _ in self._others.values():
            provider.issuer = self._issuer_as(provider.shape)
        for name, app in self._apps.items():
            app.url = self._app_url(name)

    def credentials(self) -> tuple[str, str]:
        """The API key and secret of its Stream app; made at start, good nowhere else."""
        return self.stream.api_key, self.stream.api_secret

    def issuer_config(self, name: str = CLERK_SHAPE.name) -> dict[str, object]:
        """What an issuer's configuration must say for its sessions to be accepted.

        Args:
            name: of the shape; for an app with Auth.js, its secret is needed besides.
        """
        if name in VERSIONS:
            return {"kind": "authjs"}
        called = ISSUER_NAME if name == CLERK_SHAPE.name else name
        return {"name": called, **self.provider_as(name).config()}

    def running(self) -> Running:
        """What the runtime file says of it."""
        return Running(self.url, self.issuer_url, self.stream_url, self._control_token)

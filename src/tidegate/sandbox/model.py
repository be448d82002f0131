"""The sandbox as a whole: both stand-ins, one application, one pair of credentials."""

import secrets
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from tidegate.clock import Clock, SystemClock
from tidegate.sandbox.control import PREFIX, control_app
from tidegate.sandbox.people import APP_ORIGIN
from tidegate.sandbox.provider import IdentityProvider
from tidegate.sandbox.provider_routes import ProviderRoutes
from tidegate.sandbox.replies import Connections
from tidegate.sandbox.runtime import Running
from tidegate.sandbox.stream import StreamStandIn
from tidegate.sandbox.stream_routes import StreamRoutes

ISSUER_PATH: Final = "/idp"
STREAM_PATH: Final = "/stream"
ISSUER_NAME: Final = "sandbox"


class Sandbox:
    """An identity provider and Stream, both stand-ins, with credentials made at random.

    Args:
        clock: of both.
        issuer_host_port: where it will be served; the server sets it anew when its port is known.

    Attributes:
        provider: the identity provider, under ``/idp``.
        stream: Stream, under ``/stream``.
        connections: of the server, for faults that break them.
        app: the ASGI application with all of it; the control routes are under ``/_sandbox``.
        url: where it is served, no slash at the end.
    """

    def __init__(self, clock: Clock | None = None, issuer_host_port: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        clock = clock or SystemClock()
        host, port = issuer_host_port
        self.url = f"http://{host}:{port}"
        self.provider = IdentityProvider(self.issuer_url, clock)
        self.stream = StreamStandIn(clock)
        self.provider.api_key = self.stream.api_key
        self.connections = Connections()
        self._control_token = secrets.token_urlsafe(32)
        self.app: ASGIApp = Starlette(
            routes=[
                Mount(ISSUER_PATH, ProviderRoutes(self.provider, self.connections, clock)),
                Mount(STREAM_PATH, StreamRoutes(self.stream, self.connections)),
                Mount(PREFIX, control_app(self.provider, self.stream, self._control_token)),
            ]
        )

    def reset(self) -> None:
        """Begin anew, with the same keys and credentials: no users, faults, failures or counts."""
        self.provider.reset()
        self.stream.reset()

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

    def credentials(self) -> tuple[str, str]:
        """The API key and secret of its Stream app; made at start, good nowhere else."""
        return self.stream.api_key, self.stream.api_secret

    def issuer_config(self) -> dict[str, object]:
        """What an issuer's configuration must say for its sessions to be accepted."""
        return {
            "name": ISSUER_NAME,
            "kind": "clerk",
            "issuer": self.issuer_url,
            "jwks_url": self.provider.jwks_url,
            "authorized_parties": (APP_ORIGIN,),
        }

    def running(self) -> Running:
        """What the runtime file says of it."""
        return Running(self.url, self.issuer_url, self.stream_url, self._control_token)

"""One sandbox per module over real sockets, emptied before each test, and two kinds of clients."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import jwt
import pytest

from tidegate.sandbox import Sandbox, SandboxServer
from tidegate.sandbox.stream import StreamStandIn

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading the system's certificates takes longer than most tests here


def plain_client(**settings: object) -> httpx2.Client:
    return httpx2.Client(trust_env=False, timeout=5, verify=NO_TLS, **settings)


def stream_token(stream: StreamStandIn, claims: dict[str, object]) -> str:
    """A token that Stream would accept, made by PyJWT: neither side's own code."""
    return jwt.encode(claims, stream.api_secret, algorithm="HS256")


def stream_client(server: SandboxServer, claims: dict[str, object]) -> httpx2.Client:
    """A client of the server's Stream, with a token of these claims."""
    headers = {"Authorization": stream_token(server.sandbox.stream, claims), "Stream-Auth-Type": "jwt"}
    params = {"api_key": server.sandbox.stream.api_key}
    return plain_client(base_url=server.stream_url, headers=headers, params=params)


@pytest.fixture(scope="module")
def running() -> Iterator[SandboxServer]:
    with SandboxServer(Sandbox()) as server:
        yield server


@pytest.fixture
def server(running: SandboxServer) -> SandboxServer:
    running.sandbox.reset()
    return running


@pytest.fixture
def stream(server: SandboxServer) -> StreamStandIn:
    return server.sandbox.stream


@pytest.fixture
def calling(server: SandboxServer) -> Iterator[Callable[..., httpx2.Client]]:
    """Makes clients of Stream whose token has the given claims."""
    with ExitStack() as clients:
        yield lambda **claims: clients.enter_context(stream_client(server, claims))


@pytest.fixture
def backend(calling: Callable[..., httpx2.Client]) -> httpx2.Client:
    return calling(server=True)


@pytest.fixture
def browser(calling: Callable[..., httpx2.Client]) -> httpx2.Client:
    """Stream as the user ``ada`` sees it."""
    return calling(user_id="ada", iat=1_700_000_000)


@pytest.fixture
def web() -> Iterator[httpx2.Client]:
    with plain_client() as client:
        yield client


@pytest.fixture
def announced_sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    """A sandbox that other processes find."""
    with SandboxServer(Sandbox(), state_dir=tmp_path) as server:
        yield server

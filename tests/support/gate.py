"""A whole service in the running event loop, with a sandbox over real sockets beside it."""

import contextlib
import functools
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx2
from pydantic import SecretStr

from support.migrating import migrate_now
from support.operating import KEYS, OPERATOR, bearer
from tidegate.app.build import Runtime, build
from tidegate.app.stores import SQLITE_FILE, store_wanted
from tidegate.clock import SystemClock
from tidegate.http.call import SCOPE_KEY
from tidegate.http.shortcut import Waits
from tidegate.sandbox.server import SandboxServer
from tidegate.settings import IssuerConfig, Settings

OPS_URL = "http://127.0.0.1:8001"
ADDRESS = ("203.0.113.7", 40_000)


class ShiftedClock(SystemClock):
    """The machine's clock, moved: real sockets still work, and hours can pass."""

    def __init__(self):
        self.shift = 0.0

    def now(self):
        return SystemClock.now() + self.shift

    def monotonic(self):
        return SystemClock.monotonic() + self.shift


@dataclass
class Gate:
    """What a test holds of a service.

    Attributes:
        sandbox: the identity provider and Stream, over real sockets.
        runtime: the assembled service.
        client: speaks to it from an address on the Internet.
        clock: of the service.
    """

    sandbox: SandboxServer
    runtime: Runtime
    client: httpx2.AsyncClient
    clock: ShiftedClock

    def session(self, person="ada", **claims):
        return self.sandbox.sandbox.provider.session(person, **claims)

    async def exchange(self, token, path="/stream/token", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(path, headers={"Authorization": f"Bearer {token}", **headers})

    def from_address(self, address, app=None):
        """A client at another address."""
        return client_at((address, 40_000), app or self.runtime.app)

    def operator(self, key=OPERATOR, address="127.0.0.1", url=OPS_URL):
        """A client of the operator's listener; without a key if None."""
        headers = {} if key is None else bearer(key)
        return client_at((address, 40_000), self.runtime.ops, base_url=url, headers=headers)


def as_our_server(app):
    """An application asked as our own server asks it: by the shortcut where there is one, over ASGI otherwise."""

    async def asked(scope, receive, send):
        shortcut = getattr(app, "shortcuts", {}).get(scope.get("raw_path"))
        if shortcut is None or scope["method"] != "POST" or scope["query_string"]:
            await app(scope, receive, send)
            return
        headers = [(name.lower(), value) for name, value in scope["headers"]]
        try:
            status, rest = shortcut(headers, scope["client"], scope["scheme"])
        except Waits as waits:
            scope[SCOPE_KEY] = waits.call
            await app(scope, receive, send)
            return
        head, _, body = rest.partition(b"\r\n\r\n")
        answered = [tuple(line.split(b": ", 1)) for line in head.split(b"\r\n")]
        await send({"type": "http.response.start", "status": status, "headers": answered})
        await send({"type": "http.response.body", "body": body})

    return asked


def client_at(address, app, way="shortcut", *, base_url="http://gate.test", headers=None):
    transport = httpx2.ASGITransport(app=app if way == "asgi" else as_our_server(app), client=address)
    return httpx2.AsyncClient(transport=transport, base_url=base_url, headers=headers)


def settings_for(server: SandboxServer, state_dir: Path, **changed) -> Settings:
    """Settings that trust the sandbox, as the sandbox itself would have them."""
    api_key, secret = server.sandbox.credentials()
    given = {
        "api_key": api_key,
        "api_secret": SecretStr(secret),
        "base_url": server.stream_url,
        "issuers": (IssuerConfig.model_validate(server.sandbox.issuer_config()),),
        "state_dir": state_dir,
        "probe_seconds": 30,
        "sync_calls_per_minute": 6_000,  # at the usual pace each test would end half a second later
        "log_format": "json",
        "operator_keys": KEYS,
        "operator_hosts": ("gate.test",),
    }
    return Settings.model_validate({**dict(Settings()), **given, **changed})


@functools.cache
def _migrated_file() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / SQLITE_FILE
        migrate_now(f"sqlite:///{path}")
        return path.read_bytes()


def put_sqlite_file(state_dir: Path) -> None:
    """Put a database that is migrated already where a service will look for it; migrating takes half a second."""
    path = state_dir / SQLITE_FILE
    if not path.exists():
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(_migrated_file())


@contextlib.asynccontextmanager
async def open_gate(
    server: SandboxServer, state_dir: Path, *, wait: bool = True, way: str = "shortcut", **changed
) -> AsyncIterator[Gate]:
    """Run a service with these settings until the block ends.

    Args:
        server: the sandbox that it trusts.
        state_dir: of the service.
        wait: until it can exchange.
        way: ``shortcut``, as our own server asks; ``asgi``, as every other one does.
        changed: settings.
    """
    clock, settings = ShiftedClock(), settings_for(server, state_dir, **changed)
    if store_wanted(settings) and settings.database_url is None:
        await anyio.to_thread.run_sync(put_sqlite_file, state_dir)
    runtime = build(settings, clock=clock)
    async with runtime.background.running(), client_at(ADDRESS, runtime.app, way) as client:
        with anyio.fail_after(5):
            while wait and not runtime.watch.can_exchange():
                await anyio.sleep(0.01)
        yield Gate(server, runtime, client, clock)

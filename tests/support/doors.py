"""Doors for the server's tests: a tiny application, a served listener, and raw bytes over a real socket."""

import asyncio
import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tidegate.app import server


@dataclass(frozen=True)
class DoorSettings:
    header_bytes: int = 2048
    header_timeout_ms: int = 10_000
    body_bytes: int = 4096
    url_bytes: int = 8192
    message_bytes: int = 8 * 4096
    pipeline_max: int = 32
    keep_alive_seconds: int = 75
    connections_max: int = 50
    connections_per_address: int = 0
    trusted_proxies: tuple = ()
    tls_certificate_file: Path | None = None
    tls_key_file: Path | None = None
    documentation_url: str = "https://docs.example/reasons/"


async def app(scope, receive, send):
    """``/slow`` waits for the body before it answers, ``/hold`` for a while, ``/never`` for ever."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = b""
    if scope["path"] == "/slow":
        while (event := await receive()).get("more_body"):
            body += event["body"]
        if event["type"] == "http.disconnect":
            return
        body += event["body"]
    if scope["path"] == "/hold":
        await asyncio.sleep(float(scope["query_string"] or 0.1))
    if scope["path"] == "/crash":
        raise ValueError("on purpose")
    if scope["path"] == "/inject":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"a\r\nset-cookie: b")]})
    content = json.dumps({"path": scope["path"], "method": scope["method"], "body": body.decode()}).encode()
    headers = [(b"content-type", b"application/json")]
    if scope["path"] != "/chunked":
        headers.append((b"content-length", b"%d" % len(content)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


@contextlib.asynccontextmanager
async def door(settings=None, *, shortcuts=MappingProxyType({}), application=app):
    """A listener in this loop; yields the server, which knows its address and its connections."""
    config = server.make_config(application, settings or DoorSettings(), bind="127.0.0.1:0", shortcuts=shortcuts)
    config.timeout_graceful_shutdown = 1
    listener = server.open_socket(config.host, config.port)
    running = server._Server(config, listener)
    await running.open()
    ticking = asyncio.create_task(running.main_loop())
    try:
        yield running
    finally:
        running.should_exit = True
        await ticking
        await running.shutdown()
        listener.close()


class Wire:
    """A client that sends exactly what it is told."""

    def __init__(self, reader, writer):
        self._reader, self.writer = reader, writer

    @classmethod
    async def to(cls, running):
        return cls(*await asyncio.open_connection(*running.address))

    async def say(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def flood(self, data):
        """Send until the peer has had enough."""
        while True:
            await self.say(data)

    async def flood_slowly(self, data, pause):
        """Send again and again, with a pause in between, until cancelled or put out."""
        with contextlib.suppress(ConnectionError):
            while True:
                await self.say(data)
                await asyncio.sleep(pause)

    async def answer(self):
        """One answer: status, headers, body."""
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 5)
        first, *lines = head.decode().rstrip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("transfer-encoding") == "chunked":
            body = await asyncio.wait_for(self._reader.readuntil(b"0\r\n\r\n"), 5)
        return int(first.split()[1]), headers, body

    async def ended(self):
        """Everything up to the end of the connection, which has to come."""
        try:
            return await asyncio.wait_for(self._reader.read(), 5)
        except ConnectionError:
            return b""

    async def close(self):
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


SCRIPT = """
import asyncio, sys
sys.path[:0] = {paths!r}
from support.doors import DoorSettings, app
from tidegate.app import server
started = lambda where: print("started", where.main[1], where.ops and where.ops[1], flush=True)
main = server.make_config(app, DoorSettings(), bind={main!r})
ops = server.make_config(app, DoorSettings(), bind="127.0.0.1:0", lifespan=False)
server.run(server.serve_all(main, ops, on_started=started, on_stopping=lambda: print("stopping", flush=True),
    shutdown_seconds={seconds}, next_free_port={next_free}))
print("ended", flush=True)
"""


def script(main="127.0.0.1:0", *, seconds=5, next_free=False):
    """A program that serves `app` at two listeners, as ``python -c`` takes it."""
    here = Path(__file__).resolve().parents[1]
    paths = [str(here), str(here.parent / "src"), *sys.path]
    return SCRIPT.format(paths=paths, main=main, seconds=seconds, next_free=next_free)

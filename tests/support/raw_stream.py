"""A server of bytes: it records each request as it came and answers from a script."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True)
class Drip:
    """An answer that arrives piece by piece and is never long silent."""

    head: bytes
    piece: bytes = b" "
    gap: float = 0.02


Step = bytes | Callable[[bytes], bytes] | float | Drip | None
"""Bytes to answer, a function of the request, seconds to stay silent, a drip, or None: hang up."""


def answer(body: object, status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP answer with a JSON body (bytes are sent as they are)."""
    octets = body if isinstance(body, bytes) else orjson.dumps(body)
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(octets)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + octets


def refusal(code: int, status: int, **headers: str) -> bytes:
    """An error in Stream's shape."""
    body = {"code": code, "message": "no", "StatusCode": status, "duration": "0.10ms", "more_info": ""}
    return answer(body, f"{status} No", **headers)


@dataclass
class RawStream:
    """What was asked, and what will be answered; the last step repeats."""

    steps: list[Step] = field(default_factory=lambda: [answer({"app": {"name": "raw"}})])
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    busiest: int = 0
    port: int = 0
    _under_way: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def close(self) -> None:
        """End every connection, so that none outlives the test's event loop."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        request = head + await reader.readexactly(length)
        self.requests.append(request)
        self._under_way += 1
        self.busiest = max(self.busiest, self._under_way)
        try:
            step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
            if step is None:
                return False
            if isinstance(step, float):
                await asyncio.sleep(step)
                step = answer({"app": {}})
            elif isinstance(step, Drip):
                writer.write(step.head)
                while True:
                    writer.write(step.piece)
                    await asyncio.sleep(step.gap)
            writer.write(step(request) if callable(step) else step)
            await writer.drain()
            return True
        finally:
            self._under_way -= 1


@asynccontextmanager
async def raw_stream(*steps: Step) -> AsyncIterator[RawStream]:
    """Run it on loopback for the length of a test."""
    stream = RawStream()
    if steps:
        stream.steps = list(steps)
    server = await asyncio.start_server(stream._serve, "127.0.0.1", 0)
    stream.port = server.sockets[0].getsockname()[1]
    try:
        yield stream
    finally:
        server.close()
        await stream.close()

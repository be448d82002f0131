"""Interim answers over real sockets: a few are passed over, a flood ends the connection before it is parsed."""

import asyncio
import contextlib

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.http.interim import INTERIM_MOST, InterimCount
from tidegate.identity.fetch import DocumentFetcher, Fault, FetchError, new_client

pytestmark = pytest.mark.anyio

HINT = b"HTTP/1.1 103 Early Hints\r\n\r\n"
LAST = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}'
FLOOD = 100_000


@contextlib.asynccontextmanager
async def answering(octets):
    sent = []

    async def answer(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                for start in range(0, len(octets), 65_536):
                    writer.write(octets[start : start + 65_536])
                    await writer.drain()
                sent.append(len(octets))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = new_client()
    try:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
        yield DocumentFetcher(client, loopback_http=True, timeout_seconds=5), url, sent
    finally:
        await client.aclose()
        server.close()


async def test_a_few_are_passed_over_on_each_request_of_a_connection():
    async with answering(HINT * INTERIM_MOST + LAST) as (fetcher, url, sent):
        for _ in range(3):
            assert (await fetcher.fetch(url)).members == {"a": 1}
        assert len(sent) == 3


async def test_a_flood_ends_the_connection():
    async with answering(HINT * FLOOD + LAST) as (fetcher, url, _):
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(url)
        assert caught.value.fault is Fault.UNREACHABLE
        assert "RemoteProtocolError" in str(caught.value)


def bears(count, pieces):
    try:
        for piece in pieces:
            count.note(piece)
    except httpx2.RemoteProtocolError:
        return False
    return True


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(0, 40))
def test_however_it_is_cut(sizes, number):
    octets, count = HINT * number + LAST, InterimCount()
    pieces, at = [], 0
    for size in [*sizes, len(octets)]:
        pieces.append(octets[at : at + size])
        at += size
    assert b"".join(pieces) == octets
    assert bears(count, pieces) == (number <= INTERIM_MOST)

"""What all calls of other servers share: whom they trust, and how an answer is read."""

import asyncio
import functools
import ssl
from typing import Final

import httpx2

_PIECES: Final = 64
"""Pieces of an answer that are taken before everything else has its turn."""


@functools.cache
def trust() -> ssl.SSLContext:
    """The platform's trusted authorities; the environment cannot change them. Loaded once, which is slow."""
    return httpx2.create_ssl_context(trust_env=False)


async def read_body(response: httpx2.Response, largest: int) -> bytes | None:
    """Read the body of a streamed answer as it came.

    What lies in a buffer already comes without a wait, so a server that cuts its answer into
    single octets could hold up every other request: the others get their turn in between.

    Args:
        response: whose headers are here.
        largest: octets that are read.

    Returns:
        the body; None where it is longer, and the rest is not read then.
    """
    body = bytearray()
    pieces = 0
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > largest:
            return None
        pieces += 1
        if pieces % _PIECES == 0:
            await asyncio.sleep(0)
    return bytes(body)

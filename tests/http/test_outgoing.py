"""Reading the answers of servers that may mean harm."""

import asyncio

import pytest

from tidegate.http.outgoing import read_body


class Pieces:
    """An answer whose body lies in a buffer already: no piece of it has to be waited for."""

    def __init__(self, *pieces):
        self._pieces = pieces
        self.taken = 0

    async def aiter_raw(self):
        for piece in self._pieces:
            self.taken += 1
            yield piece


@pytest.mark.anyio
async def test_a_body_is_read_whole_up_to_its_bound():
    assert await read_body(Pieces(b"ab", b"c"), 3) == b"abc"
    assert await read_body(Pieces(), 3) == b""


@pytest.mark.anyio
async def test_beyond_its_bound_nothing_more_is_read():
    answer = Pieces(b"ab", b"cd", b"ef")
    assert await read_body(answer, 3) is None
    assert answer.taken == 2


@pytest.mark.anyio
async def test_an_answer_in_single_octets_does_not_hold_up_the_others():
    turns = 0

    async def other():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    assert await read_body(Pieces(*[b"x"] * 6400), 10_000) == b"x" * 6400
    assert turns >= 99
    beside.cancel()

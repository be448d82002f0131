"""Whether the app answers: asked only with cause, and by questions of our own."""

import asyncio

import pytest

from support.authjs import OPAQUE
from tidegate.identity.authjs.route import can_be_asked
from tidegate.identity.authjs.vigil import Vigil
from tidegate.identity.fetch import Fault, FetchError

pytestmark = pytest.mark.anyio


class Route:
    """Fails as long as it is told to."""

    def __init__(self):
        self.fault = None
        self.asked = []

    async def ask(self, token):
        self.asked.append(token)
        if self.fault is not None:
            raise FetchError(self.fault, "as told")

    async def aclose(self):
        """Nothing is held."""


@pytest.fixture
async def vigil():
    route = Route()
    of = Vigil("authjs", route, 0.01, 0.01)
    of.route = route
    task = asyncio.create_task(of.run())
    yield of
    task.cancel()


async def until(condition):
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.005)


async def test_without_cause_nothing_is_asked(vigil):
    await asyncio.sleep(0.05)
    assert (vigil.fault, vigil.route.asked) == (None, [])


async def test_its_questions_are_for_a_session_that_is_none(vigil):
    vigil.doubt()
    await until(lambda: vigil.route.asked)
    assert vigil.fault is None
    (token,) = vigil.route.asked
    assert can_be_asked(token)
    assert token != OPAQUE.encode()


async def test_while_it_fails_it_is_asked_again_and_again(vigil):
    vigil.route.fault = Fault.TIMEOUT
    vigil.doubt()
    await until(lambda: len(vigil.route.asked) > 3)
    assert vigil.fault is Fault.TIMEOUT
    assert len(set(vigil.route.asked)) == len(vigil.route.asked)
    vigil.route.fault = None
    await until(lambda: vigil.fault is None)


async def test_somebodys_answer_is_proof(vigil):
    vigil.route.fault = Fault.STATUS
    vigil.doubt()
    await until(lambda: vigil.fault is not None)
    vigil.answered()
    assert vigil.fault is None

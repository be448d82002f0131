"""Look-ups of sessions in a database: asked once, remembered for seconds, bounded in every direction."""

import asyncio

import pytest

from support import authjs
from tidegate import metrics
from tidegate.clock import ManualClock
from tidegate.errors import Reason, Refusal
from tidegate.identity.authjs.lookups import LookupNeeded, LookupOptions, Lookups
from tidegate.identity.authjs.route import Person
from tidegate.identity.fetch import Fault, FetchError

pytestmark = pytest.mark.anyio

NOW = authjs.now()
TOKEN = authjs.OPAQUE.encode()
ADA = Person(authjs.ADA, NOW + 3600, {"name": "Ada Lovelace", "email": None, "picture": None})

LABELS = {"issuer": "authjs"}


class App:
    """A session route that answers what it is told to, when it is told to."""

    def __init__(self, answer=ADA):
        self.answer = answer
        self.asked = []
        self.open = asyncio.Event()
        self.open.set()
        self.closed = False

    async def ask(self, token):
        self.asked.append(token)
        await self.open.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def aclose(self):
        self.closed = True


def lookups(app, clock=None, **options):
    return Lookups("authjs", app, clock or ManualClock(NOW), LookupOptions(**options))


async def asked(of, token=TOKEN):
    with pytest.raises(LookupNeeded) as caught:
        of.claims(token)
    await of.ask(caught.value)
    return of.claims(token)


async def refused(of, token=TOKEN):
    with pytest.raises(Refusal) as caught:
        await asked(of, token)
    return caught.value


async def test_an_answer_becomes_claims_that_end_soon():
    assert await asked(lookups(App())) == {
        "name": "Ada Lovelace",
        "email": None,
        "picture": None,
        "sub": authjs.ADA,
        "iat": NOW,
        "exp": NOW + 10,
    }


async def test_claims_end_with_the_session():
    assert (await asked(lookups(App(Person("a", NOW + 3, {})))))["exp"] == NOW + 3


async def test_an_answer_counts_for_seconds():
    app, clock = App(), ManualClock(NOW)
    of = lookups(app, clock)
    await asked(of)
    clock.advance(9.9)
    assert of.claims(TOKEN)["sub"] == authjs.ADA
    clock.advance(0.1)
    assert (await asked(of))["iat"] == NOW + 10
    assert app.asked == [TOKEN, TOKEN]


async def test_that_there_is_none_counts_for_fewer():
    app, clock = App(None), ManualClock(NOW)
    of = lookups(app, clock)
    assert (await refused(of)).reason is Reason.TOKEN_EXPIRED
    clock.advance(4.9)
    with pytest.raises(Refusal):
        of.claims(TOKEN)
    app.answer = ADA
    clock.advance(0.1)
    assert await asked(of)
    assert len(app.asked) == 2


async def test_those_who_ask_together_ask_once():
    app = App()
    app.open.clear()
    of = lookups(app)
    waiting = [asyncio.create_task(asked(of)) for _ in range(20)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # whoever goes away takes nobody's answer along
    await asyncio.sleep(0)
    app.open.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert {one["sub"] for one in found[1:]} == {authjs.ADA}
    assert app.asked == [TOKEN]


async def test_at_most_eight_at_a_time():
    app = App()
    app.open.clear()
    of = lookups(app)
    waiting = [asyncio.create_task(asked(of, b"session-token-%d" % number)) for number in range(8)]
    await asyncio.sleep(0)
    assert metrics.REGISTRY.get_sample_value("tidegate_session_lookups_under_way", LABELS) == 8
    refusal = await refused(of, b"session-token-8")
    assert (refusal.reason, refusal.retry_after) == (Reason.IDENTITY_UNAVAILABLE, 1)
    app.open.set()
    assert len(await asyncio.gather(*waiting)) == 8
    assert await asked(of, b"session-token-8")


@pytest.mark.parametrize("error", [FetchError(Fault.TIMEOUT, "late"), FetchError(Fault.STATUS, "500"), KeyError("x")])
async def test_no_answer_is_503_and_not_remembered(error):
    app = App(error)
    of = lookups(app)
    assert (await refused(of)).reason is Reason.IDENTITY_UNAVAILABLE
    app.answer = ADA
    assert await asked(of)
    assert len(app.asked) == 2


async def test_what_is_known_is_bounded():
    of = lookups(App(), entries=10)
    for number in range(50):
        await asked(of, b"session-token-%d" % number)
    assert metrics.REGISTRY.get_sample_value("tidegate_session_lookup_entries", LABELS) <= 10
    assert metrics.REGISTRY.get_sample_value("tidegate_session_lookup_evicted_total", LABELS) > 0


async def test_closing_ends_what_is_under_way():
    app = App()
    app.open.clear()
    of = lookups(app)
    waiting = asyncio.create_task(refused(of))
    await asyncio.sleep(0)
    await of.aclose()
    assert (await waiting).reason is Reason.IDENTITY_UNAVAILABLE
    assert app.closed


async def test_nothing_shows_the_token():
    of = lookups(App())
    with pytest.raises(LookupNeeded) as caught:
        of.claims(TOKEN)
    needed = caught.value
    assert needed.asks_app
    for text in (str(needed), repr(needed), str(needed.refusal()), str(needed.unavailable(5)), repr(vars(of))):
        assert authjs.OPAQUE not in text
    await of.ask(needed)
    assert authjs.OPAQUE not in repr(vars(of))

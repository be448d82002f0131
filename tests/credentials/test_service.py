"""Rotation: what is noticed, tried, promoted and taken back."""

import base64
import json

import pytest

from tidegate.clock import ManualClock
from tidegate.credentials import Credentials, Generation, Pair
from tidegate.credentials.check import Outcome, Verdict
from tidegate.credentials.kept import FILE_NAME, KeptRing
from tidegate.credentials.ring import NotPossible
from tidegate.credentials.service import Rotation, RotationRules
from tidegate.credentials.sources import Pairs, SourceError
from tidegate.metrics import REGISTRY

pytestmark = pytest.mark.anyio
ONE, TWO, SAME = Pair("key-one", "secret-one"), Pair("key-two", "secret-two"), Pair("key-one", "secret-new")
A, B, C = (Generation(pair).id for pair in (ONE, TWO, SAME))
APP = ("Org", "App")


class Stream:
    """What Stream takes at present."""

    name = "a test"

    def __init__(self, *pairs):
        self.pairs = list(pairs)
        self.apps = {}
        self.down = False
        self.asked = []
        self.given = None

    def read(self):
        if isinstance(self.given, Exception):
            raise self.given
        return self.given

    async def check(self, access):
        self.asked.append(access.api_key)
        if self.down:
            return Verdict(Outcome.UNKNOWN, why="unreachable")
        for pair in self.pairs:
            claims = access.token.split(".")[1]
            octets = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
            if access == (pair.api_key, Generation(pair).signer.sign(octets)):
                return Verdict(Outcome.ACCEPTED, self.apps.get(pair.api_key, APP))
        return Verdict(Outcome.REFUSED, why="signature")


CLOCK = ManualClock()


@pytest.fixture
def clock():
    CLOCK.__init__()
    return CLOCK


def rotation(stream, clock, current=ONE, following=None, kept=None, faults=lambda _: []):
    stream.given = Pairs(current, following)
    rules = RotationRules(period_s=30, timeout_s=1, most=4, faults=faults)
    return Rotation(Credentials(Generation(current)), stream, stream.check, kept, rules, clock)


def states(rotation):
    return {one.id: one.state.value for one in rotation.ring.entries}


def signing(rotation):
    return rotation._credentials.primary.id


async def test_the_first_pair_signs_without_asking_anybody(clock):
    stream = Stream()
    stream.down = True
    begun = rotation(stream, clock)
    await begun.look()
    assert states(begun) == {A: "primary"}
    assert signing(begun) == A


async def test_the_pair_that_is_to_follow_is_tried_and_waits_for_the_operator(clock):
    begun = rotation(Stream(ONE, TWO), clock, following=TWO)
    await begun.look()
    await begun.look()
    assert states(begun) == {A: "primary", B: "verified"}
    assert await begun.promote(B, cut_over=False)
    assert states(begun) == {A: "draining", B: "primary"}
    assert signing(begun) == B
    clock.advance(100_000)
    await begun.look()
    assert states(begun) == {A: "retired", B: "primary"}


async def test_what_stream_does_not_take_is_not_promoted(clock):
    stream = Stream(ONE)
    begun = rotation(stream, clock, following=TWO)
    await begun.look()
    assert states(begun) == {A: "primary", B: "pending"}
    with pytest.raises(NotPossible, match="Stream did not take"):
        await begun.promote(B, cut_over=False)
    stream.pairs.append(TWO)
    assert await begun.promote(B, cut_over=False)


async def test_a_pair_of_another_app_is_not_promoted(clock):
    stream = Stream(ONE, TWO)
    stream.apps = {"key-two": ("Org", "Staging")}
    begun = rotation(stream, clock, following=TWO)
    await begun.look()
    with pytest.raises(NotPossible, match="another app"):
        await begun.promote(B, cut_over=False)
    assert signing(begun) == A


async def test_a_promotion_is_taken_back_where_stream_refuses_it_after_all(clock):
    stream = Stream(ONE, TWO)
    begun = rotation(stream, clock, following=TWO)
    await begun.look()
    assert await begun.promote(B, cut_over=False)
    stream.pairs.remove(TWO)
    await begun.look()
    assert states(begun) == {A: "primary", B: "pending"}
    assert signing(begun) == A
    await begun.look()
    assert signing(begun) == A


async def test_an_outage_of_stream_takes_nothing_back(clock):
    stream = Stream(ONE, TWO)
    begun = rotation(stream, clock, following=TWO)
    await begun.look()
    await begun.promote(B, cut_over=False)
    stream.down = True
    await begun.look()
    assert signing(begun) == B


async def test_the_one_before_is_not_gone_back_to_where_it_is_refused_too(clock):
    stream = Stream(ONE, TWO)
    begun = rotation(stream, clock, following=TWO)
    await begun.look()
    await begun.promote(B, cut_over=False)
    stream.pairs.clear()
    await begun.look()
    assert signing(begun) == B


async def test_a_changed_source_takes_effect_once_stream_took_it(clock):
    stream = Stream(ONE)
    begun = rotation(stream, clock)
    await begun.look()
    stream.given = Pairs(TWO)
    await begun.look()
    assert signing(begun) == A
    stream.pairs.append(TWO)
    await begun.look()
    assert states(begun) == {A: "draining", B: "primary"}
    stream.given = Pairs(ONE)
    await begun.look()
    assert states(begun) == {A: "primary", B: "draining"}


async def test_a_changed_secret_of_the_same_key_is_a_cut_over(clock):
    stream = Stream(ONE)
    begun = rotation(stream, clock)
    await begun.look()
    stream.given = Pairs(SAME)
    await begun.look()
    assert signing(begun) == A
    stream.pairs = [SAME]
    await begun.look()
    assert states(begun) == {A: "retired", C: "primary"}


async def test_a_cut_over_by_command_must_be_said(clock):
    stream = Stream(ONE)
    begun = rotation(stream, clock, following=SAME)
    await begun.look()
    stream.pairs = [SAME]
    with pytest.raises(NotPossible, match="--cut-over"):
        await begun.promote(C, cut_over=False)
    assert await begun.promote(C, cut_over=True)
    assert states(begun) == {A: "retired", C: "primary"}


@pytest.mark.parametrize("trouble", [SourceError("it is not JSON"), "form"])
async def test_the_last_good_pair_is_kept_where_the_source_gives_nothing_to_use(clock, trouble):
    stream = Stream(ONE, TWO)
    begun = rotation(stream, clock, faults=lambda pair: ["the key is a placeholder"] if pair is TWO else [])
    await begun.look()
    stream.given = Pairs(TWO) if trouble == "form" else trouble
    await begun.look()
    assert states(begun) == {A: "primary"}
    assert begun.trouble
    assert "secret" not in begun.trouble
    stream.given = Pairs(ONE)
    await begun.look()
    assert begun.trouble == ""


async def test_draining_is_not_cut_short_by_chance(clock):
    begun = rotation(Stream(ONE, TWO), clock, following=TWO)
    await begun.look()
    begun._credentials.primary.outstanding.add(int(clock.now()), int(clock.now()) + 3600)
    await begun.promote(B, cut_over=False)
    assert begun.out(A) == 1
    assert begun.ring.get(A).drains_until == clock.now() + 3600 + 60
    with pytest.raises(NotPossible, match="drains for another 3660 s"):
        await begun.retire(A, now=False)
    await begun.retire(A, now=True)
    assert states(begun) == {A: "retired", B: "primary"}


async def test_a_restart_signs_with_what_was_promoted_even_while_stream_is_down(clock, tmp_path):
    kept = KeptRing(tmp_path, "https://stream", 4)
    begun = rotation(Stream(ONE, TWO), clock, following=TWO, kept=kept)
    await begun.look()
    await begun.promote(B, cut_over=False)
    text = (tmp_path / FILE_NAME).read_text()
    assert "secret-" not in text
    stream = Stream()
    stream.down = True
    again = rotation(stream, clock, following=TWO, kept=kept)
    await again.look()
    assert signing(again) == B
    # Of an app elsewhere nothing is known.
    assert KeptRing(tmp_path, "https://other", 4).read() is None


async def test_a_restart_with_a_pair_that_nobody_knows_signs_with_it(clock, tmp_path):
    kept = KeptRing(tmp_path, "https://stream", 4)
    await rotation(Stream(ONE), clock, kept=kept).look()
    stream = Stream()
    stream.down = True
    again = rotation(stream, clock, current=TWO, kept=kept)
    await again.look()
    assert signing(again) == B
    stream.down, stream.pairs = False, [TWO]
    await again.look()
    assert states(again)[B] == "primary"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"base_url": "https://stream"}', json.dumps({"base_url": 3})])
async def test_a_damaged_file_begins_anew(clock, tmp_path, content):
    (tmp_path / FILE_NAME).write_text(content)
    begun = rotation(Stream(ONE), clock, kept=KeptRing(tmp_path, "https://stream", 4))
    await begun.look()
    assert states(begun) == {A: "primary"}
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o644 or content


async def test_a_file_that_others_can_write_decides_nothing(clock, tmp_path):
    kept = KeptRing(tmp_path, "https://stream", 4)
    begun = rotation(Stream(ONE, TWO), clock, following=TWO, kept=kept)
    await begun.look()
    await begun.promote(B, cut_over=False)
    (tmp_path / FILE_NAME).chmod(0o666)
    assert kept.read() is None


async def test_ages_and_states_are_measured(clock):
    begun = rotation(Stream(ONE, TWO), clock, following=TWO)
    await begun.look()
    clock.advance(86_400)
    await begun.look()
    assert REGISTRY.get_sample_value("tidegate_credential_age_seconds", {"generation": A}) == 86_400
    assert REGISTRY.get_sample_value("tidegate_credential_generations", {"state": "verified"}) == 1

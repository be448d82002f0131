"""The exchange without HTTP: the order of its steps, and what each outcome costs."""

import pytest

from support.issuing import CLERK_USER, NOW, ScriptedKeys, SigningIssuer, clerk_policy
from tidegate.clock import ManualClock
from tidegate.credentials import Credentials
from tidegate.errors import LimitExceeded, Reason, Refusal
from tidegate.identity.keysource import AskOutcome
from tidegate.identity.service import Issuer, KeysNeeded, Verifier
from tidegate.limits import ExchangeLimits, LimitRates
from tidegate.settings.risk import Risk, RiskRow
from tidegate.tokens.life import LifeTable
from tidegate.tokens.mapping import SubjectMapping
from tidegate.tokens.mint import Minter
from tidegate.tokens.profile import NO_PROFILE, Profile, Profiles
from tidegate.tokens.service import Exchange
from tidegate.tokens.sessions import SessionCache
from tidegate.tokens.standing.memory import Standing
from tidegate.tokens.standing.model import FOREVER, NEVER, Mark

pytestmark = pytest.mark.anyio
ISSUER = SigningIssuer()
ADDRESS = "203.0.113.7"


class Offers:
    def __init__(self):
        self.seen = []

    def offer(self, user_id, profile):
        self.seen.append((user_id, profile))


class Bench:
    """An exchange with one issuer, its parts at hand."""

    def __init__(self, *outcomes, keys=..., found=None, rates=None, cache=100, lives=(), **policy):
        self.clock = ManualClock(NOW)
        self.keys = ScriptedKeys("clerk", ISSUER.key_set if keys is ... else keys, *outcomes, found=found)
        self.offers = Offers()
        self.sessions = SessionCache(cache)
        self.standing = Standing()
        self.stopping = False
        given = {"address": 0, "subject": 0, "issuer": 0, "total": 0, "entries": 100, **(rates or {})}
        self.exchange = Exchange(
            verifier=Verifier([Issuer(clerk_policy(**policy), self.keys)], self.clock),
            limits=ExchangeLimits(LimitRates(**given)),
            mapping=SubjectMapping(),
            minter=Minter(Credentials.of("key", "secret")),
            lives=LifeTable(3600, lives),
            profiles=Profiles(),
            sessions=self.sessions,
            sync=self.offers,
            standing=self.standing,
            clock=self.clock,
            stopping=lambda: self.stopping,
        )

    def admit(self, token, address=ADDRESS):
        return self.exchange.admit(token, address)

    def reason(self, token):
        with pytest.raises(Refusal) as refused:
            self.admit(token)
        return refused.value.reason


async def test_a_session_is_verified_once_and_offered_each_time():
    bench = Bench()
    token = ISSUER.session(name="Ada", picture="https://img.example/a.png")
    first, second = bench.admit(token), bench.admit(token)
    assert first is second
    assert first.user_id == CLERK_USER
    assert bench.offers.seen == [(CLERK_USER, Profile("Ada", "https://img.example/a.png"))] * 2
    assert len(bench.sessions) == 1


async def test_a_cached_session_ends_when_its_key_leaves():
    bench = Bench()
    token = ISSUER.session()
    bench.admit(token).who.key.live = False
    with pytest.raises(KeysNeeded):
        bench.admit(token)


async def test_without_a_cache_everything_is_verified():
    bench = Bench(cache=0)
    token = ISSUER.session()
    assert bench.admit(token) is not bench.admit(token)


async def test_the_address_pays_before_anybody_looks_at_the_token():
    bench = Bench(rates={"address": 1})
    bench.admit(ISSUER.session())
    with pytest.raises(LimitExceeded) as refused:
        bench.admit(b"nonsense")
    assert refused.value.reason is Reason.LIMIT_ADDRESS


async def test_a_failure_costs_ten_and_a_success_one():
    bench = Bench(rates={"address": 21})
    assert bench.reason(b"x.y.z") is Reason.TOKEN_MALFORMED
    for _ in range(11):
        bench.admit(ISSUER.session())
    assert bench.reason(ISSUER.session()) is Reason.LIMIT_ADDRESS


async def test_an_outage_of_the_key_server_is_not_charged_to_the_caller():
    bench = Bench(*[AskOutcome.failed(7)] * 5, keys=None, rates={"address": 6})
    for _ in range(5):
        with pytest.raises(KeysNeeded) as needed:
            bench.admit(ISSUER.session())
        with pytest.raises(Refusal) as refused:
            await bench.exchange.admit_after_keys(needed.value, ISSUER.session(), ADDRESS)
        assert (refused.value.reason, refused.value.retry_after) == (Reason.IDENTITY_UNAVAILABLE, 7)


async def test_an_unknown_key_is_asked_for_and_then_known():
    bench = Bench(AskOutcome.refreshed(), keys=SigningIssuer(kid="old", key=1).key_set, found=ISSUER.key_set)
    token = ISSUER.session()
    with pytest.raises(KeysNeeded) as needed:
        bench.admit(token)
    assert (await bench.exchange.admit_after_keys(needed.value, token, ADDRESS)).user_id == CLERK_USER


async def test_a_key_that_stays_unknown_is_refused_and_charged():
    others = SigningIssuer(kid="old", key=1).key_set
    bench = Bench(AskOutcome.refreshed(), AskOutcome.refreshed(), keys=others, rates={"address": 11})
    with pytest.raises(KeysNeeded) as needed:
        bench.admit(ISSUER.session())
    with pytest.raises(Refusal) as refused:
        await bench.exchange.admit_after_keys(needed.value, ISSUER.session(), ADDRESS)
    assert refused.value.reason is Reason.KEY_UNKNOWN
    with pytest.raises(KeysNeeded):
        bench.admit(ISSUER.session())
    assert bench.reason(ISSUER.session()) is Reason.LIMIT_ADDRESS


async def test_a_signature_that_does_not_fit_casts_doubt_on_the_keys():
    bench = Bench()
    forged = SigningIssuer(key=1).session()
    assert bench.reason(forged) is Reason.SIGNATURE_INVALID
    assert bench.keys.asked == ["doubt"]


async def test_while_shutting_down_nothing_is_spent():
    bench = Bench(rates={"address": 1})
    bench.stopping = True
    assert bench.reason(ISSUER.session()) is Reason.SHUTTING_DOWN
    bench.stopping = False
    assert bench.admit(ISSUER.session())


@pytest.mark.parametrize("claimed", ["old-7", "A_b@c"])
async def test_the_claim_of_migration_decides_the_id(claimed):
    bench = Bench(user_id_claim="chat_id")
    assert bench.admit(ISSUER.session(chat_id=claimed)).user_id == claimed


@pytest.mark.parametrize("claimed", [None, "", "tg-x", "a b", "a.b", "x" * 256, 7])
async def test_a_claim_that_is_no_id_never_falls_back_to_the_subject(claimed):
    bench = Bench(user_id_claim="chat_id")
    assert bench.reason(ISSUER.session(chat_id=claimed)) is Reason.SUBJECT_UNMAPPABLE


async def test_a_further_issuers_claim_stays_in_its_namespace():
    bench = Bench(user_id_claim="chat_id", namespace="two")
    assert bench.admit(ISSUER.session(chat_id="old-7")).user_id == "tg-two-old-7"


async def test_a_refused_subject_is_verified_once_all_the_same():
    bench = Bench(rates={"subject": 1})
    token = ISSUER.session()
    bench.admit(token)
    assert bench.reason(token) is Reason.LIMIT_SUBJECT
    assert bench.offers.seen == [(CLERK_USER, NO_PROFILE)]


async def test_minting_is_the_minters():
    bench = Bench()
    issued = bench.exchange.mint(bench.admit(ISSUER.session()))
    assert issued.now == NOW
    assert issued.minted.expires_at - issued.minted.issued_at == 3600


async def test_a_session_at_risk_gets_tokens_that_live_shorter():
    bench = Bench(lives=(RiskRow(Risk.IMPERSONATED, 300),))
    lives = []
    for claims in ({}, {"act": {"sub": "user_of_support"}}, {}):
        minted = bench.exchange.mint(bench.admit(ISSUER.session(**claims))).minted
        lives.append(minted.expires_at - minted.issued_at)
    assert lives == [3600, 300, 3600]


async def test_a_factor_that_becomes_stale_shortens_the_life_of_a_remembered_session():
    bench = Bench(lives=(RiskRow(Risk.STALE_FACTOR, 600, 60),), factor=True)
    token = ISSUER.session(fva=[59, -1], exp=NOW + 600)
    first = bench.admit(token)
    assert (first.life, first.until) == (3600, NOW + 60)
    bench.clock.advance(59)
    assert bench.admit(token) is first
    bench.clock.advance(1)
    second = bench.admit(token)
    assert (second.life, second.until) == (600, NOW + 600)
    assert bench.admit(token) is second


async def test_a_ban_is_effective_at_once_for_a_session_that_is_remembered():
    bench = Bench()
    token = ISSUER.session()
    bench.admit(token)
    bench.standing.mark(CLERK_USER, Mark(NEVER, NEVER, FOREVER, 1))
    assert bench.reason(token) is Reason.SUBJECT_BANNED
    assert len(bench.offers.seen) == 1  # a banned person's profile would bring a deleted user back
    bench.standing.mark(CLERK_USER, Mark(NEVER, NEVER, NEVER, 2))
    assert bench.admit(token)


async def test_a_revoked_session_is_refused_and_a_newer_one_waits_for_its_date():
    bench = Bench()
    old = ISSUER.session()
    bench.admit(old)
    bench.standing.mark(CLERK_USER, Mark(NOW + 1, NOW + 1, NEVER, 1))
    assert bench.reason(old) is Reason.SESSION_REVOKED
    bench.clock.advance(3)
    newer = bench.admit(ISSUER.session(now=NOW + 3))
    with pytest.raises(Refusal) as refused:
        bench.exchange.mint(newer)
    assert (refused.value.reason, refused.value.retry_after) == (Reason.RECENTLY_REVOKED, 4)
    bench.clock.advance(4)
    assert bench.exchange.mint(newer).minted.issued_at == NOW + 2

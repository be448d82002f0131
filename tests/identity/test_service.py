"""The verifier: the right issuer's keys, the right answer when keys are missing, and no waiting in between."""

import pytest

from support.issuing import CLERK, CLERK_USER, NOW, ScriptedKeys, SigningIssuer, clerk_claims, clerk_policy
from tidegate.clock import ManualClock
from tidegate.errors import Reason, Refusal
from tidegate.identity.jws import JwsLimits
from tidegate.identity.keys import KeySet
from tidegate.identity.keysource import AskOutcome
from tidegate.identity.service import Issuer, KeysNeeded, Verifier
from tidegate.settings.presets import OIDC

SECOND = "https://login.example.com/"
CLERK_ISSUER = SigningIssuer()
SECOND_ISSUER = SigningIssuer(SECOND, key=1)  # the same kid, another key


def verifier(*issuers, clock=None, **limits):
    return Verifier(issuers, clock or ManualClock(NOW), JwsLimits(**limits))


def clerk(keys=None, **policy):
    return Issuer(clerk_policy(**policy), keys or ScriptedKeys("clerk", CLERK_ISSUER.key_set))


def second(keys=None):
    policy = clerk_policy(name="second", issuer=SECOND, preset=OIDC, namespace="b")
    return Issuer(policy, keys or ScriptedKeys("second", SECOND_ISSUER.key_set))


def refused(gate, token, now=NOW):
    with pytest.raises(Refusal) as caught:
        gate.verify(token, now)
    return caught.value.reason


def test_a_session_of_each_issuer():
    gate = verifier(clerk(), second())
    one = gate.verify(CLERK_ISSUER.session(), NOW)
    two = gate.verify(SECOND_ISSUER.session(), NOW)
    assert (one.issuer, one.namespace, one.subject) == ("clerk", None, CLERK_USER)
    assert (two.issuer, two.namespace, two.subject) == ("second", "b", CLERK_USER)
    assert one.key is not two.key
    assert one.key.kid == two.key.kid


def test_the_same_kid_in_two_issuers_opens_neither_door_to_the_other():
    gate = verifier(clerk(), second())
    assert refused(gate, CLERK_ISSUER.sign(clerk_claims(iss=SECOND))) is Reason.SIGNATURE_INVALID
    assert refused(gate, SECOND_ISSUER.sign(clerk_claims(iss=CLERK))) is Reason.SIGNATURE_INVALID
    for keys in (CLERK_ISSUER, SECOND_ISSUER):
        assert gate.verify(keys.session(), NOW).policy.issuer == keys.issuer


def test_two_issuers_that_share_a_key_are_still_two():
    """Whoever signs, the policy and the namespace are those of the issuer that the token names."""
    shared = SigningIssuer(SECOND, key=0)
    gate = verifier(clerk(), second(ScriptedKeys("second", shared.key_set)))
    assert gate.verify(shared.session(), NOW).namespace == "b"
    assert gate.verify(CLERK_ISSUER.session(), NOW).namespace is None


@pytest.mark.parametrize(
    "iss", [None, "", CLERK[:-1], CLERK + "/", SECOND[:-1], [CLERK], {"a": 1}, 5, True, f"{CLERK},{SECOND}", "clerk"]
)
def test_an_issuer_that_is_not_configured(iss):
    gate = verifier(clerk(), second())
    assert refused(gate, CLERK_ISSUER.sign(clerk_claims(iss=iss))) is Reason.ISSUER_UNKNOWN


def test_one_issuer_alone_is_no_reason_to_guess():
    assert refused(verifier(clerk()), CLERK_ISSUER.sign(clerk_claims(iss=None))) is Reason.ISSUER_UNKNOWN


@pytest.mark.parametrize("changes", [{"name": "clerk"}, {"issuer": CLERK}])
def test_issuers_differ_in_name_and_value(changes):
    fields = {"name": "second", "issuer": SECOND} | changes
    with pytest.raises(ValueError, match="must differ"):
        verifier(clerk(), clerk(**fields))


def test_no_issuer_at_all_says_which_line_to_add():
    with pytest.raises(Refusal) as caught:
        verifier().verify(b"anything", NOW)
    assert caught.value.reason is Reason.ISSUER_NOT_CONFIGURED
    assert "CLERK_PUBLISHABLE_KEY=" in caught.value.detail
    assert caught.value.retry_after == 60


def test_the_signature_comes_before_the_claims():
    token = CLERK_ISSUER.session(exp=NOW - 900)
    assert refused(verifier(clerk()), token) is Reason.TOKEN_EXPIRED
    forged = token[:-8] + bytes(reversed(token[-8:-4])) + token[-4:]
    assert refused(verifier(clerk()), forged) is Reason.SIGNATURE_INVALID


def test_the_claims_judged_are_the_octets_that_were_signed():
    head, _, signature = CLERK_ISSUER.session().split(b".")
    _, payload, _ = CLERK_ISSUER.session(sub="user_admin").split(b".")
    assert refused(verifier(clerk()), b".".join((head, payload, signature))) is Reason.SIGNATURE_INVALID


def test_the_algorithms_are_the_issuers_own():
    gate = verifier(clerk(algorithms=frozenset({"ES256"})))
    assert refused(gate, CLERK_ISSUER.session()) is Reason.ALGORITHM_NOT_ALLOWED


def test_the_header_type_reaches_the_judge():
    assert refused(verifier(clerk()), CLERK_ISSUER.sign(clerk_claims(), typ="at+jwt")) is Reason.TOKEN_KIND_REFUSED


def test_sizes_are_the_configured_ones():
    token = CLERK_ISSUER.session()
    assert verifier(clerk(), token_octets=len(token)).verify(token, NOW)
    assert refused(verifier(clerk(), token_octets=len(token) - 1), token) is Reason.TOKEN_TOO_LARGE
    assert refused(verifier(clerk(), header_octets=20), token) is Reason.TOKEN_TOO_LARGE


@pytest.mark.parametrize(
    "payload", [b"[]", b'"x"', b"null", b"{", b'{"iss":"a","iss":"b"}', b"\xff", b'{"exp":NaN}', b""]
)
def test_a_payload_that_is_no_object(payload):
    token = CLERK_ISSUER.sign_octets(b'{"alg":"RS256","kid":"ins_1"}', payload)
    assert refused(verifier(clerk()), token) is Reason.TOKEN_MALFORMED


# keys that are not here


def unknown_kid(kid="ins_2"):
    return CLERK_ISSUER.sign(clerk_claims(), kid=kid)


def test_an_unknown_kid_asks_and_never_guesses():
    with pytest.raises(KeysNeeded) as caught:
        verifier(clerk()).verify(unknown_kid(), NOW)
    assert (caught.value.issuer, caught.value.kid) == ("clerk", "ins_2")


def test_no_keys_at_all_ask_without_a_name():
    with pytest.raises(KeysNeeded) as caught:
        verifier(clerk(ScriptedKeys("clerk", None))).verify(CLERK_ISSUER.session(), NOW)
    assert (caught.value.issuer, caught.value.kid) == ("clerk", None)


def test_a_header_without_kid_has_nothing_to_ask_for():
    both = KeySet.from_jwks({"keys": [CLERK_ISSUER.jwk, SigningIssuer(kid="ins_2", key=1).jwk]})
    keys = ScriptedKeys("clerk", both)
    assert refused(verifier(clerk(keys)), unknown_kid(None)) is Reason.KEY_UNKNOWN


@pytest.mark.anyio
async def test_forged_signatures_and_unknown_issuers_never_cause_a_fetch():
    keys = ScriptedKeys("clerk", CLERK_ISSUER.key_set)
    gate = verifier(clerk(keys))
    forged = SigningIssuer(key=1).session()
    for token in (forged, CLERK_ISSUER.session(iss="https://x.example"), b"a.b.c", CLERK_ISSUER.session(exp=1)):
        with pytest.raises(Refusal):
            await gate.verify_or_ask(token, NOW)
    assert keys.asked == []


@pytest.mark.anyio
async def test_a_new_key_is_found_by_asking_once():
    rotated = SigningIssuer(kid="ins_2", key=1)
    keys = ScriptedKeys("clerk", CLERK_ISSUER.key_set, AskOutcome.refreshed(), found=rotated.key_set)
    who = await verifier(clerk(keys)).verify_or_ask(rotated.session(), NOW)
    assert who.key.kid == "ins_2"
    assert keys.asked == ["ins_2"]


@pytest.mark.anyio
async def test_the_first_keys_are_found_by_asking_once():
    keys = ScriptedKeys("clerk", None, AskOutcome.refreshed(), found=CLERK_ISSUER.key_set)
    assert (await verifier(clerk(keys)).verify_or_ask(CLERK_ISSUER.session(), NOW)).subject == CLERK_USER
    assert keys.asked == [None]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("keys", "token", "outcome", "reason", "retry_after"),
    [
        # keys are here, this one is not among them
        (CLERK_ISSUER.key_set, unknown_kid(), AskOutcome.refreshed(), Reason.KEY_UNKNOWN, 30),
        (CLERK_ISSUER.key_set, unknown_kid(), AskOutcome.budget_spent(17), Reason.KEY_UNKNOWN, 17),
        (CLERK_ISSUER.key_set, unknown_kid(), AskOutcome.budget_spent(None), Reason.KEY_UNKNOWN, None),
        (CLERK_ISSUER.key_set, unknown_kid(), AskOutcome.failed(4), Reason.IDENTITY_UNAVAILABLE, 4),
        # no keys: whatever came of asking, it is our failure and not the caller's
        (None, CLERK_ISSUER.session(), AskOutcome.refreshed(), Reason.IDENTITY_UNAVAILABLE, 30),
        (None, CLERK_ISSUER.session(), AskOutcome.budget_spent(17), Reason.IDENTITY_UNAVAILABLE, 17),
        (None, CLERK_ISSUER.session(), AskOutcome.budget_spent(None), Reason.IDENTITY_UNAVAILABLE, 30),
        (None, CLERK_ISSUER.session(), AskOutcome.failed(4), Reason.IDENTITY_UNAVAILABLE, 4),
    ],
)
async def test_what_is_said_when_asking_did_not_help(keys, token, outcome, reason, retry_after):
    source = ScriptedKeys("clerk", keys, outcome)
    with pytest.raises(Refusal) as caught:
        await verifier(clerk(source)).verify_or_ask(token, NOW)
    assert (caught.value.reason, caught.value.retry_after) == (reason, retry_after)
    assert len(source.asked) == 1
    assert "ins_2" not in str(caught.value)


@pytest.mark.anyio
async def test_a_session_can_expire_while_its_keys_are_fetched():
    clock = ManualClock(NOW)
    keys = ScriptedKeys("clerk", None, AskOutcome.refreshed(), found=CLERK_ISSUER.key_set)
    gate = verifier(clerk(keys), clock=clock)
    clock.advance(66)
    with pytest.raises(Refusal) as caught:
        await gate.verify_or_ask(CLERK_ISSUER.session(), NOW)
    assert caught.value.reason is Reason.TOKEN_EXPIRED


@pytest.mark.anyio
async def test_only_the_named_issuer_is_asked():
    first, other = ScriptedKeys("clerk", None), ScriptedKeys("second", None, AskOutcome.failed(3))
    with pytest.raises(Refusal):
        await verifier(clerk(first), second(other)).verify_or_ask(SECOND_ISSUER.session(), NOW)
    assert (first.asked, other.asked) == ([], [None])


def test_a_key_that_left_its_set_verifies_nothing_more():
    gate = verifier(clerk(ScriptedKeys("clerk", CLERK_ISSUER.key_set)))
    who = gate.verify(CLERK_ISSUER.session(), NOW)
    who.key.live = False
    with pytest.raises(KeysNeeded):
        gate.verify(CLERK_ISSUER.session(), NOW)

"""Sessions of Auth.js, judged: those that Auth.js made, and what becomes of age, tolerance and purpose."""

import pytest

from support import authjs
from support.issuing import CLERK, ScriptedKeys, SigningIssuer, clerk_claims, clerk_policy
from tidegate.clock import ManualClock
from tidegate.errors import Reason, Refusal
from tidegate.identity.authjs.jwe import Form
from tidegate.identity.authjs.keys import SecretKeys
from tidegate.identity.authjs.sessions import AuthjsSessions
from tidegate.identity.jws import JwsLimits
from tidegate.identity.model import IssuerPolicy
from tidegate.identity.service import Issuer, Verifier

NOW = authjs.now()
ROOMY = JwsLimits(16_384, 2_048)


def authjs_issuer(secrets=(authjs.SECRET, authjs.OLD_SECRET), limits=ROOMY, **changes):
    policy = IssuerPolicy.from_config(authjs.issuer_config(**changes))
    keys = SecretKeys("authjs", "authjs", secrets, authjs.COOKIES, frozenset(Form))
    return Issuer(policy, keys, AuthjsSessions(policy, keys, None, limits))


def verifier(*more, **changes):
    return Verifier([authjs_issuer(**changes), *more], ManualClock(NOW), ROOMY)


def reason(token, now=NOW, **changes):
    with pytest.raises(Refusal) as caught:
        verifier(**changes).verify(token, now)
    assert caught.value.issuer == "authjs"
    return caught.value.reason


GOOD = [one for one in authjs.vectors()["sessions"] if "stranger" not in one["name"] and "sub" in one["claims"]]


@pytest.mark.parametrize("one", GOOD, ids=[one["name"] for one in GOOD])
def test_every_session_that_auth_js_made(one):
    who = verifier().verify(one["token"].encode(), NOW + 10)
    assert (who.issuer, who.namespace, who.subject) == ("authjs", None, authjs.ADA)
    assert (who.name, who.email, who.image) == tuple(one["claims"][name] for name in ("name", "email", "picture"))
    assert who.issued_at == NOW


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("v5 a stranger's", Reason.KEY_UNKNOWN),
        ("v4 a stranger's", Reason.SIGNATURE_INVALID),
        ("v5 a sign-in under way", Reason.KEY_UNKNOWN),
        ("v4 a sign-in under way", Reason.SIGNATURE_INVALID),
        ("v4 an old sign-in under way", Reason.SUBJECT_MISSING),
        ("v5 without a subject", Reason.SUBJECT_MISSING),
    ],
)
def test_what_auth_js_made_and_is_no_session_of_ours(name, why):
    assert reason(authjs.vector(name)["token"].encode()) is why


def test_the_tolerance_is_that_of_auth_js():
    token = authjs.vector("v4 a minute")["token"].encode()
    assert verifier().verify(token, NOW + 60 + 14)
    assert reason(token, NOW + 60 + 15) is Reason.TOKEN_EXPIRED
    assert verifier().verify(token, NOW - 15)
    assert reason(token, NOW - 16) is Reason.TOKEN_NOT_YET_VALID


def test_the_age_is_capped_whatever_the_app_allows():
    token = authjs.vector("v5 a year")["token"].encode()
    who = verifier(max_age_seconds=1000).verify(token, NOW + 1000)
    assert who.expires_at == NOW + 1000
    assert reason(token, NOW + 1015, max_age_seconds=1000) is Reason.TOKEN_EXPIRED
    ageless = authjs.seal_5(authjs.claims(NOW, iat=None))
    assert reason(ageless) is Reason.TOKEN_MALFORMED
    assert verifier(max_age_seconds=0).verify(ageless, NOW)


def test_a_session_without_an_end_is_none():
    assert reason(authjs.seal_5(authjs.claims(NOW, exp=None))) is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize("payload", [b"[]", b"", b'{"sub":"a","sub":"b"}', b"\xff", b'\xef\xbb\xbf{"sub":"a"}'])
@pytest.mark.parametrize("seal", [authjs.seal_4, authjs.seal_5])
def test_content_with_two_readings(seal, payload):
    assert reason(seal(payload)) is Reason.TOKEN_MALFORMED


def test_a_percent_encoded_session():
    token = authjs.vector("v5 secure")["token"]
    for spelled in (token.replace(".", "%2E"), token.replace(".", "%2e", 1), "%65" + token[1:]):
        assert verifier().verify(spelled.encode(), NOW).subject == authjs.ADA
    for spelled in (token + "%", token + "%2", token + "%zz", token.replace(".", "%252E")):
        assert reason(spelled.encode()) is Reason.TOKEN_MALFORMED


def test_a_signed_token_is_not_unwrapped_by_percents():
    signer = SigningIssuer()
    signed = signer.session(NOW)
    both = verifier(Issuer(clerk_policy(namespace="c"), ScriptedKeys("clerk", signer.key_set)))
    assert both.verify(signed, NOW).issuer == "clerk"
    with pytest.raises(Refusal):
        both.verify(signed.replace(b".", b"%2E"), NOW)


def test_a_signed_token_cannot_claim_to_be_of_auth_js():
    signer = SigningIssuer("authjs")
    both = verifier(Issuer(clerk_policy(namespace="c"), ScriptedKeys("clerk", signer.key_set)))
    with pytest.raises(Refusal) as caught:
        both.verify(signer.sign(clerk_claims(NOW, iss="authjs")), NOW)
    assert caught.value.reason is Reason.ISSUER_UNKNOWN


def test_a_session_cannot_claim_to_be_of_another_issuer():
    signer = SigningIssuer()
    both = verifier(Issuer(clerk_policy(namespace="c"), ScriptedKeys("clerk", signer.key_set)))
    who = both.verify(authjs.seal_5(authjs.claims(NOW, iss=CLERK)), NOW)
    assert (who.issuer, who.namespace) == ("authjs", None)


@pytest.mark.parametrize("token", [b"", b"x", b"a.b", b"a.b.c.d", b"a.b.c.d.e.f", authjs.OPAQUE.encode()])
def test_other_forms(token):
    assert reason(token) is Reason.TOKEN_MALFORMED


def test_too_large():
    assert reason(b"x" * 16_385) is Reason.TOKEN_TOO_LARGE
    large = authjs.vector("v5 large")["token"].encode()
    assert reason(large, limits=JwsLimits(len(large) - 1)) is Reason.TOKEN_TOO_LARGE


def test_what_impersonation_and_pending_say_counts_here_too():
    assert reason(authjs.seal_5(authjs.claims(NOW, act={"sub": "x"})), impersonation="refuse") is (
        Reason.IMPERSONATION_REFUSED
    )
    assert reason(authjs.seal_5(authjs.claims(NOW, sts="pending"))) is Reason.SESSION_PENDING


def test_a_key_that_is_distrusted_ends_remembered_sessions():
    of_ours = verifier()
    who = of_ours.verify(authjs.seal_5(authjs.claims(NOW)), NOW)
    assert of_ours.stands(who)
    of_ours.issuers[0].keys.distrust(authjs.thumbprint(authjs.key_5()))
    assert not of_ours.stands(who)


def test_the_explanation_knows_the_issuer():
    lines = verifier().explain(authjs.seal_5(authjs.claims(NOW)), NOW)
    assert all(line.passed for line in lines)
    assert any("authjs" in line.detail for line in lines)
    assert [line.passed for line in verifier().explain(authjs.seal_4(authjs.claims(NOW), bytes(32)), NOW)].count(
        False
    ) == 1

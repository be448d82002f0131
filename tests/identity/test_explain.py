"""An explanation says what the verifier says, check by check."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.issuing import CLERK, NOW, ORIGIN, ScriptedKeys, SigningIssuer, clerk_claims, clerk_policy
from tidegate.clock import ManualClock
from tidegate.errors import Reason, Refusal
from tidegate.identity.explain import checks, failed_check
from tidegate.identity.jws import JwsLimits
from tidegate.identity.model import CheckName
from tidegate.identity.service import Issuer, KeysNeeded, Verifier

SIGNER = SigningIssuer()
STRANGER = SigningIssuer(key=1)
POLICY = {
    "audience": frozenset({"chat"}),
    "authorized_parties": frozenset({ORIGIN}),
    "refuse_impersonation": True,
    "max_age": 3600,
}
FULL = {"aud": "chat"}


def gate(keys=None, **policy):
    issuer = Issuer(clerk_policy(**(POLICY | policy)), keys or ScriptedKeys("clerk", SIGNER.key_set))
    return Verifier([issuer], ManualClock(NOW), JwsLimits(token_octets=2000))


def session(**changes):
    return SIGNER.session(**(FULL | changes))


# For each check, a token that fails it and passes all before it.
FAILING = {
    CheckName.SIZE: session(padding="x" * 2000),
    CheckName.FORM: b"not.a.token",
    CheckName.ISSUER: session(iss="https://other.example"),
    CheckName.ALGORITHM: SIGNER.sign(clerk_claims(**FULL), alg="PS256"),
    CheckName.KEY: SIGNER.sign(clerk_claims(**FULL), kid="ins_2"),
    CheckName.SIGNATURE: STRANGER.session(**FULL),
    CheckName.EXPIRY: session(exp=NOW - 60),
    CheckName.NOT_BEFORE: session(nbf=NOW + 60),
    CheckName.ISSUED_AT: session(iat=NOW + 60),
    CheckName.AUDIENCE: session(aud="other"),
    CheckName.AUTHORIZED_PARTY: session(azp="https://evil.example"),
    CheckName.KIND: session(sid=None),
    CheckName.PENDING: session(sts="pending"),
    CheckName.IMPERSONATION: session(act={"sub": "user_x"}),
    CheckName.SUBJECT: session(sub=""),
}


def test_a_good_session_passes_every_check():
    lines = gate().explain(session(), NOW)
    assert [line.name for line in lines] == list(CheckName)
    assert all(line.passed for line in lines)
    assert all(line.detail and line.mend for line in lines)


@pytest.mark.parametrize("check", list(CheckName))
def test_it_stops_at_the_failed_check(check):
    lines = gate().explain(FAILING[check], NOW)
    position = list(CheckName).index(check)
    assert [line.passed for line in lines] == [True] * position + [False] + [None] * (len(lines) - position - 1)
    assert lines[position].detail
    assert lines[position].mend


def test_every_check_that_settings_decide_names_them():
    fixed = {line.name for line in gate().explain(session(), NOW) if not line.setting}
    assert fixed == {CheckName.SUBJECT}


def test_the_detail_of_the_failed_check_is_the_refusals_own():
    with pytest.raises(Refusal) as caught:
        gate().verify(FAILING[CheckName.AUDIENCE], NOW)
    line = next(line for line in gate().explain(FAILING[CheckName.AUDIENCE], NOW) if line.passed is False)
    assert line.detail == caught.value.detail


def test_what_the_policy_does_not_ask_for_is_said():
    bare = gate(audience=frozenset(), authorized_parties=frozenset(), refuse_pending=False)
    lines = {line.name: line.detail for line in bare.explain(session(), NOW)}
    unchecked = {name for name, detail in lines.items() if detail.startswith("Not checked")}
    assert unchecked == {CheckName.AUDIENCE, CheckName.AUTHORIZED_PARTY, CheckName.PENDING}
    assert "clerk" in lines[CheckName.ISSUER]
    assert "5 s" in lines[CheckName.EXPIRY]


def test_without_an_issuer_nothing_else_was_looked_at():
    lines = Verifier([], ManualClock(NOW)).explain(session(), NOW)
    assert {line.name: line.passed for line in lines if line.passed is not None} == {CheckName.ISSUER: False}


def test_without_keys_the_algorithm_was_not_looked_at():
    lines = {line.name: line.passed for line in gate(ScriptedKeys("clerk", None)).explain(session(), NOW)}
    assert lines[CheckName.ISSUER] is True
    assert lines[CheckName.ALGORITHM] is None
    assert lines[CheckName.KEY] is False


@pytest.mark.parametrize("reason", [Reason.TOKEN_MALFORMED, Reason.KEY_UNKNOWN, Reason.IDENTITY_UNAVAILABLE])
def test_a_verdict_can_be_laid_out_by_itself(reason):
    lines = checks(Refusal(reason, "Because."), None)
    assert [line.detail for line in lines if line.passed is False] == ["Because."]


CHANGES = st.dictionaries(
    st.sampled_from(["iss", "exp", "nbf", "iat", "aud", "azp", "sid", "sts", "act", "sub", "events"]),
    st.none() | st.integers(NOW - 90, NOW + 90) | st.sampled_from(["", "pending", "chat", "mch_1", CLERK, ORIGIN, {}]),
    max_size=3,
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "alg": st.sampled_from(["RS256", "PS256", "HS256", "none", 5]),
        "kid": st.sampled_from(["ins_1", "ins_2", None, 5]),
        "typ": st.sampled_from(["JWT", "at+jwt", "logout+jwt", None]),
        "crit": st.just(["exp"]),
    },
)
TOKENS = st.builds(
    lambda signer, changes, header: signer.sign(clerk_claims() | FULL | changes, **header),
    st.sampled_from([SIGNER, STRANGER]),
    CHANGES,
    HEADERS,
)
CUT = st.builds(lambda token, start, end: token[start:end], TOKENS, st.integers(0, 5), st.integers(200, 900))


@given(token=TOKENS | CUT | st.binary(max_size=50), has_keys=st.booleans(), now=st.integers(NOW - 90, NOW + 90))
def test_explanation_and_verdict_are_one(token, has_keys, now):
    verifier = gate(ScriptedKeys("clerk", SIGNER.key_set if has_keys else None))
    try:
        verdict = verifier.verify(token, now)
    except (Refusal, KeysNeeded) as error:
        verdict = error
    lines = verifier.explain(token, now)
    failed = [line for line in lines if line.passed is False]
    assert [line.name for line in lines] == list(CheckName)
    assert [line.name for line in failed] == [name for name in [failed_check(verdict)] if name]
    if isinstance(verdict, Refusal):
        assert failed[0].detail == verdict.detail
    if not failed:
        assert all(line.passed for line in lines)
    else:
        after = lines[lines.index(failed[0]) + 1 :]
        assert all(line.passed is None for line in after)

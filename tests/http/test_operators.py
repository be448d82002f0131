import re

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from support.operating import KEYS, OPERATOR, VIEWER
from tidegate.errors import Reason, Refusal
from tidegate.http.operators import Operator, Operators, Role, acting_in, digest, least_role, new_key
from tidegate.settings.operator_keys import OperatorKey

OPERATORS = Operators.from_setting(KEYS)


def identified(authorization):
    return OPERATORS.identify(authorization)


def reason(authorization, operators=OPERATORS):
    with pytest.raises(Refusal) as caught:
        operators.identify(authorization)
    return caught.value.reason


def test_a_key_is_whose_it_is():
    assert identified(f"Bearer {VIEWER}".encode()) == Operator("vera", Role.VIEWER)
    assert identified(f"bearer  {OPERATOR} ".encode()) == Operator("otto", Role.OPERATOR)


def test_what_is_not_sent_is_missing():
    for authorization in (None, b"", b"Basic dXNlcjpwYXNz", VIEWER.encode(), b"Bearer"[:5]):
        assert reason(authorization) is Reason.OPERATOR_KEY_MISSING


@pytest.mark.parametrize(
    "key",
    ["", "tgo_", VIEWER[:-1], f"{VIEWER}v", VIEWER.upper(), VIEWER.replace("v", "w"), KEYS[0].sha256, f"{VIEWER} x"],
)
def test_what_is_no_key_is_refused(key):
    assert reason(f"Bearer {key}".encode()) is Reason.OPERATOR_KEY_REFUSED


@given(st.binary(max_size=200))
def test_whatever_is_sent_is_answered_with_a_reason_and_never_repeated(sent):
    with pytest.raises(Refusal) as caught:
        identified(b"Bearer " + sent)
    text = sent.decode("latin-1").strip()
    assert len(text) < 12 or text not in str(caught.value)


def test_without_operators_every_key_is_refused():
    nobody = Operators(())
    assert len(nobody) == 0
    assert reason(f"Bearer {OPERATOR}".encode(), nobody) is Reason.OPERATOR_KEY_REFUSED
    assert reason(None, nobody) is Reason.OPERATOR_KEY_MISSING


def test_a_password_is_no_key_even_where_its_hash_is_configured():
    weak = Operators([OperatorKey("weak", Role.OPERATOR, digest("password"))])
    assert reason(b"Bearer password", weak) is Reason.OPERATOR_KEY_REFUSED


def test_every_known_key_is_compared_whichever_fits(monkeypatch):
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda known, given: compared.append(known) or known == given)
    for key in (VIEWER, OPERATOR):
        identified(f"Bearer {key}".encode())
    assert len(compared) == 2 * len(KEYS)


def test_new_keys_have_the_form_and_256_bits():
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch(r"tgo_[A-Za-z0-9_-]{43}", key) for key in keys)
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest(key)) for key in keys)


def test_roles():
    assert Role.OPERATOR.covers(Role.VIEWER)
    assert Role.OPERATOR.covers(Role.OPERATOR)
    assert Role.VIEWER.covers(Role.VIEWER)
    assert not Role.VIEWER.covers(Role.OPERATOR)
    assert [least_role(method) for method in ("GET", "HEAD")] == [Role.VIEWER] * 2
    assert {least_role(method) for method in ("POST", "PUT", "PATCH", "DELETE", "PROPFIND")} == {Role.OPERATOR}


def test_a_request_that_came_by_another_way_has_no_operator():
    for scope in ({}, {"tidegate.operator": "otto"}, {"app": FastAPI()}):
        with pytest.raises(Refusal) as caught:
            acting_in(scope)
        assert caught.value.reason is Reason.OPERATOR_KEY_MISSING


def test_no_repr_shows_a_hash():
    assert KEYS[0].sha256 not in repr(KEYS)
    assert "object at" in repr(OPERATORS)

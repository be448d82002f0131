"""Stream's answers, read liberally; our queries, cut so that they arrive."""

import json
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.upstream.model import (
    MAX_QUERY_BYTES,
    MAX_USERS_PER_CALL,
    PartialUpdate,
    RateLimit,
    StreamApp,
    StreamUser,
    encoded_payload,
    query_pages,
    rate_limits,
    users_query,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
IDS = st.text(alphabet="abcXYZ019@_-", min_size=1, max_size=255)


def test_app():
    answer = {
        "app": {
            "name": "one",
            "organization": "two",
            "suspended": True,
            "disable_auth_checks": True,
            "disable_permissions_checks": True,
            "multi_tenant_enabled": True,
            "revoke_tokens_issued_before": "2026-01-01T00:00:00Z",
            "webhook_url": "ignored",
        }
    }
    assert StreamApp.from_answer(answer, 5.0) == StreamApp(
        "one", "two", True, True, True, True, "2026-01-01T00:00:00Z", 5.0
    )


@pytest.mark.parametrize("answer", [{}, {"app": None}, {"app": []}, {"app": {"suspended": "yes", "name": 3}}])
def test_app_of_wrong_types_reads_as_absent(answer):
    assert StreamApp.from_answer(answer, None) == StreamApp()


def test_user_custom_data_is_what_is_not_streams():
    user = StreamUser.from_answer(
        {
            "id": "ana",
            "name": "Ana",
            "image": "https://img/1",
            "online": True,
            "last_active": "2026-01-01T00:00:00Z",
            "role": "user",
            "profile_type": "angler",
            "extra_data": {"profile_type": "nested loses", "account_type": "pro"},
        }
    )
    assert (user.id, user.name, user.image, user.online) == ("ana", "Ana", "https://img/1", True)
    assert dict(user.custom) == {"profile_type": "angler", "account_type": "pro"}


@given(st.dictionaries(st.sampled_from(["id", "name", "image", "online", "last_active", "extra_data", "x"]), JSON))
def test_no_user_object_does_harm(fields):
    user = StreamUser.from_answer(fields)
    if not isinstance(fields.get("id"), str) or not fields["id"]:
        assert user is None
    else:
        assert user.id == fields["id"]
        assert user.name is None or isinstance(user.name, str)
        assert isinstance(user.online, bool)


@given(st.dictionaries(st.sampled_from(["server_side", "web"]), JSON))
def test_no_rate_limits_object_does_harm(answer):
    assert all(isinstance(limit, RateLimit) for limit in rate_limits(answer).values())


def test_rate_limits():
    answer = {
        "server_side": {
            "QueryUsers": {"limit": 1000, "remaining": 250, "reset": 1_700_000_000},
            "Broken": {"limit": 0, "remaining": 1, "reset": 1},
            "Bool": {"limit": True, "remaining": 1, "reset": 1},
            "Odd": 3,
        },
        "web": {"QueryUsers": {"limit": 1, "remaining": 0, "reset": 1}},
    }
    found = rate_limits(answer)
    assert found == {"QueryUsers": RateLimit(1000, 250, 1_700_000_000)}
    assert found["QueryUsers"].ratio == 0.25


def test_a_partial_update_says_only_what_it_changes():
    assert PartialUpdate("a", {"name": "A"}).wire() == {"id": "a", "set": {"name": "A"}}
    assert PartialUpdate("a", unset=("image",)).wire() == {"id": "a", "unset": ["image"]}


def test_clerk_ids_fit_a_hundred_to_a_page():
    ids = [f"user_{number:027}" for number in range(250)]
    assert [len(page) for page in query_pages(ids)] == [100, 100, 50]


@given(st.lists(IDS, max_size=130))
def test_pages_hold_every_id_once_and_fit(ids):
    pages = list(query_pages(ids))
    assert [user_id for page in pages for user_id in page] == ids
    for page in pages:
        assert 1 <= len(page) <= MAX_USERS_PER_CALL
        payload = encoded_payload(users_query(page))
        assert len(payload) <= MAX_QUERY_BYTES or len(page) == 1
        assert json.loads(unquote(payload))["filter_conditions"]["id"]["$in"] == page

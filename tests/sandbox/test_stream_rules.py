import pytest

from tidegate.sandbox.stream_errors import StreamFault
from tidegate.sandbox.stream_rules import CUSTOM_OCTETS, check_fields, check_user_id, seconds, set_path, unset_path


@pytest.mark.parametrize("user_id", ["ada", "ADA", "user_2sandbox", "a@b-c_d", "0", "x" * 255])
def test_ids_that_stream_takes(user_id):
    assert check_user_id(user_id) == user_id


@pytest.mark.parametrize("user_id", ["", "a.b", "auth0|x", "a b", "é", "a\n", "x" * 256, None, 7])
def test_ids_that_stream_refuses(user_id):
    with pytest.raises(StreamFault) as caught:
        check_user_id(user_id)
    assert caught.value.body()["exception_fields"].keys() == {"id"}


@pytest.mark.parametrize(
    "fields",
    [
        {"name": 7},
        {"image": ["x"]},
        {"role": ""},
        {"role": None},
        {"teams": "red"},
        {"teams": [1]},
        {"online": True},
        {"created_at": "2026-01-01T00:00:00Z"},
        {"revoke_tokens_issued_before": "yesterday"},
        {"revoke_tokens_issued_before": "2026-01-01T00:00:00"},
        {"revoke_tokens_issued_before": 5},
        {"custom": "x" * CUSTOM_OCTETS},
    ],
)
def test_fields_that_stream_refuses(fields):
    with pytest.raises(StreamFault, match="code 4:"):
        check_fields(fields)


def test_the_limit_of_custom_data_is_exact():
    overhead = len('{"c":""}')
    check_fields({"c": "x" * (CUSTOM_OCTETS - overhead), "name": "n" * 9000})
    with pytest.raises(StreamFault):
        check_fields({"c": "x" * (CUSTOM_OCTETS - overhead + 1)})


def test_dotted_paths():
    fields = {"a": {"b": 1}}
    set_path(fields, "a.c.d", 2)
    set_path(fields, "e", 3)
    unset_path(fields, "a.b")
    unset_path(fields, "no.such.path")
    unset_path(fields, "e.f")

    assert fields == {"a": {"c": {"d": 2}}, "e": 3}


@pytest.mark.parametrize("path", ["", "a..b", ".a", "id", "id.x", ".".join("abcdefghijk"), "leaf.x"])
def test_paths_that_cannot_be_set(path):
    with pytest.raises(StreamFault):
        set_path({"leaf": 1}, path, 1)


def test_times_need_an_offset():
    assert seconds("1970-01-01T00:01:00Z") == 60
    with pytest.raises(ValueError, match="offset"):
        seconds("1970-01-01T00:01:00")

"""What the canary makes of frames, and its address."""

from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.watch.canary.model import Frame, SocketError, Trouble, read_frame, socket_url

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("event", "frame"),
    [
        ({"type": "health.check", "connection_id": "c1", "me": {}}, Frame(connection_id="c1")),
        ({"type": "message.new", "message": {"id": "m1"}}, Frame(message_id="m1")),
        ({"type": "notification.message_new", "message": {"id": "m1"}}, Frame(message_id="m1")),
        ({"type": "message.updated", "message": {"id": "m1"}}, Frame()),
        ({"type": "message.new", "message": "m1"}, Frame()),
        ({"type": "message.new", "message": {"id": 1}}, Frame()),
        ({"type": "health.check", "connection_id": ""}, Frame()),
        ({"error": {"code": 43, "StatusCode": 401}}, Frame(error=43)),
        ({"error": {}}, Frame(error=0)),
        ({"error": {"code": True}}, Frame(error=0)),
        ({"code": 40, "StatusCode": 401}, Frame(error=40)),
        ({"error": "no", "type": "message.new", "message": {"id": "m"}}, Frame(message_id="m")),
        ([1], Frame()),
        ("text", Frame()),
    ],
)
def test_frames(event, frame):
    assert read_frame(orjson.dumps(event)) == frame


@pytest.mark.parametrize("octets", [b"", b"{", b"\xff\xfe", b"[" * 5000, "{", b"NaN"])
def test_what_is_no_json_says_nothing(octets):
    assert read_frame(octets) == Frame()


@given(JSON)
def test_any_json_is_read(value):
    assert isinstance(read_frame(orjson.dumps(value)), Frame)


@given(st.binary(max_size=200))
def test_any_octets_are_read(octets):
    assert isinstance(read_frame(octets), Frame)


def test_the_address():
    url = urlsplit(socket_url("https://chat.example:8443/v1/", "key", "a.b.c", "tg-@canary"))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}

    assert (url.scheme, url.netloc, url.path) == ("wss", "chat.example:8443", "/v1/connect")
    assert (query["api_key"], query["authorization"], query["stream-auth-type"]) == ("key", "a.b.c", "jwt")
    assert orjson.loads(query["json"]) == {
        "user_id": "tg-@canary",
        "user_details": {"id": "tg-@canary"},
        "server_determines_connection_id": True,
    }


def test_plain_http_is_a_plain_socket():
    assert socket_url("http://127.0.0.1:1/stream", "k", "t", "u").startswith("ws://127.0.0.1:1/stream/connect?")


def test_an_error_says_what_happened_and_no_more():
    assert str(SocketError(Trouble.REFUSED, code=43)) == "the canary's socket: refused (status None, code 43)"

"""Signatures of webhooks: a published vector, every way to be wrong, and no byte that does not count."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import Reason, Refusal
from tidegate.identity.webhooks import WebhookVerifier

KEY = b"a key of the tests, 32 octets...."
OTHER = b"another key that is being replaced"
NOW = 1_800_000_000
BODY = b'{"type":"user.updated"}'


def signed(body=BODY, key=KEY, name="msg_1", at=NOW, prefix="webhook"):
    signature = hmac.new(key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    values = {"id": name, "timestamp": str(at), "signature": f"v1,{base64.b64encode(signature).decode()}"}
    return {f"{prefix}-{part}": value for part, value in values.items()}


def judge(headers, body=BODY, now=NOW, keys=(KEY,)):
    verifier = WebhookVerifier(keys, 300)
    return verifier.verify(verifier.announced(headers, now), body)


def refused(headers, body=BODY, now=NOW, keys=(KEY,)):
    with pytest.raises(Refusal) as caught:
        judge(headers, body, now, keys)
    return caught.value.reason is Reason.WEBHOOK_REFUSED


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
def test_both_names_of_the_headers(prefix):
    assert judge(signed(prefix=prefix)) == ("msg_1", NOW)


def test_the_published_vector():
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    delivery = judge(headers, b'{"test": 2432232314}', 1_614_265_330, (key,))
    assert delivery.id == headers["webhook-id"]


def test_several_keys_and_several_signatures():
    both = signed(key=OTHER)
    both["webhook-signature"] = f"v1a,AAAA {signed(key=b'x' * 32)['webhook-signature']} {both['webhook-signature']}"
    assert judge(both, keys=(KEY, OTHER)).id == "msg_1"
    assert refused(both)


@pytest.mark.parametrize("at", [NOW - 301, NOW + 301, 0])
def test_a_time_too_far_away(at):
    assert refused(signed(at=at))
    assert judge(signed(at=NOW - 300)).at == NOW - 300


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ""), ("webhook-id", "a.b"), ("webhook-id", "é"), ("webhook-id", "x" * 256),
        ("webhook-timestamp", "-1"), ("webhook-timestamp", "1e9"), ("webhook-timestamp", ""),
        ("webhook-timestamp", "1" * 13), ("webhook-signature", ""), ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,é"), ("webhook-signature", "v1, " * 1_000), ("webhook-signature", "v2,AAAA"),
    ],
)  # fmt: skip
def test_headers_out_of_form(name, value):
    assert refused({**signed(), name: value})


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header(name):
    headers = signed()
    del headers[name]
    assert refused(headers)


@pytest.mark.parametrize(
    "changed",
    [{"webhook-id": "a.b"}, {"webhook-timestamp": str(NOW - 301)}, {"webhook-signature": "v2,AAAA"}],
)
def test_headers_are_judged_without_the_body(changed):
    verifier = WebhookVerifier((KEY,), 300)
    assert verifier.announced(signed(), NOW).id == "msg_1"
    with pytest.raises(Refusal):
        verifier.announced({**signed(), **changed}, NOW)


def test_what_is_signed_for_one_id_or_time_is_good_for_no_other():
    assert refused({**signed(), "webhook-id": "msg_2"})
    assert refused({**signed(), "webhook-timestamp": str(NOW + 1)})
    assert refused(signed(key=OTHER))
    assert refused(signed(), keys=())


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 7))
def test_every_bit_of_the_body_counts(body, place, bit):
    headers = signed(body)
    assert judge(headers, body).at == NOW
    changed = bytearray(body or b"\0")
    changed[place % len(changed)] ^= 1 << bit
    assert refused(headers, bytes(changed))


@given(st.text(max_size=40), st.text(max_size=15), st.text(max_size=80))
def test_no_text_breaks_it(name, stamp, signature):
    headers = {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": signature}
    assert refused(headers)

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.environments import DEVELOPMENT, problems, publishable_key
from tidegate.settings import clerk
from tidegate.settings.problems import Unfit


def encoded(octets: bytes, kind: str = "live") -> str:
    return f"pk_{kind}_{base64.b64encode(octets).decode()}"


@pytest.mark.parametrize("padding", [True, False])
def test_the_host_is_the_issuer(padding):
    for host in ("clerk.example.com", "clerk.example.co.uk", "a.io"):
        text = publishable_key(host)
        key = clerk.decode(text if padding else text.rstrip("="))
        assert (key.host, key.issuer, key.live) == (host, f"https://{host}", True)
    assert not clerk.decode(publishable_key("calm-otter-12.clerk.accounts.dev", live=False)).live
    assert clerk.key_set_url("https://a.b") == "https://a.b/.well-known/jwks.json"


@pytest.mark.parametrize(
    "text",
    [
        *("", "pk_live_", "pk_prod_Y2xlcmsuZXhhbXBsZS5jb20k", "pk_live_!!!!", "Y2xlcmsuZXhhbXBsZS5jb20k"),
        *(encoded(b"clerk.example.com"), encoded(b"clerk.example.com$x"), encoded(b"localhost$"), encoded(b"$")),
        *(encoded(b"clerk.example.com/path$"), encoded(b"u@clerk.example.com$"), encoded(b"clerk.example.com:81$")),
        *(encoded(b"127.0.0.1$"), encoded(b"\xff\xfe.com$"), encoded(b"-a.example$"), encoded(b"a..example$")),
        *(encoded(b"clerk.example.com\n$"), encoded(b"A.EXAMPLE$"), encoded(b"a" * 64 + b".example$")),
    ],
)
def test_what_is_no_publishable_key(text):
    with pytest.raises(Unfit):
        clerk.decode(text)


def test_a_secret_key_is_told_apart_and_not_repeated():
    found = problems({**DEVELOPMENT, "CLERK_PUBLISHABLE_KEY": "sk_live_abcdefghijklmnop"})
    assert "secret key of Clerk's" in found["CLERK_PUBLISHABLE_KEY"]
    assert "abcdefghijklmnop" not in str(found)


@given(st.one_of(st.text(max_size=80), st.binary(max_size=60).map(encoded)))
def test_anything_at_all_is_read_or_refused(text):
    try:
        key = clerk.decode(text)
    except Unfit:
        return
    assert publishable_key(key.host, live=key.live).rstrip("=") == text.rstrip("=")

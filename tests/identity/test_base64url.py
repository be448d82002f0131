import base64
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.identity import base64url

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.binary(max_size=100))
def test_round_trip_and_agreement_with_the_standard_library(octets):
    spelled = base64url.encode(octets)
    assert spelled == base64.urlsafe_b64encode(octets).rstrip(b"=")
    assert base64url.decode(spelled) == octets


@given(
    st.text("AQgwEIMx-_+/=. \n\t!\u00e9", max_size=12).map(lambda text: text.encode("latin-1")) | st.binary(max_size=12)
)
def test_what_is_accepted_is_the_one_spelling_of_its_octets(segment):
    try:
        octets = base64url.decode(segment)
    except ValueError:
        return
    assert base64url.encode(octets) == segment


@pytest.mark.parametrize("length", [1, 2, 3])
def test_every_last_group_is_accepted_exactly_once(length):
    letters = ALPHABET if length < 3 else ALPHABET[::7]
    accepted = set()
    for group in map(bytes, itertools.product(letters, repeat=length)):
        try:
            accepted.add(base64url.decode(b"AAAA" + group))
        except ValueError:
            continue
    assert len(accepted) == {1: 0, 2: 256, 3: len(letters) ** 2 * len(set(letters) & set(b"AEIMQUYcgkosw048"))}[length]


@pytest.mark.parametrize(
    "segment",
    [b"A", b"AAAAA", b"QQ==", b"QQ=", b"Q=Q", b"Qa+b", b"Qa/b", b"QQA B", b"QQ\n", b"\nQQ", b"QR", b"QQB", b"QQA\x00",
     b"Q\xc3\xa9A", b"====", b"=", b"QUJD=", b"QUJD====", b"QU!D", b"QUJ."],
)  # fmt: skip
def test_other_spellings_are_refused(segment):
    with pytest.raises(ValueError, match=r"."):
        base64url.decode(segment)


def test_nothing_is_nothing():
    assert base64url.decode(b"") == b""

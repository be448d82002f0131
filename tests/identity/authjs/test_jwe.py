"""Compact JWE: what Auth.js makes is opened, everything else is refused, and joserfc is asked for a second opinion."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe as second
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.registry import HeaderParameter

from support import authjs
from tidegate.errors import Reason, Refusal
from tidegate.identity.authjs.jwe import Form, NotOpened, key_octets, parse
from tidegate.identity.jws import AlgorithmNotAllowed, JwsLimits, TokenMalformed, TokenTooLarge

CLAIMS = authjs.claims(authjs.now())
KEYS = {Form.V5: authjs.key_5(), Form.V4: authjs.key_4()}
SEAL = {Form.V5: authjs.seal_5, Form.V4: authjs.seal_4}
JOSERFC = second.JWERegistry(
    header_registry={"kid": HeaderParameter("key id", "str")}, algorithms=["dir", "A256GCM", "A256CBC-HS512"]
)
# RFC 7518, appendix B.3.
B3_KEY = bytes(range(0x40))
B3_PLAIN = (
    b"A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy "
    b"without inconvenience"
)


def opened(token, form):
    sealed = parse(token)
    assert sealed.form is form
    return sealed.open(KEYS[form])


def joserfc(token, key):
    return second.decrypt_compact(token, OctKey.import_key(key), registry=JOSERFC).plaintext


@pytest.mark.parametrize("form", Form)
def test_what_was_sealed_is_opened_as_joserfc_opens_it(form):
    token = SEAL[form](CLAIMS)
    assert json.loads(opened(token, form)) == CLAIMS
    assert opened(token, form) == joserfc(token, KEYS[form])


@pytest.mark.parametrize(("form", "enc"), [(Form.V5, "A256CBC-HS512"), (Form.V4, "A256GCM")])
@given(payload=st.binary(max_size=300))
def test_what_joserfc_seals_is_opened(form, enc, payload):
    header = {"alg": "dir", "enc": enc}
    token = second.encrypt_compact(header, payload, OctKey.import_key(KEYS[form]), registry=JOSERFC)
    assert opened(token.encode(), form) == payload


def test_the_octets_of_rfc_7518_appendix_b_3():
    """Its additional data is no header, so only the primitive is compared: the same ciphertext and tag."""
    from tidegate.identity.authjs.jwe import Sealed

    aad = b"The second principle of Auguste Kerckhoffs"
    iv = bytes.fromhex("1af38c2dc2b96ffdd86694092341bc04")
    ciphertext = bytes.fromhex(
        "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd822c301dd67c373bccb584ad3e9279c2"
        "e6d12a1374b77f077553df829410446b36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3"
        "a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950bbe2638d09dd7a4930930806d0703b1f6"
    )
    tag = bytes.fromhex("4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5")
    assert Sealed(Form.V5, None, aad, iv, ciphertext, tag).open(B3_KEY) == B3_PLAIN


@pytest.mark.parametrize("form", Form)
def test_another_key_opens_nothing(form):
    token = SEAL[form](CLAIMS)
    for key in (bytes(key_octets(form)), KEYS[form][::-1], KEYS[form][:-1] + bytes([KEYS[form][-1] ^ 1])):
        with pytest.raises(NotOpened) as caught:
            parse(token).open(key)
        assert caught.value.reason is Reason.SIGNATURE_INVALID


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("segment", [0, 2, 3, 4])
def test_one_changed_bit_anywhere_opens_nothing(form, segment):
    segments = SEAL[form](CLAIMS).split(b".")
    octets = bytearray(authjs.unb64(segments[segment]))
    for position in (0, len(octets) // 2, len(octets) - 1):
        changed = bytearray(octets)
        changed[position] ^= 1
        token = b".".join([*segments[:segment], authjs.b64(bytes(changed)), *segments[segment + 1 :]])
        with pytest.raises(Refusal):
            opened(token, form)


def test_the_tag_is_checked_before_the_padding():
    """Whatever the padding is, a wrong tag is all that shows; and under a right tag it must be sound."""
    for pad in (b"\0" * 16, b"\x11" * 16, b"x" * 32):
        with pytest.raises(NotOpened):
            opened(authjs.seal_5(pad, pad=False), Form.V5)


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ({"zip": "DEF"}, TokenMalformed),
        ({"zip": None} | {"crit": ["exp"], "exp": 1}, TokenMalformed),
        ({"crit": []}, TokenMalformed),
        ({"alg": "PBES2-HS256+A128KW", "p2c": 2_000_000_000, "p2s": "c2FsdA"}, AlgorithmNotAllowed),
        ({"alg": "A256KW"}, AlgorithmNotAllowed),
        ({"alg": "RSA-OAEP"}, AlgorithmNotAllowed),
        ({"alg": "ECDH-ES"}, AlgorithmNotAllowed),
        ({"alg": "DIR"}, AlgorithmNotAllowed),
        ({"alg": None}, AlgorithmNotAllowed),
        ({"alg": ["dir"]}, AlgorithmNotAllowed),
        ({"enc": "A128CBC-HS256"}, AlgorithmNotAllowed),
        ({"enc": "A128GCM"}, AlgorithmNotAllowed),
        ({"enc": None}, AlgorithmNotAllowed),
        ({"enc": {"A256GCM": 1}}, AlgorithmNotAllowed),
        ({"kid": 7}, TokenMalformed),
        ({"kid": ["x"]}, TokenMalformed),
    ],
)
@pytest.mark.parametrize("form", Form)
def test_headers_that_ask_for_something_else(form, header, error):
    with pytest.raises(error):
        parse(SEAL[form](CLAIMS, **header))


def test_a_header_with_two_readings():
    _, *rest = authjs.seal_5(CLAIMS).split(b".")
    for text in (b'{"alg":"dir","enc":"A256GCM","alg":"dir"}', b'\xef\xbb\xbf{"alg":"dir"}', b"[]", b"null", b"", b"{"):
        with pytest.raises(TokenMalformed):
            parse(b".".join((authjs.b64(text), *rest)))


@pytest.mark.parametrize("form", Form)
def test_parts_of_another_length(form):
    aad, _, iv, ciphertext, tag = (
        SEAL[form](CLAIMS).split(b".")[0],
        *map(authjs.unb64, SEAL[form](CLAIMS).split(b".")[1:]),
    )
    for parts in ((iv[:-1], tag), (iv + b"\0", tag), (b"", tag), (iv, tag[:-1]), (iv, tag + b"\0"), (iv, b"")):
        with pytest.raises(TokenMalformed, match="one length"):
            parse(authjs.join(aad, parts[0], ciphertext, parts[1]))
    with pytest.raises(TokenMalformed, match="encrypted key"):
        parse(authjs.join(aad, iv, ciphertext, tag, encrypted_key=b"\0"))


def test_a_ciphertext_that_is_no_whole_number_of_blocks():
    aad = authjs.seal_5(CLAIMS).split(b".")[0]
    for ciphertext in (b"", b"x" * 15, b"x" * 17):
        with pytest.raises(TokenMalformed, match="blocks"):
            parse(authjs.join(aad, bytes(16), ciphertext, bytes(32)))


def test_other_spellings_and_numbers_of_segments():
    token = authjs.seal_5(CLAIMS)
    for other in (b"", b"....", token + b".", b"." + token, token[:-1], token + b"=", token.replace(b".", b"..", 1)):
        with pytest.raises(Refusal):
            parse(other)


def test_sizes_are_checked_before_anything_is_decoded():
    token = authjs.seal_5(CLAIMS)
    header = token.index(b".")
    assert parse(token, JwsLimits(len(token), header))
    for limits in (JwsLimits(len(token) - 1, header), JwsLimits(len(token), header - 1)):
        with pytest.raises(TokenTooLarge):
            parse(token, limits)
    with pytest.raises(TokenTooLarge):
        parse(b"!" * 9000)


def test_nothing_of_it_is_shown():
    assert repr(parse(authjs.seal_5(CLAIMS))) == "<Sealed, A256CBC-HS512>"


@given(st.binary(max_size=200) | st.text(alphabet="eyJA-_.=%", max_size=80).map(str.encode))
def test_whatever_comes_it_is_a_refusal(octets):
    with pytest.raises(Refusal):
        parse(octets)


@given(st.data())
def test_whatever_ours_opens_joserfc_opens_too(data):
    form = data.draw(st.sampled_from(Form))
    token = bytearray(SEAL[form](CLAIMS))
    for _ in range(data.draw(st.integers(0, 2))):
        token[data.draw(st.integers(0, len(token) - 1))] = data.draw(st.sampled_from(b"AQgw-_.x"))
    try:
        plain = opened(bytes(token), form)
    except (Refusal, AssertionError):
        return
    try:
        assert joserfc(bytes(token), KEYS[form]) == plain
    except (JoseError, ValueError) as error:
        raise AssertionError("joserfc refuses what was opened") from error

"""Each published advisory on encrypted tokens as an attack over HTTP; a test fails when its check is removed.

Most of the checks are that there is no code to attack; then the header alone is what is refused.
"""

import time
import zlib

import pytest

from support import authjs

pytestmark = pytest.mark.anyio

GATE = authjs.settings()


@pytest.fixture
def gate(shared_gate):
    """The same for all: what is refused leaves nothing behind."""
    return shared_gate


def claims(**changes):
    return authjs.claims(time.time(), **changes)


def deflated(size):
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(b" " * size) + packer.flush()


async def reason(gate, token, status=401):
    answer = await gate.exchange(token.decode())
    assert answer.status_code == status, answer.text
    return answer.json()["reason"]


SEALS = pytest.mark.parametrize("seal", [authjs.seal_4, authjs.seal_5], ids=["v4", "v5"])


@SEALS
@pytest.mark.parametrize("name", ["DEF", "def", "GZIP", "", None, 1, ["DEF"]])
async def test_python_jose_cve_2024_33664_and_jwcrypto_cve_2024_28102_compressed_bombs(gate, seal, name):
    """Sealed with the right key, so that nothing but the header's zip can be what is refused."""
    members = {"zip": name} if name is not None else {"zip": False}
    assert await reason(gate, seal(deflated(2_000_000), **members)) == "token_malformed"
    assert await reason(gate, seal(claims(), **members)) == "token_malformed"


@SEALS
@pytest.mark.parametrize(
    "alg", ["PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW", "pbes2-hs256+a128kw"]
)
async def test_jwcrypto_cve_2023_6681_and_joserfc_a_count_of_two_billion(gate, seal, alg):
    token = seal(claims(), alg=alg, p2c=2_000_000_000, p2s="c2FsdHNhbHQ")
    head, _, *rest = token.split(b".")
    started = time.perf_counter()
    assert await reason(gate, token) == "algorithm_not_allowed"
    assert await reason(gate, b".".join((head, b"x" * 54, *rest))) == "algorithm_not_allowed"
    assert time.perf_counter() - started < 5


@SEALS
@pytest.mark.parametrize("alg", ["none", "", "A256KW", "A256GCMKW", "RSA1_5", "RSA-OAEP", "ECDH-ES", "HS256", "Dir", 1])
async def test_other_ways_to_a_key(gate, seal, alg):
    assert await reason(gate, seal(claims(), alg=alg, epk={"kty": "EC"})) == "algorithm_not_allowed"


@pytest.mark.parametrize(
    "enc", ["A128GCM", "A192GCM", "A128CBC-HS256", "A192CBC-HS384", "a256gcm", "", "none", 1, None]
)
async def test_other_ciphers(gate, enc):
    assert await reason(gate, authjs.seal_4(claims(), enc=enc)) == "algorithm_not_allowed"


async def test_joserfc_an_empty_key(gate):
    """The keys that follow from an empty secret, and keys of zeros, open nothing."""
    for key in (authjs.key_4(""), bytes(32), authjs.key_5("")[:32]):
        assert await reason(gate, authjs.seal_4(claims(), key)) == "signature_invalid"
    for key in (authjs.key_5(""), bytes(64), authjs.key_5(cookie="")):
        assert await reason(gate, authjs.seal_5(claims(), key)) == "key_unknown"
        forged = authjs.seal_5(claims(), key, kid=authjs.thumbprint(authjs.key_5()))
        assert await reason(gate, forged) == "signature_invalid"


@pytest.mark.parametrize("octets", [0, 1, 4, 12, 15])
async def test_rfc_8725_a_shortened_tag_is_no_tag(gate, octets):
    """Ruby's jwe CVE-2025-54887: a tag of one octet is guessed in 256 attempts."""
    *rest, tag = authjs.seal_4(claims()).split(b".")
    assert await reason(gate, b".".join((*rest, authjs.b64(authjs.unb64(tag)[:octets])))) == "token_malformed"
    assert await reason(gate, authjs.seal_5(claims(), tag=octets)) == "token_malformed"


async def test_rfc_7518_section_5_2_the_padding_is_no_oracle(gate):
    """Whatever becomes of the last block, the answer is the same, and the tag is what is refused."""
    head, key, iv, ciphertext, tag = authjs.seal_5(claims()).split(b".")
    answers = set()
    for change in range(0, 256, 51):
        octets = bytearray(authjs.unb64(ciphertext))
        octets[-17] ^= change + 1 if change < 255 else 1
        answer = await gate.exchange(b".".join((head, key, iv, authjs.b64(bytes(octets)), tag)).decode())
        answers.add((answer.status_code, answer.json()["reason"], answer.json()["detail"]))
    assert len(answers) == 1
    assert answers.pop()[1] == "signature_invalid"


async def test_rfc_7518_section_5_2_nobody_becomes_somebody_else_by_changing_the_first_block(gate):
    """Without the tag, whoever holds a session could write another name over the first sixteen octets."""
    token = authjs.seal_5(b'{"sub":"ada","exp":%d,"iat":%d}' % (time.time() + 60, time.time()))
    assert (await gate.exchange(token.decode())).json()["user_id"] == "ada"
    head, key, iv, *rest = token.split(b".")
    octets = bytearray(authjs.unb64(iv))
    for position, (old, new) in enumerate(zip(b"ada", b"bob", strict=True), 8):
        octets[position] ^= old ^ new
    assert await reason(gate, b".".join((head, key, authjs.b64(bytes(octets)), *rest))) == "signature_invalid"


@SEALS
@pytest.mark.parametrize("crit", [["exp"], ["zip"], [], "x", None, 1])
async def test_critical_headers(gate, seal, crit):
    members = {"crit": crit} if crit is not None else {"crit": False}
    assert await reason(gate, seal(claims(), **members)) == "token_malformed"


@SEALS
async def test_keys_and_addresses_of_keys_in_the_header_are_not_followed(gate, seal):
    mine = authjs.b64(b"k" * (32 if seal is authjs.seal_4 else 64)).decode()
    members = {"jwk": {"kty": "oct", "k": mine}, "jku": "http://127.0.0.1:9/", "x5u": "http://127.0.0.1:9/"}
    forged = seal(claims(), b"k" * (32 if seal is authjs.seal_4 else 64), **members)
    assert await reason(gate, forged) in {"signature_invalid", "key_unknown"}


@SEALS
async def test_a_signed_token_inside_an_encrypted_one_is_not_unwrapped(gate, seal):
    assert await reason(gate, seal(gate.session().encode(), cty="JWT")) == "token_malformed"


async def test_next_auth_cve_2023_48309_a_sign_in_that_was_never_finished(gate, monkeypatch):
    monkeypatch.setattr(gate.clock, "shift", authjs.now() + 5 - time.time())
    token = authjs.vector("v4 an old sign-in under way")["token"].encode()
    assert await reason(gate, token) == "subject_missing"
    for name in ("v4 a sign-in under way", "v5 a sign-in under way"):
        assert await reason(gate, authjs.vector(name)["token"].encode()) in {"signature_invalid", "key_unknown"}


@SEALS
@pytest.mark.parametrize("text", [b'{"sub":"a","exp":1,"sub":"b"}', b"\xef\xbb\xbf{}", b'{"exp":NaN}', b"[" * 10_000])
async def test_content_with_two_readings(gate, seal, text):
    token = seal(text)
    expected = "token_too_large" if len(token) > 8192 else "token_malformed"
    assert await reason(gate, token) == expected


async def test_a_header_nested_ten_thousand_deep(gate):
    _, *rest = authjs.seal_4(claims()).split(b".")
    assert await reason(gate, b".".join((authjs.b64(b'{"a":' + b"[" * 1000), *rest))) == "token_malformed"
    assert await reason(gate, b".".join((authjs.b64(b"[" * 2000), *rest))) == "token_too_large"


async def test_the_general_serialization_is_not_read(gate):
    assert await reason(gate, b'{"protected":"e30","ciphertext":"AA"}') == "token_malformed"

import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.identity.keyfile import KeyFileError, read, save
from tidegate.sandbox.provider import IdentityProvider

PROVIDER = IdentityProvider("https://login.example.com")
NOW = 1_772_366_400.0


def test_what_was_saved_is_read_back(tmp_path):
    path = tmp_path / "keys.json"
    save(path, {PROVIDER.issuer: PROVIDER.jwks(), "https://other.example": PROVIDER.jwks()}, NOW)

    found = read(path)

    assert found.saved_at == "2026-03-01T12:00:00Z"
    assert {key.kid for key in found.of(PROVIDER.issuer)} == {PROVIDER.kid("RS256"), PROVIDER.kid("ES256")}
    assert found.of("https://nobody.example").keys == ()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_only_keys_are_kept(tmp_path):
    path = tmp_path / "keys.json"
    save(path, {PROVIDER.issuer: {**PROVIDER.jwks(), "more": "of it"}}, NOW)
    assert "more" not in path.read_text()


def test_a_key_set_of_a_key_server_and_a_pem_count_for_any_issuer(tmp_path):
    jwks, pem = tmp_path / "jwks.json", tmp_path / "key.pem"
    jwks.write_text(json.dumps(PROVIDER.jwks()))
    pem.write_text(PROVIDER.public_pem())

    for issuer in (PROVIDER.issuer, "https://other.example"):
        assert len(read(jwks).of(issuer).keys) == 2
        assert len(read(pem).of(issuer).keys) == 1
    assert read(jwks).saved_at is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", "nonsense", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', '{"issuers": {}}'),
        *('{"issuers": [{}]}', '{"issuers": [{"issuer": "x", "jwks": {"keys": []}}]}', '{"keys": [], "keys": []}'),
        *("-----BEGIN PUBLIC KEY-----", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
        *(" " * 1_048_577, "[" * 100_000),
    ],
)
def test_what_is_no_file_of_keys(tmp_path, text):
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(KeyFileError):
        read(path)


def test_what_cannot_be_read_or_written(tmp_path):
    with pytest.raises(KeyFileError, match="cannot be read"):
        read(tmp_path / "none")
    with pytest.raises(KeyFileError, match="cannot be read"):
        read(tmp_path)
    with pytest.raises(KeyFileError, match="cannot be written"):
        save(tmp_path / "none" / "keys.json", {}, NOW)


@given(st.binary(max_size=300))
def test_whatever_is_in_it_there_is_an_answer(tmp_path_factory, octets):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(octets)
    with pytest.raises(KeyFileError):
        read(path)

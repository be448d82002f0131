"""Each kind of issuer gets its kind of keys, with the limits of the settings."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from support.issuing import CLERK, NOW, SigningIssuer, rsa_key
from tidegate.clock import ManualClock
from tidegate.identity.assemble import assemble, issuer_from_config
from tidegate.identity.fetch import DocumentFetcher, FetchError, new_client
from tidegate.identity.keyring import FixedKeys, RemoteKeys
from tidegate.identity.keys import KeySetError
from tidegate.identity.service import Verifier
from tidegate.settings import IssuerConfig, load


def _pem(key):
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


PEM = _pem(rsa_key(0))
WEAK_PEM = _pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505 - what is refused
STREAM = {"STREAM_API_KEY": "abcdefgh2345", "STREAM_API_SECRET": "s3cr3t-" * 6, "NODE_ENV": "development"}


@pytest.fixture
async def fetcher():
    client = new_client()
    yield DocumentFetcher(client)
    await client.aclose()


def config(**members):
    return IssuerConfig(**({"name": "main", "issuer": "https://login.example.com"} | members))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("members", "source"),
    [
        ({"kind": "clerk"}, RemoteKeys),
        ({"kind": "clerk", "pem": PEM}, FixedKeys),
        ({"kind": "oidc"}, RemoteKeys),
        ({"kind": "jwks", "jwks_url": "https://keys.example.com/jwks"}, RemoteKeys),
        ({"kind": "pem", "pem": PEM}, FixedKeys),
    ],
)
async def test_the_kind_decides_where_keys_come_from(fetcher, members, source):
    issuer = issuer_from_config(config(**members), fetcher=fetcher, clock=ManualClock(NOW), user_id_claim="chat_id")
    assert type(issuer.keys) is source
    assert issuer.keys.name == issuer.policy.name == "main"
    assert issuer.policy.user_id_claim == "chat_id"
    assert (issuer.keys.current() is not None) is (source is FixedKeys)


@pytest.mark.anyio
async def test_a_pem_verifies_without_any_network(fetcher):
    issuer = issuer_from_config(config(kind="clerk", issuer=CLERK, pem=PEM), fetcher=fetcher, clock=ManualClock(NOW))
    gate = Verifier([issuer], ManualClock(NOW))
    assert gate.verify(SigningIssuer().session(), NOW).issuer == "main"


@pytest.mark.anyio
async def test_a_pem_of_no_use_is_an_error_at_start(fetcher):
    with pytest.raises(KeySetError, match="2048"):
        issuer_from_config(config(kind="pem", pem=WEAK_PEM), fetcher=fetcher, clock=ManualClock(NOW))


@pytest.mark.anyio
async def test_plain_http_is_an_error_at_start(fetcher):
    plain = config(kind="jwks", jwks_url="http://127.0.0.1:1/jwks")
    with pytest.raises(FetchError):
        issuer_from_config(plain, fetcher=fetcher, clock=ManualClock(NOW))


@pytest.mark.anyio
async def test_settings_become_issuers(tmp_path):
    environ = STREAM | {
        "CLERK_JWT_ISSUER": CLERK,
        "TIDEGATE_ISSUERS": '[{"name":"loop","kind":"jwks","issuer":"http://127.0.0.1:9/i",'
        '"jwks_url":"http://127.0.0.1:9/k","namespace":"b"}]',
        "TIDEGATE_STATE_DIR": str(tmp_path),
        "TIDEGATE_SESSION_TOKEN_BYTES": "4000",
        "TIDEGATE_SESSION_HEADER_BYTES": "1000",
        "TIDEGATE_USER_ID_CLAIM": "chat_id",
    }
    made = assemble(load(environ).settings, ManualClock(NOW))
    try:
        assert [issuer.policy.issuer for issuer in made.issuers] == [CLERK, "http://127.0.0.1:9/i"]
        assert [issuer.policy.namespace for issuer in made.issuers] == [None, "b"]
        assert {issuer.policy.user_id_claim for issuer in made.issuers} == {"chat_id"}
        assert (made.limits.token_octets, made.limits.header_octets) == (4000, 1000)
    finally:
        await made.aclose()

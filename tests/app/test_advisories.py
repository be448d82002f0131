"""Each published advisory of the field as an attack over HTTP; a test fails when its check is removed.

Named after the advisory in every test's id, so that a failing one says what came back.
"""

import base64
import hashlib
import hmac
import json

import anyio
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from support.gate import open_gate
from tidegate.sandbox.server import SandboxServer
from tidegate.settings import IssuerConfig

pytestmark = pytest.mark.anyio

WAYS = ("asgi", "shortcut")


@pytest.fixture
def gate(shared_gate):
    """The same for all: what is refused leaves nothing behind."""
    return shared_gate


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def part(value):
    return b64(json.dumps(value).encode())


def claims_of(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def with_header(token, **header):
    """The same claims and signature under another header: the signature no longer fits."""
    _, body, signature = token.split(".")
    return f"{part(header)}.{body}.{signature}"


def hs256(claims, secret, **header):
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', **header})}.{part(claims)}"
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def public_key_texts(provider):
    """The issuer's public key in every spelling that a library ever took for an HMAC secret."""
    pem = provider.public_pem().strip()
    lines = pem.splitlines()
    document = provider.jwks()
    jwk = next(key for key in document["keys"] if key["kty"] == "RSA")
    return {
        "pem": pem.encode(),
        "pem-newline": (pem + "\n").encode(),
        "pem-crlf": "\r\n".join(lines).encode(),
        "pem-armour": pem.replace("BEGIN PUBLIC KEY", "BEGIN RSA PUBLIC KEY").encode(),
        "pem-bom": b"\xef\xbb\xbf" + pem.encode(),
        "der": base64.b64decode("".join(lines[1:-1])),
        "jwk": json.dumps(jwk).encode(),
        "jwks": json.dumps(document).encode(),
        "n": jwk["n"].encode(),
        "empty": b"",
    }


SPELLINGS = ["pem", "pem-newline", "pem-crlf", "pem-armour", "pem-bom", "der", "jwk", "jwks", "n", "empty"]


async def reason(gate, token, status=401):
    answer = await gate.exchange(token)
    assert answer.status_code == status
    assert "token" not in answer.json()
    return answer.json()["reason"]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_pyjwt_cve_2022_29217_a_public_key_is_no_hmac_secret(gate, spelling):
    """Also PyJWT CVE-2026-48526, python-jose CVE-2024-33663, LibJWT CVE-2026-44699."""
    provider = gate.sandbox.sandbox.provider
    secret = public_key_texts(provider)[spelling]
    forged = hs256(claims_of(gate.session()), secret, kid=provider.kid())
    assert await reason(gate, forged) == "algorithm_not_allowed"


async def test_libjwt_cve_2026_44699_an_rsa_jwk_without_alg_takes_no_hs256_either(gate_with, sandbox):
    # Even where the operator's allow-list is wide, the key's own type decides.
    issuer = {**sandbox.sandbox.issuer_config(), "kind": "jwks"}
    async with gate_with(issuers=(IssuerConfig.model_validate(issuer),)) as gate:
        forged = hs256(claims_of(gate.session()), b"x", kid=sandbox.sandbox.provider.kid())
        assert await reason(gate, forged) == "algorithm_not_allowed"


@pytest.mark.parametrize(
    "change", [lambda iss: iss[:-1], lambda iss: iss + "x", lambda iss: [iss], lambda _: None, str.upper]
)
async def test_pyjwt_cve_2024_53861_the_issuer_is_compared_byte_for_byte(gate, change):
    issuer = gate.sandbox.issuer_url
    assert await reason(gate, gate.session(iss=change(issuer))) == "issuer_unknown"


@pytest.mark.parametrize("crit", [["cnf"], ["b64"], [], "cnf", {"cnf": 1}, None, 1])
async def test_pyjwt_cve_2026_32597_critical_headers_are_refused(gate, crit):
    """Also Authlib CVE-2025-59420."""
    assert await reason(gate, gate.session(header={"crit": crit, "cnf": {}})) == "token_malformed"


async def test_pyjwt_pysec_2026_178_an_unencoded_payload_is_refused(gate):
    assert await reason(gate, gate.session(header={"b64": False})) == "token_malformed"
    assert await reason(gate, gate.session(header={"b64": False, "crit": ["b64"]})) == "token_malformed"


@pytest.mark.parametrize(
    "algorithm", ["RS384", "RS512", "PS256", "ES256", "HS256", "none", "NONE", "", " RS256", "rs256"]
)
async def test_pyjwt_ghsa_jq35_7prp_9v3f_header_key_and_allow_list_must_agree(gate, algorithm):
    """Also Authlib CVE-2026-28802: ``none`` and blank."""
    assert await reason(gate, gate.session(header={"alg": algorithm})) == "algorithm_not_allowed"


@pytest.mark.parametrize(("kind", "alg"), [("clerk", None), ("jwks", "RS256")])
async def test_pyjwt_ghsa_jq35_7prp_9v3f_a_good_signature_of_another_algorithm(tmp_path, kind, alg):
    """Either check alone has to refuse it: the issuer's allow-list (Clerk's), or the key's own ``alg``."""
    private = rsa.generate_private_key(65537, 2048)
    numbers = private.public_key().public_numbers()
    jwk = {"kty": "RSA", "kid": "other", "n": b64(numbers.n.to_bytes(256, "big")), "e": "AQAB", "alg": alg}
    with SandboxServer() as server:
        server.sandbox.provider.extra_keys = [{name: value for name, value in jwk.items() if value}]
        issuer = IssuerConfig.model_validate({**server.sandbox.issuer_config(), "kind": kind})
        async with open_gate(server, tmp_path, issuers=(issuer,)) as gate:
            claims = claims_of(gate.session())
            for algorithm, hashing, expected in (("RS384", hashes.SHA384(), 401), ("RS256", hashes.SHA256(), 200)):
                signed = f"{part({'alg': algorithm, 'kid': 'other'})}.{part(claims)}"
                signature = b64(private.sign(signed.encode(), padding.PKCS1v15(), hashing))
                answer = await gate.exchange(f"{signed}.{signature}")
                assert answer.status_code == expected, algorithm
                assert expected == 200 or answer.json()["reason"] == "algorithm_not_allowed"


async def test_authlib_cve_2026_28802_a_token_without_a_signature(gate):
    claims = claims_of(gate.session())
    for header in ({"alg": "none"}, {"alg": ""}, {}):
        answer = await gate.exchange(f"{part(header)}.{part(claims)}.")
        assert answer.status_code == 401
        assert answer.json()["reason"] in {"algorithm_not_allowed", "token_malformed"}


async def test_authlib_cve_2026_27962_an_embedded_key_is_not_trusted(gate):
    from tidegate.sandbox.provider import IdentityProvider

    attacker = IdentityProvider(gate.sandbox.issuer_url)
    own_key = attacker.jwks()["keys"][-1]
    for header in (
        {"jwk": own_key},
        {"jku": "http://127.0.0.1:1/keys"},
        {"x5u": "http://127.0.0.1:1/cert"},
        {"x5c": ["MIIB"]},
    ):
        same_kid = {**header, "kid": gate.sandbox.sandbox.provider.kid()}
        assert await reason(gate, attacker.session(header=same_kid)) == "signature_invalid"


async def test_authlib_cve_2026_96760_json_serialization_is_no_token(gate):
    token = gate.session()
    head, body, _ = token.split(".")
    for text in (
        json.dumps({"payload": body, "protected": head}),
        json.dumps({"payload": body, "signatures": []}),
        f"{head}.{body}",
        f"{token}.",
        f"{token}.{token}",
    ):
        assert await reason(gate, text.replace(" ", "")) == "token_malformed"


@pytest.mark.parametrize("depth", [40, 10_000])
async def test_pyjwt_ghsa_8wjv_2p76_3863_a_deep_header_is_refused(gate_with, depth):
    """Its size is allowed here, so that only the depth can refuse it."""
    async with gate_with(session_header_bytes=60_000, session_token_bytes=65_536) as gate:
        _, body, signature = gate.session().split(".")
        kid = gate.sandbox.sandbox.provider.kid().encode()
        deep = b'{"alg":"RS256","kid":"%b","x":' % kid + b"[" * depth + b"]" * depth + b"}"
        assert await reason(gate, f"{b64(deep)}.{body}.{signature}") == "token_malformed"


async def test_pyjwt_ghsa_w6j9_cwv2_h6wq_one_bad_key_does_not_drop_the_set(tmp_path):
    bad = [
        {"kty": "RSA", "kid": "short", "n": b64(b"\xff" * 64), "e": "AQAB"},
        {"kty": "oct", "kid": "secret", "k": b64(b"x" * 32)},
        {"kty": "EC", "crv": "P-256", "kid": "off-curve", "x": b64(b"\x01" * 32), "y": b64(b"\x01" * 32)},
        {"kid": "nothing"},
        "not even an object",
    ]
    with SandboxServer() as server:
        server.sandbox.provider.extra_keys = bad
        async with open_gate(server, tmp_path) as gate:
            assert (await gate.exchange(gate.session())).status_code == 200
            forged = hs256(claims_of(gate.session()), b"x" * 32, kid="secret")
            assert await reason(gate, forged) == "algorithm_not_allowed"


async def test_pyjwt_ghsa_fhv5_28vv_h8m8_a_flood_of_unknown_keys_costs_two_fetches_at_most(tmp_path):
    with SandboxServer() as server:
        provider = server.sandbox.provider
        async with open_gate(server, tmp_path, limit_address_per_minute=0) as gate:
            before = provider.jwks_fetches
            session = gate.session()
            for number in range(500):
                assert (await gate.exchange(gate.session(header={"kid": f"ins_{number}"}))).status_code == 401
                head, body, signature = session.split(".")
                flipped = signature[:-8] + ("A" if signature[-8] != "A" else "B") + signature[-7:]
                assert await reason(gate, f"{head}.{body}.{flipped}") == "signature_invalid"
            assert provider.jwks_fetches - before <= 2
            spent = await gate.exchange(gate.session(header={"kid": "ins_last"}))
            assert spent.json()["reason"] == "key_unknown"
            assert 1 <= int(spent.headers["retry-after"]) <= 30
            assert (await gate.exchange(gate.session())).status_code == 200


async def test_pyjwt_ghsa_fhv5_28vv_h8m8_a_passing_failure_does_not_wipe_the_keys(tmp_path):
    with SandboxServer() as server:
        async with open_gate(server, tmp_path) as gate:
            for mode in ("down", "wrong_body"):
                server.sandbox.provider.fail(mode)
                gate.clock.shift += 40
                unknown = await gate.exchange(gate.session(header={"kid": f"ins_{mode}"}))
                assert unknown.status_code in (401, 503)
                fresh = gate.session(exp=int(gate.clock.now()) + 60)
                assert (await gate.exchange(fresh)).status_code == 200


async def test_envoy_cve_2025_64527_two_requests_whose_fetches_fail_together(tmp_path):
    with SandboxServer() as server:
        server.sandbox.provider.fail("down", delay=0.1)
        async with open_gate(server, tmp_path, wait=False, limit_address_per_minute=0) as gate:
            answers = []

            async def ask():
                answers.append(await gate.exchange(gate.session()))

            async with anyio.create_task_group() as group:
                for _ in range(10):
                    group.start_soon(ask)
            assert {answer.status_code for answer in answers} == {503}
            assert {answer.json()["reason"] for answer in answers} == {"identity_unavailable"}
            assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
            assert (await gate.client.get("/livez")).status_code == 200


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "data:application/json,{}", "ftp://127.0.0.1/k", "gopher://127.0.0.1/"]
)
async def test_pyjwt_ghsa_993g_76c3_p5m4_key_urls_of_other_schemes_are_refused(tmp_path, url):
    """Also PyJWT GHSA-9v7f-9g4p-ffgj."""
    from tidegate.settings import SettingsError, load

    environ = {
        "STREAM_API_KEY": "abcdefghijkl",
        "STREAM_API_SECRET": "s" * 40,
        "TIDEGATE_OIDC_ISSUER": "https://login.example.com",
        "TIDEGATE_OIDC_JWKS_URL": url,
        "TIDEGATE_STATE_DIR": str(tmp_path),
    }
    with pytest.raises(SettingsError) as refused:
        load(environ)
    assert any("TIDEGATE_OIDC_JWKS_URL" in str(problem) for problem in refused.value.problems)


async def test_pyjwt_ghsa_9v7f_9g4p_ffgj_a_redirect_of_the_key_server_is_not_followed(tmp_path):
    with SandboxServer() as server:
        server.sandbox.provider.fail("redirect")
        async with open_gate(server, tmp_path, wait=False) as gate:
            assert await reason(gate, gate.session(), 503) == "identity_unavailable"


async def test_clerk_the_same_key_id_in_two_issuers(tmp_path):
    with SandboxServer() as one, SandboxServer() as other:
        other.sandbox.provider.api_key = None  # keys that do not say whose app they belong to, as real ones
        second = {**other.sandbox.issuer_config(), "name": "second", "namespace": "second"}
        issuers = tuple(map(IssuerConfig.model_validate, (one.sandbox.issuer_config(), second)))
        async with open_gate(one, tmp_path, issuers=issuers) as gate:
            with anyio.fail_after(5):
                while not all(issuer.usable for issuer in gate.runtime.watch.issuers()):
                    await anyio.sleep(0.01)
            theirs = other.sandbox.provider
            mine = one.sandbox.provider
            # Signed by the second issuer, under the first one's key id, claiming to be the first one.
            forged = theirs.session(iss=mine.issuer, header={"kid": mine.kid()})
            assert await reason(gate, forged) == "signature_invalid"
            same = (await gate.exchange(theirs.session())).json()["user_id"]
            assert same == f"tg-second-{(await gate.exchange(mine.session())).json()['user_id']}"


@pytest.mark.parametrize(
    "shape",
    [{"sub": "mch_2abc"}, {"header": {"typ": "at+jwt"}}, {"header": {"typ": "application/AT+JWT"}}, {"sid": None}],
)
async def test_clerk_a_category_that_is_no_session(gate, shape):
    assert await reason(gate, gate.session(**shape)) == "token_kind_refused"


async def test_clerk_an_authorized_party_of_another_origin(gate):
    assert await reason(gate, gate.session(azp="https://evil.example")) == "authorized_party_mismatch"


async def test_starlette_cve_2024_24762_no_form_is_ever_parsed(gate):
    headers = {
        "Authorization": f"Bearer {gate.session()}",
        "Content-Type": 'application/x-www-form-urlencoded; !="' + "\\" * 4000,
    }
    answer = await gate.client.post("/stream/token", headers=headers, content=b"a=b")
    assert answer.status_code == 200


async def test_rfc_8725_a_key_that_left_the_set_ends_its_cached_sessions(tmp_path):
    with SandboxServer() as server:
        provider = server.sandbox.provider
        provider.max_age = 60
        async with open_gate(server, tmp_path) as gate:
            stolen = gate.session(life=3000)
            assert (await gate.exchange(stolen)).status_code == 200
            old = provider.compromise()
            # A session of the new key makes the service look at the set again.
            assert (await gate.exchange(gate.session())).status_code == 200
            assert (await gate.exchange(stolen)).json()["reason"] == "key_unknown"
            forged = provider.session(kid=old, life=3000)
            assert (await gate.exchange(forged)).json()["reason"] == "key_unknown"


async def test_a_sandboxs_sessions_are_worth_nothing_with_another_apps_credentials(tmp_path):
    """Principle 5 of the design: whoever points a real app at a sandbox gets no token."""
    with SandboxServer() as server:
        async with open_gate(server, tmp_path, api_key="anotherappskey", wait=False) as gate:
            answer = await gate.exchange(gate.session())
            assert (answer.status_code, answer.json()["reason"]) == (503, "identity_unavailable")
        async with open_gate(server, tmp_path) as gate:
            assert (await gate.exchange(gate.session())).status_code == 200
        # Neither do the keys that were kept on disk a moment ago.
        async with open_gate(server, tmp_path, api_key="anotherappskey", wait=False) as gate:
            assert (await gate.exchange(gate.session())).status_code == 503

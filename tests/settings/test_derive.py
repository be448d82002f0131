import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.environments import KEY, PRODUCTION, SECRET, problems, publishable_key, without
from tidegate.settings import load
from tidegate.settings.issuers import PUBLIC_KEY_ALGORITHMS

PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
CREDENTIALS = {"STREAM_API_KEY": KEY, "STREAM_API_SECRET": SECRET}
CLERK = {**CREDENTIALS, "CLERK_PUBLISHABLE_KEY": publishable_key("clerk.example.com")}
OIDC = {**CREDENTIALS, "TIDEGATE_OIDC_ISSUER": "https://login.example/"}
STRICT = {**without(PRODUCTION, "CLERK_PUBLISHABLE_KEY", "CLERK_AUTHORIZED_PARTIES")}
PARTNER = {"name": "partner", "kind": "oidc", "issuer": "https://login.partner.example"}


def issuers(environ):
    return load(environ).settings.issuers


def listed(*members):
    return {"TIDEGATE_ISSUERS": json.dumps(members)}


def test_clerk_from_the_publishable_key():
    (issuer,) = issuers({**CLERK, "CLERK_AUTHORIZED_PARTIES": "https://a.example, https://b.example"})
    assert (issuer.name, issuer.kind, issuer.issuer) == ("clerk", "clerk", "https://clerk.example.com")
    assert issuer.jwks_url == "https://clerk.example.com/.well-known/jwks.json"
    assert issuer.authorized_parties == ("https://a.example", "https://b.example")
    assert (issuer.algorithms, issuer.audience, issuer.namespace, issuer.kinds) == (("RS256",), (), None, ("session",))
    assert load(CLERK).origins["issuers"] == "environment CLERK_PUBLISHABLE_KEY"


def test_clerk_from_the_issuer_alone():
    (issuer,) = issuers({**CREDENTIALS, "CLERK_JWT_ISSUER": "https://clerk.example.com"})
    assert issuer.jwks_url == "https://clerk.example.com/.well-known/jwks.json"


def test_clerk_with_a_pem_needs_no_network():
    (issuer,) = issuers({**CLERK, "CLERK_JWT_KEY": PEM.replace("\n", "\\n")})
    assert issuer.jwks_url is None
    assert issuer.pem == PEM.strip() or issuer.pem == PEM
    assert issuer.fetched() == ()


def test_clerk_from_an_issuer_that_differs():
    (issuer,) = issuers({**CLERK, "CLERK_JWT_ISSUER": "https://app.example/__clerk"})
    assert issuer.issuer == "https://app.example/__clerk"


@pytest.mark.parametrize(
    ("environ", "variable", "wrong"),
    [
        ({**CREDENTIALS, "CLERK_JWT_KEY": PEM}, "CLERK_JWT_KEY", "without an issuer"),
        ({**CREDENTIALS, "CLERK_PUBLISHABLE_KEY": "pk_live_x"}, "CLERK_PUBLISHABLE_KEY", "not a publishable key"),
        ({**CREDENTIALS, "CLERK_JWT_ISSUER": "https://clerk.example.com/"}, "CLERK_JWT_ISSUER", "no slash"),
        ({**CREDENTIALS, "CLERK_JWT_ISSUER": "clerk.example.com"}, "CLERK_JWT_ISSUER", "not an http"),
        ({**CREDENTIALS, "CLERK_JWT_ISSUER": "http://clerk.example.com"}, "CLERK_JWT_ISSUER", "plain http"),
        ({**CREDENTIALS, "TIDEGATE_OIDC_ISSUER": "login.example"}, "TIDEGATE_OIDC_ISSUER", "not an http"),
        ({**CREDENTIALS, "TIDEGATE_OIDC_ISSUER": "http://login.example"}, "TIDEGATE_OIDC_ISSUER", "plain http"),
        ({**CREDENTIALS, "TIDEGATE_OIDC_JWKS_URL": "https://a.b/k"}, "TIDEGATE_OIDC_JWKS_URL", "without TIDEGATE"),
        ({**CREDENTIALS, "TIDEGATE_OIDC_PEM": PEM}, "TIDEGATE_OIDC_PEM", "without TIDEGATE_OIDC_ISSUER"),
        ({**CREDENTIALS, "TIDEGATE_OIDC_AUDIENCE": "a"}, "TIDEGATE_OIDC_AUDIENCE", "without TIDEGATE_OIDC_ISSUER"),
        ({**OIDC, "TIDEGATE_OIDC_JWKS_URL": "http://a.b/k"}, "TIDEGATE_OIDC_ISSUER", "plain http"),
        ({**OIDC, "TIDEGATE_OIDC_JWKS_URL": "file:///k"}, "TIDEGATE_OIDC_JWKS_URL", "not an http"),
        (
            {**OIDC, "TIDEGATE_OIDC_JWKS_URL": "https://a.b/k", "TIDEGATE_OIDC_PEM": PEM},
            "TIDEGATE_OIDC_JWKS_URL",
            "both set",
        ),
        ({**CLERK, **OIDC}, "TIDEGATE_OIDC_ISSUER", "without a namespace"),
    ],
)
def test_variables_that_will_not_do(environ, variable, wrong):
    found = problems(environ)
    assert set(found) == {variable}
    assert wrong in found[variable]


def test_the_three_ways_of_openid_connect():
    (discovered,) = issuers({**OIDC, "TIDEGATE_OIDC_AUDIENCE": "chat,web"})
    assert (discovered.kind, discovered.issuer, discovered.jwks_url) == ("oidc", "https://login.example/", None)
    assert discovered.fetched() == ("https://login.example/",)
    assert discovered.audience == ("chat", "web")
    assert discovered.algorithms == PUBLIC_KEY_ALGORITHMS
    (fixed,) = issuers({**OIDC, "TIDEGATE_OIDC_JWKS_URL": "https://keys.example/set"})
    assert (fixed.kind, fixed.jwks_url) == ("jwks", "https://keys.example/set")
    (offline,) = issuers({**CREDENTIALS, "TIDEGATE_OIDC_ISSUER": "my-app", "TIDEGATE_OIDC_PEM": PEM})
    assert (offline.kind, offline.issuer, offline.pem) == ("pem", "my-app", PEM.strip())


def test_policies_are_the_defaults_of_every_issuer():
    policies = {
        "TIDEGATE_AZP_POLICY": "off",
        "TIDEGATE_PENDING_POLICY": "allow",
        "TIDEGATE_IMPERSONATION_POLICY": "refuse",
        "TIDEGATE_CLOCK_SKEW_SECONDS": "7",
        "TIDEGATE_SESSION_MAX_AGE_SECONDS": "900",
    }
    partner = {**PARTNER, "namespace": "p1", "pending": "refuse", "max_age_seconds": 60}
    first, second = issuers({**CLERK, **policies, **listed(partner)})
    assert (first.azp, first.pending, first.impersonation) == ("off", "allow", "refuse")
    assert (first.clock_skew_seconds, first.max_age_seconds) == (7, 900)
    assert (second.azp, second.pending, second.clock_skew_seconds, second.max_age_seconds) == ("off", "refuse", 7, 60)


def test_the_list_comes_after_the_variables_and_may_stand_alone():
    assert [one.name for one in issuers({**CLERK, **listed({**PARTNER, "namespace": "p1"})})] == ["clerk", "partner"]
    (alone,) = issuers({**CREDENTIALS, **listed(PARTNER)})
    assert alone.namespace is None
    both = [PARTNER, {**PARTNER, "name": "b", "issuer": "https://b.example", "namespace": "b2"}]
    assert [one.namespace for one in issuers({**CREDENTIALS, **listed(*both)})] == [None, "b2"]


@pytest.mark.parametrize(
    ("members", "wrong"),
    [
        ({**PARTNER, "namespace": "p1", "issuer_url": "x"}, "issuer_url that is unknown"),
        ({**PARTNER, "namespace": "p1", "secret-" + SECRET: "x"}, "(not a name)"),
        (without({**PARTNER, "namespace": "p1"}, "issuer"), "issuer that is missing"),
        ({**PARTNER, "namespace": "p1", "kind": "saml"}, "kind that does not fit"),
        ({**PARTNER, "namespace": "P1"}, "namespace that does not fit"),
        ({**PARTNER, "namespace": "a" * 17}, "namespace that does not fit"),
        ({**PARTNER, "namespace": ""}, "namespace that does not fit"),
        (PARTNER, "without a namespace"),
        ({**PARTNER, "namespace": "p1", "name": "clerk"}, "whose name another has"),
        ({**PARTNER, "namespace": "p1", "name": "none"}, "taken"),
        ({**PARTNER, "namespace": "p1", "name": "Partner"}, "name that does not fit"),
        ({**PARTNER, "namespace": "p1", "issuer": "https://clerk.example.com"}, "whose issuer another has"),
        ({**PARTNER, "namespace": "p1", "issuer": "a b"}, "issuer that does not fit"),
        ({**PARTNER, "namespace": "p1", "algorithms": ["HS256"]}, "algorithms may be"),
        ({**PARTNER, "namespace": "p1", "algorithms": ["none"]}, "algorithms may be"),
        ({**PARTNER, "namespace": "p1", "jwks_url": "https://k.example"}, "discovery"),
        ({**PARTNER, "namespace": "p1", "kind": "jwks"}, "needs jwks_url"),
        ({**PARTNER, "namespace": "p1", "kind": "pem"}, "needs pem"),
        ({**PARTNER, "namespace": "p1", "kind": "pem", "pem": "x"}, "not a whole public key"),
        ({**PARTNER, "namespace": "p1", "kind": "pem", "pem": PEM, "jwks_url": "https://k.example"}, "exclude"),
        ({**PARTNER, "namespace": "p1", "kind": "jwks", "jwks_url": "https://k.example?x"}, "query"),
        ({**PARTNER, "namespace": "p1", "kind": "jwks", "jwks_url": "http://k.example"}, "plain http"),
        ({**PARTNER, "namespace": "p1", "kinds": []}, "kinds that does not fit"),
        ({**PARTNER, "namespace": "p1", "kinds": ["other"]}, "kinds that does not fit"),
        ({**PARTNER, "namespace": "p1", "clock_skew_seconds": 61}, "clock_skew_seconds that does not fit"),
        ({**PARTNER, "namespace": "p1", "max_age_seconds": -1}, "max_age_seconds that does not fit"),
    ],
)
def test_elements_of_the_list_that_will_not_do(members, wrong):
    found = problems({**CLERK, **listed(members)})
    assert set(found) == {"TIDEGATE_ISSUERS"}
    assert wrong in found["TIDEGATE_ISSUERS"]
    assert SECRET not in str(found)


def test_the_first_issuer_has_no_namespace_and_no_two_share_one():
    assert "first issuer" in problems({**CREDENTIALS, **listed({**PARTNER, "namespace": "p1"})})["TIDEGATE_ISSUERS"]
    three = [PARTNER] + [
        {**PARTNER, "name": name, "issuer": f"https://{name}.example", "namespace": "p1"} for name in ("b", "c")
    ]
    assert "whose namespace another has" in problems({**CREDENTIALS, **listed(*three)})["TIDEGATE_ISSUERS"]


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize(
    "sandbox",
    [
        {"TIDEGATE_OIDC_ISSUER": "http://127.0.0.1:4000/idp"},
        {"TIDEGATE_OIDC_ISSUER": "http://127.0.0.1:4000/idp", "TIDEGATE_OIDC_PEM": PEM},
        {"CLERK_JWT_ISSUER": "http://localhost:4000/idp"},
        {"TIDEGATE_OIDC_ISSUER": "https://a.example", "TIDEGATE_OIDC_JWKS_URL": "http://[::1]:4000/keys"},
    ],
)
def test_an_issuer_on_plain_http_to_loopback_is_for_development_only(environment, sandbox):
    assert len(issuers({**CREDENTIALS, **sandbox})) == 1
    found = problems({**STRICT, **sandbox, "STREAM_CHAT_ENVIRONMENT": environment})
    assert any("sandbox" in line for line in found.values())

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from tidegate.clock import ManualClock
from tidegate.sandbox import PEOPLE, REMOVED, IdentityProvider, Person
from tidegate.sandbox.claims import MACHINE_CATEGORY, SESSION_CATEGORY, TEMPLATE_CATEGORY

NOW = 1_700_000_000
ISSUER = "http://127.0.0.1:1/idp"


@pytest.fixture(scope="module")
def shared():
    return IdentityProvider(ISSUER, ManualClock(NOW))


@pytest.fixture
def own():
    """One whose keys a test may change."""
    return IdentityProvider(ISSUER, ManualClock(NOW))


def segment(token, index):
    text = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def header_of(token):
    return segment(token, 0)


def claims_of(token):
    return segment(token, 1)


def verified(provider, token):
    """The claims, if a key of the published set signed them."""
    keys = jwt.PyJWKSet.from_dict(provider.jwks())
    header = jwt.get_unverified_header(token)
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    return jwt.decode(token, keys[header["kid"]].key, algorithms=[header["alg"]], options=options)


def test_a_session_says_what_clerk_says(shared):
    claims = claims_of(shared.session())

    assert claims == {
        "iss": ISSUER,
        "sub": PEOPLE["ada"].subject,
        "sid": claims["sid"],
        "azp": "http://localhost:3000",
        "iat": NOW,
        "nbf": NOW - 10,
        "exp": NOW + 60,
        "sts": "active",
        "fva": [0, -1],
        "v": 2,
        "name": "Ada Lovelace",
        "email": "ada@sandbox.example",
        "picture": "https://img.sandbox.example/ada.png",
    }
    assert claims["sid"].startswith("sess_")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_session_verifies_against_the_key_set(shared, algorithm):
    token = shared.session("grace", algorithm=algorithm)

    assert verified(shared, token)["sub"] == PEOPLE["grace"].subject
    assert header_of(token) == {"alg": algorithm, "cat": SESSION_CATEGORY, "kid": shared.kid(algorithm), "typ": "JWT"}
    assert shared.kid(algorithm).startswith("ins_")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"life": 3600}, {"iat": NOW, "exp": NOW + 3600}),
        ({"age": 50}, {"iat": NOW - 50, "nbf": NOW - 60, "exp": NOW + 10}),
        ({"expired": True}, {"iat": NOW - 3660, "exp": NOW - 3600}),
        ({"pending": True}, {"sts": "pending"}),
        ({"fva": [5, 2]}, {"fva": [5, 2]}),
        ({"sub": ["x"], "iss": "https://other.example"}, {"sub": ["x"], "iss": "https://other.example"}),
        ({"jti": "chosen"}, {"jti": "chosen"}),
        ({"aud": ["a", "b"]}, {"aud": ["a", "b"]}),
        ({"exp": None}, {"exp": None}),
    ],
)
def test_every_claim_can_be_set(shared, given, expected):
    claims = claims_of(shared.session(**given))

    assert expected.items() <= claims.items()


@pytest.mark.parametrize("name", ["iss", "sub", "sid", "azp", "iat", "nbf", "exp", "sts", "fva", "v", "name"])
def test_every_claim_can_be_removed(shared, name):
    assert name not in claims_of(shared.session(**{name: REMOVED}))


def test_flags(shared):
    assert "azp" not in claims_of(shared.session(no_azp=True))
    assert claims_of(shared.session(jti=True))["jti"].startswith("jti_")
    assert claims_of(shared.session(impersonated_by="user_admin"))["act"]["sub"] == "user_admin"
    assert claims_of(shared.session(organization="tide-pool"))["o"]["slg"] == "tide-pool"


def test_the_older_form(shared):
    claims = claims_of(shared.session(version=1, organization="tide"))

    assert "v" not in claims
    assert "o" not in claims
    assert claims["org_slug"] == "tide"


def test_header_members_are_settable(shared):
    token = shared.session(header={"typ": "at+jwt", "kid": REMOVED, "crit": ["x"], "cat": TEMPLATE_CATEGORY})

    assert header_of(token) == {"alg": "RS256", "typ": "at+jwt", "crit": ["x"], "cat": TEMPLATE_CATEGORY}
    assert TEMPLATE_CATEGORY != SESSION_CATEGORY != MACHINE_CATEGORY


def test_somebody_else_can_sign_in(shared):
    zoe = Person("auth0|zoe", "Zoe", "zoe@sandbox.example", "https://img.sandbox.example/zoe.png")

    assert claims_of(shared.session(zoe))["sub"] == "auth0|zoe"


def test_nobody_of_that_name(shared):
    with pytest.raises(KeyError):
        shared.session("nobody")


def test_no_such_algorithm(shared):
    with pytest.raises(ValueError, match="not 'HS256'"):
        shared.session(algorithm="HS256")


def test_people_have_ids_of_clerks_length():
    assert {len(person.subject) for person in PEOPLE.values()} == {len("user_2sandbox") + 20}
    assert len({person.subject for person in PEOPLE.values()}) == len(PEOPLE)


def test_any_payload_can_be_signed(shared):
    token = shared.sign(b"[]", header={"alg": "none"})

    assert header_of(token)["alg"] == "none"
    assert claims_of(token) == []


def test_an_orderly_rotation_keeps_the_old_key(own):
    before = own.session()
    old = own.rotate()

    assert header_of(before)["kid"] == old != own.kid()
    assert verified(own, before)
    assert verified(own, own.session())
    assert len(own.jwks()["keys"]) == 3


def test_a_stolen_key_leaves_the_set_yet_still_signs(own):
    stolen = own.compromise()
    forged = own.session(kid=stolen)

    assert header_of(forged)["kid"] == stolen
    assert stolen not in {jwk["kid"] for jwk in own.jwks()["keys"]}
    with pytest.raises(KeyError):
        verified(own, forged)


def test_new_material_under_the_old_name(own):
    before = own.session()
    old = own.rotate(keep_old=False, same_kid=True)

    assert own.kid() == old
    assert verified(own, own.session())
    with pytest.raises(jwt.InvalidSignatureError):
        verified(own, before)


def test_a_key_can_be_withdrawn_by_name(own):
    own.withdraw(own.kid("ES256"))

    assert [jwk["alg"] for jwk in own.jwks()["keys"]] == ["RS256"]
    with pytest.raises(KeyError):
        own.withdraw("ins_unknown")


def test_a_pem_for_use_without_a_network(own):
    assert jwt.decode(own.session(), own.public_pem(), algorithms=["RS256"], options={"verify_exp": False})["sts"]


def test_failures_have_names(own):
    with pytest.raises(ValueError, match="sulking"):
        own.fail("sulking")
    own.fail("slow")
    assert own.failing() == ("slow", 10.0)
    own.fail(None)
    assert own.failing() == (None, 0.0)


def test_rotating_while_signing(own):
    def sign():
        for _ in range(20):
            verified(own, own.session(algorithm="ES256"))

    with ThreadPoolExecutor(3) as pool:
        signing = [pool.submit(sign) for _ in range(3)]
        for _ in range(10):
            own.rotate("ES256")
    assert [one.exception() for one in signing] == [None, None, None]

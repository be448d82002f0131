"""Every rule for claims, each with cases that fail when the rule is taken away."""

import itertools

import pytest

from support.issuing import CLERK, CLERK_SESSION, CLERK_USER, NOW, ORIGIN, any_key_set, clerk_claims, clerk_policy
from tidegate.errors import Reason
from tidegate.identity.claims import judge
from tidegate.identity.model import NO_PARTICULARS, CheckName, ClaimRefused
from tidegate.settings.presets import CLERK as CLERK_PRESET
from tidegate.settings.presets import OIDC

KEY = any_key_set().keys[0]
EVERY_KIND = frozenset({"session", "template", "machine", "access"})


def verdict(claims, *, typ="JWT", now=NOW, **policy):
    return judge(claims, typ, clerk_policy(**policy), now, KEY)


def refused(claims, *, typ="JWT", now=NOW, **policy):
    with pytest.raises(ClaimRefused) as caught:
        verdict(claims, typ=typ, now=now, **policy)
    return caught.value.check, caught.value.reason


def test_a_clerk_session():
    who = verdict(clerk_claims(), authorized_parties=frozenset({ORIGIN}))
    assert (who.issuer, who.namespace, who.subject, who.session_id) == ("clerk", None, CLERK_USER, CLERK_SESSION)
    assert (who.kind, who.issued_at, who.expires_at, who.key) == ("session", NOW, NOW + 60, KEY)
    assert who.particulars is NO_PARTICULARS


# iss


@pytest.mark.parametrize(
    "iss",
    [
        CLERK[:-1],
        CLERK + "/",
        CLERK + "x",
        CLERK[8:],
        CLERK.upper(),
        f" {CLERK}",
        "",
        [CLERK],
        {"iss": CLERK},
        list(CLERK),
        True,
        7,
    ],
)
def test_the_issuer_is_equal_and_not_merely_contained(iss):
    """PyJWT CVE-2024-53861."""
    assert refused(clerk_claims(iss=iss)) == (CheckName.ISSUER, Reason.ISSUER_UNKNOWN)


def test_a_token_without_issuer():
    assert refused(clerk_claims(iss=None)) == (CheckName.ISSUER, Reason.ISSUER_UNKNOWN)


# exp, nbf, iat

NO_INTEGERS = [True, False, 1.5, float(NOW + 60), str(NOW + 60), [NOW + 60], {}, -1, 10**12, 10**30]


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", [*NO_INTEGERS, "null"])
def test_times_are_integers(claim, value):
    claims = clerk_claims()
    claims[claim] = None if value == "null" else value
    check = {"exp": CheckName.EXPIRY, "nbf": CheckName.NOT_BEFORE, "iat": CheckName.ISSUED_AT}[claim]
    assert refused(claims) == (check, Reason.TOKEN_MALFORMED)


def test_exp_is_required_and_the_others_are_not():
    assert refused(clerk_claims(exp=None)) == (CheckName.EXPIRY, Reason.TOKEN_MALFORMED)
    who = verdict(clerk_claims(nbf=None, iat=None))
    assert who.issued_at is None


@pytest.mark.parametrize("skew", [0, 5, 60])
def test_expiry_to_the_second(skew):
    before = NOW + skew - 0.01
    assert verdict(clerk_claims(exp=NOW, iat=NOW - 60), now=before, skew=skew).expires_at == NOW
    # RFC 7519, section 4.1.4: on or after which it must not be accepted.
    assert refused(clerk_claims(exp=NOW), now=NOW + skew, skew=skew) == (CheckName.EXPIRY, Reason.TOKEN_EXPIRED)


@pytest.mark.parametrize(("claim", "check"), [("nbf", CheckName.NOT_BEFORE), ("iat", CheckName.ISSUED_AT)])
@pytest.mark.parametrize("skew", [0, 5, 60])
def test_the_future_to_the_second(claim, check, skew):
    claims = clerk_claims(exp=NOW + 600) | {claim: NOW + skew}
    assert verdict(claims, skew=skew).subject == CLERK_USER
    claims[claim] += 1
    assert refused(claims, skew=skew) == (check, Reason.TOKEN_NOT_YET_VALID)


def test_an_expired_token_is_expired_whatever_else_is_wrong():
    assert refused(clerk_claims(exp=NOW - 60, nbf="x", sub=None)) == (CheckName.EXPIRY, Reason.TOKEN_EXPIRED)


def test_maximum_age():
    old = clerk_claims(iat=NOW - 3600, exp=NOW + 3600)
    assert verdict(old).expires_at == NOW + 3600
    assert refused(old, max_age=3590) == (CheckName.ISSUED_AT, Reason.TOKEN_EXPIRED)
    assert verdict(old, max_age=3596).subject == CLERK_USER  # within the skew
    assert refused(old, max_age=3595) == (CheckName.ISSUED_AT, Reason.TOKEN_EXPIRED)


def test_maximum_age_brings_the_end_forward_and_never_back():
    claims = clerk_claims(iat=NOW - 10, exp=NOW + 3600)
    who = verdict(claims, max_age=100)
    assert (who.expires_at, who.issued_at) == (NOW + 90, NOW - 10)
    assert verdict(claims, max_age=100_000).expires_at == NOW + 3600


def test_maximum_age_needs_iat():
    assert verdict(clerk_claims(iat=None)).issued_at is None
    assert refused(clerk_claims(iat=None), max_age=60) == (CheckName.ISSUED_AT, Reason.TOKEN_MALFORMED)


# aud

MINE = frozenset({"chat", "https://api.example.com/"})


@pytest.mark.parametrize("aud", ["chat", ["chat"], ["other", "chat"], ["https://api.example.com/", 5], [None, "chat"]])
def test_audience_holds_one_of_ours(aud):
    assert verdict(clerk_claims(aud=aud), audience=MINE).subject == CLERK_USER


@pytest.mark.parametrize(
    "aud",
    [None, "", "cha", "chats", "CHAT", "https://api.example.com", [], ["other"], [["chat"]], {"chat": 1}, 5, True],
)
def test_audience_of_others(aud):
    claims = clerk_claims(aud=aud)
    assert refused(claims, audience=MINE) == (CheckName.AUDIENCE, Reason.AUDIENCE_MISMATCH)
    assert verdict(claims).subject == CLERK_USER  # none configured: Clerk's sessions with an audience pass


# azp


@pytest.mark.parametrize(
    "azp", ["https://evil.example", ORIGIN + "/", ORIGIN[:-1], "", ORIGIN.upper(), [ORIGIN], {ORIGIN: 1}, 5, False]
)
def test_authorized_party_of_another_origin(azp):
    listed = {"authorized_parties": frozenset({ORIGIN, "capacitor://localhost"})}
    expected = (CheckName.AUTHORIZED_PARTY, Reason.AUTHORIZED_PARTY_MISMATCH)
    assert refused(clerk_claims(azp=azp), **listed) == expected
    assert refused(clerk_claims(azp=azp), party_required=True, **listed) == expected
    assert verdict(clerk_claims(azp=azp), party_required=True).subject == CLERK_USER  # no list: not checked


def test_authorized_party_absent():
    listed = {"authorized_parties": frozenset({ORIGIN})}
    assert verdict(clerk_claims(azp=None), **listed).subject == CLERK_USER
    expected = (CheckName.AUTHORIZED_PARTY, Reason.AUTHORIZED_PARTY_MISMATCH)
    assert refused(clerk_claims(azp=None), party_required=True, **listed) == expected


# kinds

KIND_REFUSED = (CheckName.KIND, Reason.TOKEN_KIND_REFUSED)
CLERK_KINDS = {
    "session": ({}, "JWT"),
    "template": ({"sid": None}, "JWT"),
    "machine": ({"sub": "mch_2abc"}, "JWT"),
    "access": ({}, "at+jwt"),
}


@pytest.mark.parametrize(("sent", "allowed"), list(itertools.product(CLERK_KINDS, sorted(EVERY_KIND))))
def test_clerk_kinds_are_told_apart(sent, allowed):
    changes, typ = CLERK_KINDS[sent]
    claims, kinds = clerk_claims(**changes), frozenset({allowed})
    if sent == allowed:
        assert verdict(claims, typ=typ, kinds=kinds).kind == sent
    else:
        assert refused(claims, typ=typ, kinds=kinds) == KIND_REFUSED


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
def test_an_access_token_is_known_however_its_type_is_spelled(typ):
    assert refused(clerk_claims(), typ=typ) == KIND_REFUSED
    assert refused(clerk_claims(), typ=typ, preset=OIDC) == KIND_REFUSED
    assert verdict(clerk_claims(), typ=typ, preset=OIDC, kinds=frozenset({"access"})).kind == "access"


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "application/jwt"])
def test_the_usual_types_are_sessions(typ):
    assert verdict(clerk_claims(), typ=typ).kind == "session"
    assert verdict(clerk_claims(sid=None), typ=typ, preset=OIDC).kind == "session"


@pytest.mark.parametrize("typ", ["logout+jwt", "secevent+jwt", "dpop+jwt", "jwt+at", "", "application/", "JWT ", 5])
@pytest.mark.parametrize("preset", [CLERK_PRESET, OIDC])
def test_tokens_for_other_purposes_are_no_sessions_under_any_policy(typ, preset):
    assert refused(clerk_claims(), typ=typ, preset=preset, kinds=EVERY_KIND) == KIND_REFUSED


@pytest.mark.parametrize("preset", [CLERK_PRESET, OIDC])
def test_a_log_out_token_is_no_session(preset):
    events = {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert refused(clerk_claims(events=events), preset=preset, kinds=EVERY_KIND) == KIND_REFUSED


def test_a_machine_is_a_machine_whatever_its_type():
    claims = clerk_claims(sub="mch_2abc")
    assert refused(claims, typ="at+jwt", kinds=frozenset({"access", "session"})) == KIND_REFUSED
    assert verdict(claims, preset=OIDC).subject == "mch_2abc"  # only Clerk's subjects mean that


@pytest.mark.parametrize("sid", ["", 5, True, [CLERK_SESSION], {}])
def test_a_session_id_of_a_wrong_type_makes_no_session(sid):
    assert refused(clerk_claims(sid=sid)) == KIND_REFUSED
    assert verdict(clerk_claims(sid=sid), preset=OIDC).session_id is None


# sts, act


def test_pending():
    claims = clerk_claims(sts="pending")
    assert refused(claims) == (CheckName.PENDING, Reason.SESSION_PENDING)
    assert verdict(claims, refuse_pending=False).subject == CLERK_USER
    assert verdict(clerk_claims(sts=None)).subject == CLERK_USER


ACT = {"iss": "https://dashboard.clerk.example", "sid": "sess_0", "sub": "user_support"}


def test_impersonation_is_recorded_or_refused():
    claims = clerk_claims(act=ACT)
    assert verdict(claims).actor == "user_support"
    assert refused(claims, refuse_impersonation=True) == (CheckName.IMPERSONATION, Reason.IMPERSONATION_REFUSED)
    assert verdict(clerk_claims()).actor is None


@pytest.mark.parametrize(
    "act", [{}, {"sub": ""}, {"sub": 5}, {"sub": "a\n"}, {"sub": "x" * 256}, "user_a", [ACT], False]
)
def test_an_actor_without_a_name_cannot_be_accounted_for(act):
    expected = (CheckName.IMPERSONATION, Reason.IMPERSONATION_REFUSED)
    assert refused(clerk_claims(act=act)) == expected
    assert refused(clerk_claims(act=act), refuse_impersonation=True) == expected


# sub


@pytest.mark.parametrize(
    "sub",
    ["a", "auth0|5f7c8ec7c33c6c004bbafe82", "x" * 255, "ana@exemplo.pt", "Žofie Nováková", "人", "😀", "a b", " "],
)
def test_subjects(sub):
    assert verdict(clerk_claims(sub=sub)).subject == sub


@pytest.mark.parametrize(
    "sub",
    [None, "", "x" * 256, 7, True, ["user_a"], {"sub": "a"}, 1.0]
    + [f"user{bad}x" for bad in ("\x00", "\n", "\r", "\t", "\x1f", "\x7f", "\x80", "\x9f", "\ud800", "\udfff")],
)
def test_subjects_that_cannot_be_used(sub):
    assert refused(clerk_claims(sub=sub)) == (CheckName.SUBJECT, Reason.SUBJECT_MISSING)


# what is optional


def test_profile():
    who = verdict(clerk_claims(name="Ada Lovelace", email="ada@example.com", picture="https://img.example.com/a.png"))
    assert (who.name, who.email, who.image) == ("Ada Lovelace", "ada@example.com", "https://img.example.com/a.png")


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Ada L", "given_name": "Augusta"}, "Ada L"),
        ({"given_name": "Ada", "family_name": "Lovelace"}, "Ada Lovelace"),
        ({"first_name": "Ada", "last_name": "Lovelace"}, "Ada Lovelace"),
        ({"first_name": "Ada"}, "Ada"),
        ({"last_name": "Lovelace"}, "Lovelace"),
        ({"name": "", "first_name": "Ada"}, "Ada"),
        ({"name": "  ", "email": "x"}, None),
        ({"name": 5}, None),
        ({"name": ["Ada"]}, None),
        ({"name": "a\x00b"}, None),
        ({"name": "\ud83d"}, None),
        ({"name": "x" * 256}, None),
        ({"name": "x" * 255}, "x" * 255),
        ({"first_name": "x" * 200, "last_name": "y" * 200}, None),
    ],
)
def test_names(claims, name):
    assert verdict(clerk_claims(**claims)).name == name


@pytest.mark.parametrize(
    ("claims", "image"),
    [
        ({"picture": "https://a.example/1", "image": "https://a.example/2"}, "https://a.example/1"),
        ({"image": "https://a.example/2"}, "https://a.example/2"),
        ({"image_url": "http://a.example/3"}, "http://a.example/3"),
        ({"picture": 5, "image_url": "https://a.example/3"}, "https://a.example/3"),
        ({"picture": "javascript:alert(1)"}, None),
        ({"picture": "data:image/png;base64,AAAA"}, None),
        ({"picture": "https://a.example/" + "x" * 2048}, None),
        ({"picture": "https://a.example/\n"}, None),
        ({"picture": {}}, None),
    ],
)
def test_images(claims, image):
    assert verdict(clerk_claims(**claims)).image == image


@pytest.mark.parametrize("email", ["", 5, ["a@example.com"], "a" * 321, "a@example.com\r\nX: 1"])
def test_an_email_of_a_wrong_form_is_passed_over(email):
    assert verdict(clerk_claims(email=email)).email is None


@pytest.mark.parametrize(
    ("claims", "organization"),
    [
        ({"o": {"id": "org_1", "slg": "acme", "rol": "admin"}}, "org_1"),
        ({"org_id": "org_2", "org_role": "org:admin"}, "org_2"),
        ({"o": {"id": "org_1"}, "org_id": "org_2"}, "org_1"),
        ({"o": {"slg": "acme"}}, None),
        ({"o": "org_1"}, None),
        ({"org_id": 5}, None),
    ],
)
def test_organizations_of_both_forms(claims, organization):
    assert verdict(clerk_claims(**claims)).organization == organization


def test_the_migration_claim():
    assert verdict(clerk_claims(chat_id="old-7"), user_id_claim="chat_id").claimed_user_id == "old-7"
    assert verdict(clerk_claims(chat_id="old-7", name="Ada")).claimed_user_id is None
    assert verdict(clerk_claims(chat_id="old-7"), user_id_claim="other").claimed_user_id is None
    assert verdict(clerk_claims(), user_id_claim="chat_id").claimed_user_id is None
    assert verdict(clerk_claims(chat_id=7), user_id_claim="chat_id").claimed_user_id is None


# order, and what a detail says


def test_the_first_broken_rule_in_the_order_of_the_checks_gives_the_reason():
    """Break every rule, then mend one after the other: the checks come up in their order."""
    claims = clerk_claims(
        iss="x", exp=0, nbf=NOW + 99, iat=NOW + 99, aud="x", azp="x", sts="pending", act=ACT, sub="", sid=None
    )
    policy = {"audience": MINE, "authorized_parties": frozenset({ORIGIN}), "refuse_impersonation": True}
    mends = {
        CheckName.ISSUER: {"iss": CLERK},
        CheckName.EXPIRY: {"exp": NOW + 60},
        CheckName.NOT_BEFORE: {"nbf": NOW},
        CheckName.ISSUED_AT: {"iat": NOW},
        CheckName.AUDIENCE: {"aud": "chat"},
        CheckName.AUTHORIZED_PARTY: {"azp": ORIGIN},
        CheckName.KIND: {"sid": CLERK_SESSION},
        CheckName.PENDING: {"sts": "active"},
        CheckName.IMPERSONATION: {"act": None},
        CheckName.SUBJECT: {"sub": CLERK_USER},
    }
    for check, mend in mends.items():
        assert refused(claims, **policy)[0] is check
        claims |= mend
    assert verdict(claims, **policy).subject == CLERK_USER
    assert list(mends) == [name for name in CheckName if name in mends]


@pytest.mark.parametrize("claim", ["iss", "exp", "nbf", "iat", "aud", "azp", "sts", "act", "sub", "sid"])
def test_details_never_contain_the_tokens_text(claim):
    claims = clerk_claims() | {claim: "marker-of-a-stranger\x00"}
    policy = {"audience": MINE, "authorized_parties": frozenset({ORIGIN})}
    with pytest.raises(ClaimRefused) as caught:
        verdict(claims, **policy)
    assert "stranger" not in str(caught.value)
    assert caught.value.detail.endswith((".", "token itself."))

"""Every rule over every provider: for each pair tokens that pass and tokens that are refused, and why."""

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import pytest

from support import authjs
from support.issuing import NOW
from support.providers import BESIDE, MEMBERS, SIGNED, World, among_others, fresh, octets, world
from tidegate.errors import Reason, Refusal
from tidegate.identity.jws import JwsLimits
from tidegate.identity.service import KeysNeeded, Verifier
from tidegate.sandbox import REMOVED, SHAPES, Sandbox
from tidegate.settings.presets import PRESETS
from tidegate.tokens.mapping import SubjectMapping

EVERY_KIND = frozenset({"session", "template", "machine", "access", "anonymous"})
ORIGIN = "https://app.example.com"
ACT = {"sub": "support-7"}


UNCHANGED: Mapping[str, object] = MappingProxyType({})


class Passes(NamedTuple):
    """A token that is accepted under the provider's policy with these changes."""

    token: str | bytes
    policy: Mapping[str, object] = UNCHANGED
    now: float = NOW


class Fails(NamedTuple):
    """A token that is refused, and the reason."""

    reason: Reason
    token: str | bytes
    policy: Mapping[str, object] = UNCHANGED
    now: float = NOW


Cases = Iterator[Passes | Fails]
Rule = Callable[[World], Cases]


def parts(token: str) -> list[bytes]:
    return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]


def joined(*segments: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in segments)


def under_hmac(token: str, secret: bytes) -> str:
    """The token's claims, signed with a shared secret that everybody knows."""
    header, claims, _ = parts(token)
    signed = joined(json.dumps({**json.loads(header), "alg": "HS256"}).encode(), claims)
    return f"{signed}.{joined(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def size(it: World) -> Cases:
    yield Passes(it.session(padding="x" * 4000))
    yield Fails(Reason.TOKEN_TOO_LARGE, it.session(padding="x" * 8000))


def form(it: World) -> Cases:
    header, claims, signature = parts(it.session())
    yield Passes(it.provider.sign(claims))
    yield Fails(Reason.TOKEN_MALFORMED, joined(header, claims))
    yield Fails(Reason.TOKEN_MALFORMED, joined(header, b"[]", signature))
    yield Fails(Reason.TOKEN_MALFORMED, it.provider.sign(b'{"sub":"a",' + claims[1:]))
    yield Fails(Reason.TOKEN_MALFORMED, it.provider.sign(b"\xef\xbb\xbf" + claims))


def issuer(it: World) -> Cases:
    yield Passes(it.session(iss=it.config.issuer))
    other = world("auth0" if it.name != "auth0" else "oidc").config.issuer
    near = it.config.issuer.removesuffix("/") if it.config.issuer.endswith("/") else it.config.issuer + "/"
    for iss in (near, other, it.config.issuer.upper(), [it.config.issuer], REMOVED):
        yield Fails(Reason.ISSUER_UNKNOWN, it.session(iss=iss))


def algorithm(it: World) -> Cases:
    row, shape = PRESETS[it.name], SHAPES[it.name]
    for name in shape.algorithms:
        token = it.session(algorithm=name)
        yield Passes(token) if name in row.algorithms else Fails(Reason.ALGORITHM_NOT_ALLOWED, token)
        yield Fails(Reason.ALGORITHM_NOT_ALLOWED, token, {"algorithms": frozenset({"PS512"})})
    for secret in (it.provider.public_pem().encode(), json.dumps(it.provider.jwks()).encode(), b""):
        yield Fails(Reason.ALGORITHM_NOT_ALLOWED, under_hmac(it.session(), secret))
    header, claims, _ = parts(it.session())
    yield Fails(
        Reason.ALGORITHM_NOT_ALLOWED, joined(json.dumps({**json.loads(header), "alg": "none"}).encode(), claims, b"")
    )


def key(it: World) -> Cases:
    new = fresh(it.name)
    old = new.provider.rotate()
    yield Passes(it.session())
    yield Fails(Reason.KEY_UNKNOWN, new.session(kid=old))
    yield Fails(Reason.KEY_UNKNOWN, it.session(header={"kid": "another"}))


def signature(it: World) -> Cases:
    impostor = fresh(it.name)
    kid = it.provider.kid()
    header, claims, signed = parts(it.session())
    yield Passes(joined(header, claims, signed))
    yield Fails(Reason.SIGNATURE_INVALID, impostor.session(header={"kid": kid}))
    yield Fails(Reason.SIGNATURE_INVALID, joined(header, claims[:-1] + b',"admin":true}', signed))


def expiry(it: World) -> Cases:
    yield Passes(it.session(exp=NOW - 4))
    yield Passes(it.session(exp=NOW - 59), {"skew": 60})
    yield Fails(Reason.TOKEN_EXPIRED, it.session(exp=NOW - 5))
    yield Fails(Reason.TOKEN_EXPIRED, it.session(expired=True))
    for exp in (REMOVED, str(NOW + 60), NOW + 60.5, True):
        yield Fails(Reason.TOKEN_MALFORMED, it.session(exp=exp))


def not_before(it: World) -> Cases:
    yield Passes(it.session(nbf=NOW + 5))
    yield Passes(it.session(nbf=REMOVED))
    yield Fails(Reason.TOKEN_NOT_YET_VALID, it.session(nbf=NOW + 6))
    yield Fails(Reason.TOKEN_MALFORMED, it.session(nbf=str(NOW)))


def issued_at(it: World) -> Cases:
    yield Passes(it.session(iat=NOW + 5))
    yield Fails(Reason.TOKEN_NOT_YET_VALID, it.session(iat=NOW + 6))
    yield Fails(Reason.TOKEN_MALFORMED, it.session(iat=str(NOW)))


def greatest_age(it: World) -> Cases:
    old = it.session(life=9000, age=600)
    yield Passes(old, {"max_age": 3600})
    yield Fails(Reason.TOKEN_EXPIRED, old, {"max_age": 300})
    yield Fails(Reason.TOKEN_MALFORMED, it.session(iat=REMOVED), {"max_age": 300})


def audience(it: World) -> Cases:
    claim, ours = PRESETS[it.name].audience_claim, {"audience": frozenset({"ours", "and-ours"})}
    yield Passes(it.session(**{claim: "ours"}), ours)
    yield Passes(it.session(**{claim: ["theirs", "and-ours"]}), ours)
    for value in ("theirs", "our", ["theirs"], [], 7, {"ours": 1}, REMOVED):
        yield Fails(Reason.AUDIENCE_MISMATCH, it.session(**{claim: value}), ours)
        if it.policy.audience:
            yield Fails(Reason.AUDIENCE_MISMATCH, it.session(**{claim: value}))


def authorized_party(it: World) -> Cases:
    listed = {"authorized_parties": frozenset({ORIGIN}), "party_required": True}
    yield Passes(it.session(azp=ORIGIN), listed)
    yield Passes(it.session(azp=REMOVED), {**listed, "party_required": False})
    for azp in ("https://evil.example", ORIGIN + "/", [ORIGIN], REMOVED):
        yield Fails(Reason.AUTHORIZED_PARTY_MISMATCH, it.session(azp=azp), listed)
    if it.policy.party_required:
        yield Fails(Reason.AUTHORIZED_PARTY_MISMATCH, it.session(azp="another-app"))
        yield Fails(Reason.AUTHORIZED_PARTY_MISMATCH, it.session(azp=REMOVED))


KINDS = {"id": "session", "machine9068": "machine", "refresh": None, "tenant": None}
"""What the sandbox's other tokens are to us, where it is not the same word; None for what is never a session."""


def kind(it: World) -> Cases:
    free = {"audience": frozenset(), "authorized_parties": frozenset()}
    yield Passes(it.session())
    for other in SHAPES[it.name].others:
        token, ours = it.session(kind=other), KINDS.get(other, other)
        yield Fails(Reason.TOKEN_KIND_REFUSED, token, free)
        yield Fails(Reason.TOKEN_KIND_REFUSED, token, {**free, "kinds": EVERY_KIND - {ours}})
        if ours is not None and "sub" in json.loads(parts(token)[1]):
            yield Passes(token, {**free, "kinds": frozenset({ours})})


def purpose(it: World) -> Cases:
    every = {"kinds": EVERY_KIND}
    yield Passes(it.session(header={"typ": "application/JWT"}))
    for typ in ("logout+jwt", "secevent+jwt", "dpop+jwt", ""):
        yield Fails(Reason.TOKEN_KIND_REFUSED, it.session(header={"typ": typ}), every)
    events = {"http://schemas.openid.net/event/backchannel-logout": {}}
    yield Fails(Reason.TOKEN_KIND_REFUSED, it.session(events=events), every)


def anonymous(it: World) -> Cases:
    token = it.session(anonymous=True)
    yield Passes(token, {"kinds": frozenset({"anonymous"})})
    yield Fails(Reason.SESSION_PENDING, token)
    yield Fails(Reason.TOKEN_KIND_REFUSED, it.session(), {"kinds": frozenset({"anonymous"})})


def pending(it: World) -> Cases:
    token = it.session(sts="pending")
    yield Passes(token, {"refuse_pending": False})
    yield Passes(it.session(sts="active"))
    yield Fails(Reason.SESSION_PENDING, token)


def impersonation(it: World) -> Cases:
    yield Passes(it.session(act=ACT))
    yield Passes(it.session(impersonated_by="support-7"))
    yield Fails(Reason.IMPERSONATION_REFUSED, it.session(act=ACT), {"refuse_impersonation": True})
    for act in ({}, {"sub": ""}, "support-7", [ACT]):
        yield Fails(Reason.IMPERSONATION_REFUSED, it.session(act=act))


def subject(it: World) -> Cases:
    longest = 128 if it.name == "firebase" else 255
    for sub in ("a", "auth0|5f7c8ec7", "Žofie", "x" * longest):
        yield Passes(it.session(sub=sub))
    for sub in ("", "x" * (longest + 1), "a\n", "a\x7f", 7, ["a"], REMOVED):
        yield Fails(Reason.SUBJECT_MISSING, it.session(sub=sub))


# what is sealed is another form, and needs other cases for the rules about form


def sealed_form(it: World) -> Cases:
    token = it.session()
    yield Passes(token)
    yield Passes(token.replace("-", "%2D"))
    yield Fails(Reason.TOKEN_MALFORMED, token[: token.rindex(".")])
    yield Fails(Reason.TOKEN_MALFORMED, token.replace(".", ".AAAA", 1))  # an encrypted key, where there is none
    yield Fails(Reason.TOKEN_MALFORMED, it.provider.seal(b"[]"))
    yield Fails(Reason.TOKEN_MALFORMED, it.provider.seal(b'{"sub":"a","sub":"b"}'))


def sealed_issuer(it: World) -> Cases:
    """Whoever has the secret is the issuer; what a session says of one decides nothing."""
    yield Passes(it.session())
    yield Passes(it.session(iss=world("clerk").config.issuer))
    yield Fails(Reason.ISSUER_UNKNOWN, world("clerk").session())


def sealed_algorithm(it: World) -> Cases:
    claims = authjs.claims(NOW)
    yield Passes(authjs.seal_4(claims))
    yield Passes(authjs.seal_5(claims))
    for header in ({"alg": "PBES2-HS256+A128KW"}, {"enc": "A128GCM"}, {"alg": "none"}, {"alg": None}):
        yield Fails(Reason.ALGORITHM_NOT_ALLOWED, it.session(header=header))


def sealed_key(it: World) -> Cases:
    yield Passes(it.session())
    yield Fails(Reason.KEY_UNKNOWN, authjs.seal_5(authjs.claims(NOW), authjs.key_5(authjs.OLD_SECRET)))


def sealed_signature(it: World) -> Cases:
    token = it.session()
    yield Passes(token)
    yield Fails(Reason.SIGNATURE_INVALID, token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"))
    yield Fails(Reason.SIGNATURE_INVALID, authjs.seal_4(authjs.claims(NOW), authjs.key_4(authjs.OLD_SECRET)))


def sealed_kind(it: World) -> Cases:
    yield Passes(it.session())
    yield Fails(Reason.TOKEN_KIND_REFUSED, it.session(), {"kinds": frozenset({"access"})})


def sealed_purpose(it: World) -> Cases:
    yield Passes(it.session())
    events = {"http://schemas.openid.net/event/backchannel-logout": {}}
    yield Fails(Reason.TOKEN_KIND_REFUSED, it.session(events=events), {"kinds": EVERY_KIND})


SEALED: dict[Rule, Rule] = {
    form: sealed_form,
    issuer: sealed_issuer,
    algorithm: sealed_algorithm,
    key: sealed_key,
    signature: sealed_signature,
    kind: sealed_kind,
    purpose: sealed_purpose,
}


RULES: tuple[Rule, ...] = (
    *(size, form, issuer, algorithm, key, signature, expiry, not_before, issued_at, greatest_age, audience),
    *(authorized_party, kind, purpose, anonymous, pending, impersonation, subject),
)
APPS = ("authjs", "nextauth", *BESIDE)
"""What is judged by the row of Auth.js: sessions of its version 5, and of version 4; alone, and beside a second app."""
EVERY = (*(name for name in PRESETS if name != "authjs"), *APPS)
WITHOUT_ANONYMOUS = {"clerk", *APPS, "auth0", "cognito", "keycloak", "oidc"}
PAIRS = [
    pytest.param(rule, name, id=f"{rule.__name__}-{name}")
    for rule, name in itertools.product(RULES, EVERY)
    if not (rule is anonymous and name in WITHOUT_ANONYMOUS)
]


def reason_of(it: World, case: Passes | Fails) -> Reason | None:
    try:
        it.verify(case.token, case.now, **case.policy)
    except KeysNeeded as needed:
        return needed.refusal().reason
    except Refusal as refusal:
        return refusal.reason
    return None


@pytest.mark.parametrize(("rule", "name"), PAIRS)
def test_every_rule_over_every_provider(rule: Rule, name: str) -> None:
    it = world(name)
    cases = list((SEALED.get(rule, rule) if name in APPS else rule)(it))
    assert {type(case) for case in cases} == {Passes, Fails}, "a rule shows both sides"
    for number, case in enumerate(cases):
        expected = case.reason if isinstance(case, Fails) else None
        assert reason_of(it, case) is expected, f"case {number}"


def test_the_matrix_is_whole() -> None:
    """Nothing is left out but the anonymous sessions of providers that have none, by both implementations."""
    assert list(MEMBERS) == list(SIGNED) == list(SHAPES)
    assert PRESETS.keys() - set(SIGNED) == {"authjs"}
    assert {name for name in PRESETS if not any(one.kind == "anonymous" for one in PRESETS[name].marks)} == (
        WITHOUT_ANONYMOUS - {"nextauth", *BESIDE}
    )
    assert {name for name, shape in SHAPES.items() if "anonymous" not in shape.fields} == WITHOUT_ANONYMOUS - {*APPS}
    assert {*Sandbox.names()} == {*EVERY} - {*BESIDE} == PRESETS.keys() | {"nextauth"}
    assert {*BESIDE.values()} == {*itertools.product((4, 5), repeat=2)}
    assert len(PAIRS) == len(RULES) * len(EVERY) - len(WITHOUT_ANONYMOUS)


@pytest.mark.parametrize("name", SIGNED)
def test_a_genuine_session_of_each(name: str) -> None:
    it = world(name)
    token = it.session()
    claims = json.loads(parts(token)[1])
    who = it.verify(token)
    assert (who.issuer, who.subject, who.kind) == (name, claims["sub"], it.config.kinds[0])
    assert who.session_id == claims.get(PRESETS[name].session_claim)
    assert (who.session_id is None) == (name in {"firebase", "auth0", "oidc"})
    assert (who.expires_at, who.issued_at) == (claims["exp"], NOW)


# several issuers at once

TWO = list(itertools.permutations(SIGNED, 2))


@pytest.mark.parametrize(("mine", "theirs"), TWO)
def test_a_session_of_one_issuer_is_never_anothers(mine: str, theirs: str) -> None:
    """The same kid and the same subject in both, and every spelling of whose it is."""
    one, two = world(mine), world(theirs)
    gate = among_others(one, two)
    kid, sub = two.provider.kid(), "same-subject-7"
    assert gate.verify(octets(one.session(sub=sub)), NOW).issuer == mine
    assert gate.verify(octets(two.session(sub=sub)), NOW).issuer == theirs
    claims = json.loads(parts(two.session(sub=sub))[1])
    for forged in (one.provider.sign(claims, header={"kid": kid}), one.provider.sign(claims)):
        with pytest.raises((Refusal, KeysNeeded)) as caught:
            gate.verify(octets(forged), NOW)
        assert getattr(caught.value, "reason", Reason.KEY_UNKNOWN) in {
            *(Reason.SIGNATURE_INVALID, Reason.KEY_UNKNOWN, Reason.ALGORITHM_NOT_ALLOWED),
        }


@pytest.mark.parametrize("name", SIGNED)
def test_a_sealed_session_is_nobody_elses_and_no_one_elses_is_sealed(name: str) -> None:
    one, app = world(name), world("authjs")
    gate = among_others(one, app)
    assert gate.verify(octets(one.session(sub="same-subject-7")), NOW).issuer == name
    who = gate.verify(octets(app.session(sub="same-subject-7", iss=one.config.issuer)), NOW)
    assert (who.issuer, who.namespace) == ("authjs", "authjs")
    with pytest.raises(Refusal) as caught:
        gate.verify(octets(one.session(iss="authjs")), NOW)
    assert caught.value.reason in {Reason.ISSUER_UNKNOWN, Reason.ALGORITHM_NOT_ALLOWED, Reason.KEY_UNKNOWN}


@pytest.mark.parametrize("name", BESIDE)
def test_a_session_of_one_app_is_never_the_other_apps_whichever_is_the_primary_one(name: str) -> None:
    one = world(name)
    two = one.beside
    assert two is not None
    sessions = {it.name: octets(it.session(sub="same-subject-7")) for it in (one, two)}
    mapping, ids = SubjectMapping(), {}
    for first, second in ((one, two), (two, one)):
        gate = among_others(first, second)
        for whose, session in sessions.items():
            who = gate.verify(session, NOW)
            assert (who.issuer, who.namespace) == (whose, None if whose == first.name else second.name)
            ids[first.name, whose] = mapping.user_id(who.namespace, who.subject)
        assert first.verify(sessions[first.name]).subject == "same-subject-7"
    assert len({*ids.values()}) == 3
    assert ids[one.name, one.name] == ids[two.name, two.name] == "same-subject-7"  # each as the primary one
    for alone, foreign in ((one, two), (two, one)):
        with pytest.raises(Refusal) as caught:
            among_others(alone).verify(sessions[foreign.name], NOW)
        assert caught.value.reason in {Reason.KEY_UNKNOWN, Reason.SIGNATURE_INVALID}


@pytest.mark.parametrize(("mine", "theirs"), TWO)
def test_one_subject_of_two_issuers_is_two_users(mine: str, theirs: str) -> None:
    gate, mapping = among_others(world(mine), world(theirs)), SubjectMapping()
    one, two = (gate.verify(octets(world(name).session(sub="same-subject-7")), NOW) for name in (mine, theirs))
    ids = [mapping.user_id(who.namespace, who.subject) for who in (one, two)]
    assert ids == ["same-subject-7", f"tg-{theirs}-same-subject-7"]


@pytest.mark.parametrize("name", SIGNED)
def test_two_instances_of_one_provider_that_share_a_kid(name: str) -> None:
    """A key id is worth nothing outside its issuer, though both are judged by one row."""
    one, two = world(name), fresh(name)
    two.provider.issuer = one.config.issuer  # as an impostor would
    forged = two.session(header={"kid": one.provider.kid()})
    with pytest.raises(Refusal) as caught:
        one.verify(forged)
    assert caught.value.reason is Reason.SIGNATURE_INVALID


# what a provider says in its own way


def test_supabases_shared_secret_is_refused_with_the_way_out() -> None:
    it = world("supabase")
    token = octets(under_hmac(it.session(), b"super-secret-jwt-token-with-at-least-32-characters"))
    for keys in (it.issuer().keys, type(it.issuer().keys)("supabase", None)):
        gate = Verifier([type(it.issuer())(it.policy, keys)], it.provider._clock)
        with pytest.raises(Refusal, match="migrate to signing keys") as caught:
            gate.verify(token, NOW)
        assert caught.value.reason is Reason.ALGORITHM_NOT_ALLOWED


@pytest.mark.parametrize("value", [True, 1, "true", "false", {}, [], "no"])
def test_anonymous_by_anything_but_a_plain_no(value: object) -> None:
    case = Fails(Reason.SESSION_PENDING, world("supabase").session(is_anonymous=value))
    assert reason_of(world("supabase"), case) is case.reason


@pytest.mark.parametrize("value", [False, None, REMOVED])
def test_not_anonymous(value: object) -> None:
    assert world("supabase").verify(world("supabase").session(is_anonymous=value)).kind == "session"


def test_what_a_person_can_write_makes_no_other_kind() -> None:
    it = world("supabase")
    own = {"role": "service_role", "is_anonymous": False, "session_id": "x"}
    assert it.verify(it.session(user_metadata=own)).kind == "session"
    with pytest.raises(Refusal) as caught:
        it.verify(it.session(anonymous=True, user_metadata=own))
    assert caught.value.reason is Reason.SESSION_PENDING


def test_a_limit_of_ones_own_is_kept() -> None:
    it = world("clerk")
    gate = Verifier([it.issuer()], it.provider._clock, JwsLimits(token_octets=400))
    with pytest.raises(Refusal) as caught:
        gate.verify(octets(it.session()), NOW)
    assert caught.value.reason is Reason.TOKEN_TOO_LARGE

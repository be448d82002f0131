"""Sessions of several apps: each is one app's, and what is refused does not say how near it came to which."""

import asyncio
import itertools

import pytest

from support import authjs
from tidegate.clock import ManualClock
from tidegate.errors import Reason, Refusal
from tidegate.identity.authjs.apps import AuthjsApps
from tidegate.identity.authjs.jwe import Form, NotOpened, parse
from tidegate.identity.authjs.keys import SecretKeys, SessionKey
from tidegate.identity.authjs.lookups import LookupNeeded, LookupOptions, Lookups
from tidegate.identity.authjs.route import Person
from tidegate.identity.authjs.sessions import AuthjsSessions
from tidegate.identity.jws import JwsLimits
from tidegate.identity.model import IssuerPolicy
from tidegate.identity.service import Issuer, Verifier
from tidegate.tokens.mapping import SubjectMapping

NOW = 1_790_000_000
SECRETS = {"web": authjs.SECRET, "admin": authjs.OLD_SECRET, "shop": "w2" * 20}
COOKIES = {"web": authjs.SECURE, "admin": "__Secure-admin", "shop": "__Secure-shop"}
CLAIMS = authjs.claims(NOW, sub="same-subject-7")


class Route:
    """The session route of one app, which knows whoever it is asked for."""

    def __init__(self, name):
        self.name = name
        self.asked = []

    async def ask(self, token):
        self.asked.append(token)
        return Person(f"{self.name}-person", NOW + 60, {})

    async def aclose(self):
        self.asked.clear()


def issuer(name, *, first=False, route=None, forms=frozenset(Form), secrets=None, cookies=None):
    config = authjs.issuer_config(name=name, issuer=name, namespace=None if first else name)
    policy = IssuerPolicy.from_config(config)
    named = cookies or (COOKIES[name],)
    keys = SecretKeys(name, name, (SECRETS[name],) if secrets is None else secrets, named, forms)
    lookups = None if route is None else Lookups(name, route, ManualClock(NOW), LookupOptions())
    return Issuer(policy, keys, AuthjsSessions(policy, keys, lookups, cookies=named))


def gate(*issuers):
    return Verifier(issuers, ManualClock(NOW))


def pair(**changes):
    return gate(issuer("web", first=True, **changes), issuer("admin", **changes))


def seal_5(name, **claims):
    return authjs.seal_5(CLAIMS | claims, authjs.key_5(SECRETS[name], COOKIES[name]))


def seal_4(name, **claims):
    return authjs.seal_4(CLAIMS | claims, authjs.key_4(SECRETS[name]))


def refusal(verifier, token):
    with pytest.raises(Refusal) as caught:
        verifier.verify(token, NOW)
    return caught.value


@pytest.mark.parametrize("seal", [seal_4, seal_5])
@pytest.mark.parametrize("name", ["web", "admin"])
def test_each_apps_session_is_that_apps(name, seal):
    who = pair().verify(seal(name), NOW)
    assert (who.issuer, who.namespace) == (name, None if name == "web" else name)


@pytest.mark.parametrize("order", list(itertools.permutations(SECRETS)))
def test_whatever_their_order_nobody_is_somebody_else(order):
    of = gate(issuer(order[0], first=True), *map(issuer, order[1:]))
    for seal, name in itertools.product((seal_4, seal_5), SECRETS):
        assert of.verify(seal(name), NOW).issuer == name


def test_one_subject_of_two_apps_is_two_users_and_the_first_apps_keep_their_ids():
    mapping = SubjectMapping()

    def user_id(verifier, name):
        who = verifier.verify(seal_5(name), NOW)
        return mapping.user_id(who.namespace, who.subject)

    alone = user_id(gate(issuer("web", first=True)), "web")
    assert (alone, user_id(pair(), "web")) == ("same-subject-7", "same-subject-7")
    assert user_id(pair(), "admin") == "tg-admin-same-subject-7"


def test_version_5_beside_version_4():
    of = gate(issuer("web", first=True, forms=frozenset({Form.V5})), issuer("admin", forms=frozenset({Form.V4})))
    assert of.verify(seal_5("web"), NOW).issuer == "web"
    assert of.verify(seal_4("admin"), NOW).issuer == "admin"
    assert refusal(of, seal_5("admin")).reason is Reason.KEY_UNKNOWN
    assert refusal(of, seal_4("web")).reason is Reason.SIGNATURE_INVALID


def test_a_version_that_no_app_has():
    of = pair(forms=frozenset({Form.V5}))
    assert refusal(of, seal_4("web")).reason is Reason.ALGORITHM_NOT_ALLOWED


@pytest.mark.parametrize("seal", [seal_4, seal_5])
def test_what_nobody_can_open_is_refused_in_the_same_words_whichever_app_it_aims_at(seal):
    of = pair()
    stranger = seal("shop")
    cut = [seal(name)[:-4] + b"AAAA" for name in ("web", "admin")]
    said = [(one.reason, one.detail, one.issuer) for one in (refusal(of, token) for token in cut)]
    assert said[0] == said[1]
    assert said[0][0] is Reason.SIGNATURE_INVALID
    one = refusal(of, stranger)
    assert (one.reason, one.issuer) == (Reason.SIGNATURE_INVALID if seal is seal_4 else Reason.KEY_UNKNOWN, None)


def test_what_an_app_itself_got_wrong_is_counted_as_that_apps():
    assert refusal(pair(), seal_4("admin", exp=NOW - 60)).issuer == "admin"
    broken = authjs.seal_4(b"[]", authjs.key_4(SECRETS["admin"]))
    assert (refusal(pair(), broken).reason, refusal(pair(), broken).issuer) == (Reason.TOKEN_MALFORMED, "admin")


def test_only_the_key_that_is_named_is_tried_and_of_version_4_each_once(monkeypatch):
    tried = []
    opens = SessionKey.open

    def counted(key, sealed):
        tried.append(key)
        return opens(key, sealed)

    monkeypatch.setattr(SessionKey, "open", counted)
    of = pair()
    of.verify(seal_5("admin"), NOW)
    assert len(tried) == 1
    refusal(of, seal_5("shop"))
    assert len(tried) == 1
    refusal(of, seal_4("shop"))
    assert len(tried) == 3


def test_with_every_app_and_secret_that_can_be_set_32_keys_are_tried(monkeypatch):
    tried = []

    def counted(key, sealed):
        tried.append((key, sealed))
        raise NotOpened

    monkeypatch.setattr(SessionKey, "open", counted)
    secrets = [[f"{app}{number}" + "x" * 40 for number in range(4)] for app in range(8)]
    of = gate(*(issuer(f"a{n}", first=n == 0, secrets=one, cookies=(f"c{n}",)) for n, one in enumerate(secrets)))
    refusal(of, seal_4("shop"))
    assert len(tried) == 32


def test_a_key_that_is_distrusted_ends_its_own_apps_sessions_only():
    of = pair()
    web, admin = (of.verify(seal_5(name), NOW) for name in ("web", "admin"))
    of.issuers[1].keys.distrust(authjs.thumbprint(authjs.key_5(SECRETS["admin"], COOKIES["admin"])))
    assert (of.stands(web), of.stands(admin)) == (True, False)
    assert refusal(of, seal_5("admin")).reason is Reason.KEY_UNKNOWN


@pytest.mark.parametrize("seal", [seal_4, seal_5])
def test_a_cookies_name_leaves_only_its_apps(seal):
    of = pair()
    assert of.verify(COOKIES["admin"].encode() + b"=" + seal("admin"), NOW).issuer == "admin"
    assert refusal(of, COOKIES["web"].encode() + b"=" + seal("admin")).reason in {
        Reason.SIGNATURE_INVALID,
        Reason.KEY_UNKNOWN,
    }
    assert refusal(of, b"another=" + seal("admin")).reason is Reason.TOKEN_MALFORMED


def test_a_cookie_of_two_apps_leaves_both():
    of = gate(issuer("web", first=True, cookies=("c",)), issuer("admin", cookies=("c",)))
    for name in ("web", "admin"):
        assert of.verify(b"c=" + seal_4(name), NOW).issuer == name
        assert of.verify(b"c=" + authjs.seal_5(CLAIMS, authjs.key_5(SECRETS[name], "c")), NOW).issuer == name


def test_a_session_in_a_database_is_shown_to_its_own_app_alone():
    routes = {name: Route(name) for name in ("web", "admin")}
    of = gate(*(issuer(name, first=name == "web", route=route) for name, route in routes.items()))

    async def ask(token):
        with pytest.raises(LookupNeeded) as caught:
            of.verify(token, NOW)
        await of.resolve(caught.value)
        return of.verify(token, NOW)

    opaque = authjs.OPAQUE.encode()
    who = asyncio.run(ask(COOKIES["admin"].encode() + b"=" + opaque))
    assert (who.issuer, who.subject) == ("admin", "admin-person")
    assert (routes["web"].asked, routes["admin"].asked) == ([], [opaque])
    one = refusal(of, opaque)
    assert (one.reason, one.issuer) == (Reason.TOKEN_MALFORMED, None)
    assert "cookie's name" in one.detail
    assert routes["web"].asked == []


def test_where_one_app_alone_has_a_session_route_it_is_asked():
    of = gate(issuer("web", first=True), issuer("admin", route=Route("admin"), secrets=()))
    with pytest.raises(LookupNeeded) as caught:
        of.verify(authjs.OPAQUE.encode(), NOW)
    assert caught.value.issuer == "admin"
    assert refusal(of, COOKIES["web"].encode() + b"=" + authjs.OPAQUE.encode()).reason is Reason.TOKEN_MALFORMED


def test_a_signed_token_under_a_cookies_name_is_shown_to_nobody():
    route = Route("web")
    of = gate(issuer("web", first=True, route=route), issuer("admin"))
    token = b"=".join((COOKIES["web"].encode(), b"aaaaaaaaaaaa.bbbbbbbbbbbb.cccccccccccc"))
    assert refusal(of, token).reason is Reason.TOKEN_MALFORMED
    assert route.asked == []


def test_an_explanation_names_the_app_and_asks_nobody():
    route = Route("web")
    first, second = issuer("web", first=True, route=route), issuer("admin")
    silent = Issuer(first.policy, first.keys, first.sessions.silenced())
    of = gate(silent, second)
    assert any("admin" in line.detail for line in of.explain(seal_4("admin"), NOW))
    lines = of.explain(COOKIES["web"].encode() + b"=" + authjs.OPAQUE.encode(), NOW)
    assert (route.asked, [line.passed for line in lines].count(False)) == ([], 1)
    assert [line.passed for line in of.explain(seal_4("shop"), NOW)].count(False) == 1


def test_a_limit_of_ones_own_is_kept():
    sessions = [issuer(name).sessions for name in ("web", "admin")]
    with pytest.raises(Refusal) as caught:
        AuthjsApps(sessions, JwsLimits(token_octets=100)).open(seal_5("web"))
    assert caught.value.reason is Reason.TOKEN_TOO_LARGE
    assert parse(seal_5("web"))

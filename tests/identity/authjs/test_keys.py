"""The keys that follow from secrets and cookie names: those of Auth.js itself, and no others."""

import pytest

from support import authjs
from tidegate.identity.authjs.jwe import Form, NotOpened, parse
from tidegate.identity.authjs.keys import SecretKeys
from tidegate.identity.jws import AlgorithmNotAllowed, KeyUnknown
from tidegate.identity.keydisk import KeyDisk
from tidegate.identity.keysource import AskResult, KeyState

BOTH = frozenset(Form)
CLAIMS = authjs.claims(authjs.now())


def keys(*secrets, cookies=authjs.COOKIES, forms=BOTH, disk=None):
    return SecretKeys("authjs", "authjs", secrets or (authjs.SECRET,), cookies, forms, disk)


def test_the_key_of_a_session_of_version_5_is_the_one_it_names():
    of_ours = keys(authjs.OLD_SECRET, authjs.SECRET)
    payload, key = of_ours.open(parse(authjs.seal_5(CLAIMS)))
    assert key.kid == authjs.thumbprint(authjs.key_5())
    assert b"Ada" in payload


def test_each_secret_is_tried_on_a_session_of_version_4():
    for secret in (authjs.SECRET, authjs.OLD_SECRET):
        assert keys(authjs.SECRET, authjs.OLD_SECRET).open(parse(authjs.seal_4(CLAIMS, authjs.key_4(secret))))


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (authjs.seal_5(CLAIMS, authjs.key_5(authjs.OLD_SECRET)), KeyUnknown),
        (authjs.seal_5(CLAIMS, authjs.key_5(cookie="authjs.state")), KeyUnknown),
        (authjs.seal_5(CLAIMS, kid=None), KeyUnknown),
        (authjs.seal_5(CLAIMS, authjs.key_5(authjs.OLD_SECRET), kid=authjs.thumbprint(authjs.key_5())), NotOpened),
        (authjs.seal_4(CLAIMS, authjs.key_4(authjs.OLD_SECRET)), NotOpened),
        (authjs.seal_4(CLAIMS, kid="anything"), KeyUnknown),
        (authjs.seal_4(CLAIMS, authjs.key_5()[:32], kid=authjs.thumbprint(authjs.key_5())), KeyUnknown),
        (authjs.seal_5(CLAIMS, bytes(64)), KeyUnknown),
        (authjs.seal_4(CLAIMS, bytes(32)), NotOpened),
    ],
)
def test_other_keys_open_nothing(token, error):
    with pytest.raises(error):
        keys().open(parse(token))


@pytest.mark.parametrize(("form", "token"), [(Form.V4, authjs.seal_5(CLAIMS)), (Form.V5, authjs.seal_4(CLAIMS))])
def test_a_version_that_is_not_accepted(form, token):
    with pytest.raises(AlgorithmNotAllowed):
        keys(forms=frozenset({form})).open(parse(token))


@pytest.mark.parametrize("secret", ["", "x", "s" * 31])
def test_a_short_secret_makes_no_key(secret):
    with pytest.raises(ValueError, match="32"):
        keys(secret)


def test_without_a_secret_there_are_no_keys():
    none = SecretKeys("authjs", "authjs", (), authjs.COOKIES, BOTH)
    assert not none.any
    assert none.status().state is KeyState.FRESH
    with pytest.raises(KeyUnknown):
        none.open(parse(authjs.seal_4(CLAIMS)))


def test_no_public_key_and_nothing_secret_shows():
    of_ours = keys()
    assert of_ours.current().keys == ()
    assert of_ours.any
    _, key = of_ours.open(parse(authjs.seal_5(CLAIMS)))
    assert repr(key) == "<SessionKey for A256CBC-HS512>"
    assert authjs.SECRET not in repr(vars(of_ours))


def test_a_distrusted_key_stays_refused(tmp_path):
    disk = KeyDisk(tmp_path)
    kid = authjs.thumbprint(authjs.key_5())
    of_ours = keys(disk=disk)
    _, key = of_ours.open(parse(authjs.seal_5(CLAIMS)))
    assert of_ours.distrust(kid)
    assert not key.live
    assert not of_ours.distrust(kid)
    for later in (of_ours, keys(disk=disk)):
        with pytest.raises(KeyUnknown):
            later.open(parse(authjs.seal_5(CLAIMS)))
        assert later.open(parse(authjs.seal_4(CLAIMS)))


def test_with_every_key_distrusted_there_is_none():
    of_ours = keys(cookies=(authjs.SECURE,), forms=frozenset({Form.V5}))
    of_ours.distrust(authjs.thumbprint(authjs.key_5()))
    assert (of_ours.status().state, of_ours.status().keys) == (KeyState.EXPIRED, 0)


@pytest.mark.anyio
async def test_nothing_can_be_asked_for():
    assert (await keys().ask("x")).result is AskResult.FAILED
    keys().doubt()

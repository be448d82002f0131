from ipaddress import ip_network

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from support.environments import problems
from tidegate.settings import kinds, load
from tidegate.settings.model import SPECS
from tidegate.settings.problems import Unfit

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
PEM = EC_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
INTEGERS = {field: spec for field, spec in SPECS.items() if isinstance(spec.kind, kinds.Integer)}
BOOLEANS = {field: spec for field, spec in SPECS.items() if isinstance(spec.kind, kinds.Boolean)}
CHOICES = {field: spec for field, spec in SPECS.items() if isinstance(spec.kind, kinds.Choice)}


@pytest.mark.parametrize("field", INTEGERS)
def test_each_range_is_held(field):
    kind, variable = INTEGERS[field].kind, INTEGERS[field].variables[0]
    low, high = kind.low, kind.high
    assert kind.read(str(low)) == low
    assert kind.read(f"+{high}") == high
    if kind.zero:
        assert kind.read("0") == 0
    below = -1 if kind.zero and low == 1 else low - 1  # 0 may be off
    assert f"below {low}" in problems({variable: str(below)})[variable]
    assert f"above {high}" in problems({variable: str(high + 1)})[variable]


@pytest.mark.parametrize("text", ["ten", "1.5", "1e3", "0x10", "1_000", "1 000", "\u0661\u0660", "--1", "9" * 5000])
def test_what_is_no_whole_number(text):
    assert "whole number" in problems({"TIDEGATE_TOKEN_LIFE_SECONDS": text})["TIDEGATE_TOKEN_LIFE_SECONDS"]


@pytest.mark.parametrize("field", BOOLEANS)
def test_the_words_for_yes_and_no(field):
    kind, variable = BOOLEANS[field].kind, BOOLEANS[field].variables[0]
    assert all(kind.read(word) is True for word in ("true", "1", "yes", "on", "TRUE", "On"))
    assert all(kind.read(word) is False for word in ("false", "0", "no", "off", "False"))
    assert "neither true nor false" in problems({variable: "2"})[variable]


@pytest.mark.parametrize("field", CHOICES)
def test_each_choice_has_its_words_only(field):
    kind, variable = CHOICES[field].kind, CHOICES[field].variables[0]
    assert [kind.read(word.upper()) for word in kind.words] == list(kind.words)
    found = problems({variable: "other"})[variable]
    assert all(word in found for word in kind.words)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        *(("*", "wildcard"), ("https://*.example.com", "wildcard"), ("https://a.example,*", "wildcard")),
        *(("https://a.example/", "path"), ("https://a.example/x", "path"), ("https://A.example", "capitals")),
        *(("https://a.example:443", "own port"), ("http://a.example:80", "own port"), ("null", "not an http")),
        *(("a.example", "not an http"), ("https://u@a.example", "credentials"), ("file:///x", "not an http")),
        (",".join(f"https://a{number}.example" for number in range(101)), "more than 100"),
    ],
)
def test_origins_that_will_not_do(text, wrong):
    assert wrong in problems({"TIDEGATE_CORS_ORIGINS": text})["TIDEGATE_CORS_ORIGINS"]


def test_origins_are_kept_as_browsers_send_them_each_once():
    text = "https://a.example, http://localhost:3000,,https://a.example,https://[::1]:8443"
    assert load({"TIDEGATE_CORS_ORIGINS": text}).settings.cors_origins == (
        "https://a.example",
        "http://localhost:3000",
        "https://[::1]:8443",
    )


@pytest.mark.parametrize("text", ["*", "10.0.0.1/8", "10.0.0.0/33", "proxy.internal", "10.0.0.0/8;fd00::/8"])
def test_address_ranges_that_are_none(text):
    assert "no address range" in problems({"TIDEGATE_TRUSTED_PROXIES": text})["TIDEGATE_TRUSTED_PROXIES"]


def test_address_ranges():
    proxies = load({"TIDEGATE_TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8,192.0.2.7"}).settings.trusted_proxies
    assert proxies == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("192.0.2.7/32"))


@pytest.mark.parametrize("text", ["8000", ":8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:8000", "[::g]:1"])
def test_addresses_that_cannot_be_listened_on(text):
    assert "host:port" in problems({"TIDEGATE_BIND": text, "NODE_ENV": "test"})["TIDEGATE_BIND"]


def test_a_pem_may_be_one_line():
    assert kinds.Pem().read(PEM.strip().replace("\n", "\\n")) == PEM.strip()
    assert kinds.Pem().read(PEM.replace("\n", "\r\n")) == PEM
    large = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    assert kinds.Pem().read(large) == large


@pytest.mark.parametrize(
    "text",
    [
        PEM.splitlines()[1],
        "\n".join(PEM.splitlines()[:-1]),
        "\n".join([*PEM.splitlines()[:1], *PEM.splitlines()[2:]]),
        PEM.replace("PUBLIC KEY", "CERTIFICATE"),
        "-----BEGIN PUBLIC KEY-----\nMA==\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nM\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nBAAA\n-----END PUBLIC KEY-----",
        PEM + "x" * 70_000,
    ],
    ids=[  # the key is another one in each process, and pytest-xdist compares the names
        "one line of it",
        "without its end",
        "without its first line",
        "a certificate",
        "not what it says",
        "no Base64",
        "no DER",
        "followed by much more",
    ],
)
def test_what_is_no_whole_public_key(text):
    with pytest.raises(Unfit, match="not a whole public key"):
        kinds.Pem().read(text)


def test_a_private_key_is_refused_and_not_repeated():
    private = EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    found = problems({"TIDEGATE_OIDC_PEM": private, "TIDEGATE_OIDC_ISSUER": "x"})
    assert "private key" in found["TIDEGATE_OIDC_PEM"]
    assert private.splitlines()[1] not in str(found)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "[1]",
        '"x"',
        '[{"name": "a", "name": "b"}]',
        "[" * 60_000,
        f"[{'1' * 5000}]",
        "[" + "{}," * 101 + "{}]",
    ],
)
def test_lists_of_objects_that_are_none(text):
    assert "TIDEGATE_ISSUERS" in problems({"TIDEGATE_ISSUERS": text})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TIDEGATE_USER_ID_CLAIM", "a b"),
        ("TIDEGATE_USER_ID_CLAIM", "x" * 129),
        ("TIDEGATE_STATE_DIR", "a\0b"),
        ("TIDEGATE_OIDC_AUDIENCE", "a\x07b"),
        ("TIDEGATE_DOCUMENTATION_URL", "https://docs.example/reasons"),
        ("TIDEGATE_DOCUMENTATION_URL", "docs/"),
    ],
)
def test_texts_that_will_not_do(variable, text):
    assert variable in problems({variable: text, "TIDEGATE_OIDC_ISSUER": "https://a.example"})


def test_secrets_are_never_written():
    assert SPECS["api_secret"].kind.write(SPECS["api_secret"].kind.read("hush")) == ""
    assert SPECS["auth_secrets"].kind.write(SPECS["auth_secrets"].kind.read("hush")) == ""

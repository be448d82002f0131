from pathlib import Path

import pytest

from support.environments import DEVELOPMENT, KEY, PRODUCTION, SECRET, problems, without
from tidegate.settings import load

STAGING = {**PRODUCTION, "STREAM_CHAT_ENVIRONMENT": "staging"}


@pytest.mark.parametrize(
    "name", ["NEXT_PUBLIC_STREAM_CHAT_API_SECRET", "NEXT_PUBLIC_MY_SECRET", "NEXT_PUBLIC_SECRET_X"]
)
def test_a_secret_by_its_name_under_a_public_name(name):
    found = problems({**DEVELOPMENT, name: "some-text-of-theirs"})
    assert "browser" in found[name]
    assert "some-text-of-theirs" not in str(found)


def test_a_secret_by_its_value_under_a_public_name():
    assert "browser" in problems({**DEVELOPMENT, "NEXT_PUBLIC_CHAT": SECRET})["NEXT_PUBLIC_CHAT"]
    auth = {**DEVELOPMENT, "AUTH_SECRET": SECRET[::-1], "NEXT_PUBLIC_AUTH": SECRET[::-1]}
    assert "browser" in problems(auth)["NEXT_PUBLIC_AUTH"]


def test_a_public_secret_in_the_file(workdir: Path):
    (workdir / ".env").write_text(f"NEXT_PUBLIC_STREAM_SECRET={SECRET}\n")
    assert "NEXT_PUBLIC_STREAM_SECRET" in problems(DEVELOPMENT)


def test_other_public_names_are_none_of_our_business():
    harmless = {
        "NEXT_PUBLIC_SECRET": "",
        "NEXT_PUBLIC_SITE": "https://x.example",
        "NEXT_PUBLIC_STREAM_CHAT_API_KEY": KEY,
    }
    assert load({**DEVELOPMENT, **harmless})


@pytest.mark.parametrize("url", ["http://127.0.0.1:3030", "http://localhost:3030/stream", "http://[::1]:1"])
def test_plain_http_to_loopback_in_development_only(url):
    assert load({**DEVELOPMENT, "STREAM_CHAT_BASE_URL": url}).settings.base_url == url
    assert "only development" in problems({**PRODUCTION, "STREAM_CHAT_BASE_URL": url})["STREAM_CHAT_BASE_URL"]
    assert "only development" in problems({**STAGING, "STREAM_CHAT_BASE_URL": url})["STREAM_CHAT_BASE_URL"]


@pytest.mark.parametrize(
    "url",
    [
        *("http://chat.stream-io-api.com", "ftp://chat.example", "chat.stream-io-api.com", "https://", "https://a b"),
        *(
            "https://user:pw@chat.example",
            "https://chat.example?x=1",
            "https://chat.example#x",
            "https://chat.example:0",
        ),
        *("https://chat.example:99999", "https://[::1", "https://-chat.example", "http://127.0.0.1@chat.example"),
        *("http://localhost.evil.example", "https://chat.example\\@x", "https://chat.example/?", "https://[1.2]/"),
    ],
)
def test_base_urls_that_will_not_do(url):
    found = problems({**DEVELOPMENT, "STREAM_CHAT_BASE_URL": url})
    assert set(found) == {"STREAM_CHAT_BASE_URL"}
    assert "pw" not in str(found)


def test_a_slash_at_the_end_of_the_base_url_is_no_part_of_it():
    url = "https://chat.stream-io-api.com/"
    assert load({**DEVELOPMENT, "STREAM_CHAT_BASE_URL": url}).settings.base_url == "https://chat.stream-io-api.com"


def test_production_demands_tls_or_a_trusted_proxy(workdir: Path):
    base = without(PRODUCTION, "TIDEGATE_TRUSTED_PROXIES")
    found = problems(base)
    assert set(found) == {"TIDEGATE_TRUSTED_PROXIES"}
    assert "TIDEGATE_TLS_CERTIFICATE_FILE" in found["TIDEGATE_TRUSTED_PROXIES"]
    assert load({**base, "STREAM_CHAT_ENVIRONMENT": "staging"})
    for name in ("chain.pem", "key.pem"):
        (workdir / name).write_text("pem")
    files = {"TIDEGATE_TLS_CERTIFICATE_FILE": "chain.pem", "TIDEGATE_TLS_KEY_FILE": "key.pem"}
    assert load({**base, **files})


def test_half_of_tls(workdir: Path):
    (workdir / "a.pem").write_text("pem")
    assert "TIDEGATE_TLS_KEY_FILE" in problems({**PRODUCTION, "TIDEGATE_TLS_CERTIFICATE_FILE": "a.pem"})
    assert "TIDEGATE_TLS_CERTIFICATE_FILE" in problems({**DEVELOPMENT, "TIDEGATE_TLS_KEY_FILE": "a.pem"})


@pytest.mark.parametrize(
    "name", ["TIDEGATE_TLS_CERTIFICATE_FILE", "TIDEGATE_TLS_KEY_FILE", "TIDEGATE_USER_ID_MAP_FILE"]
)
def test_files_must_be_there(name):
    both = dict.fromkeys(("TIDEGATE_TLS_CERTIFICATE_FILE", "TIDEGATE_TLS_KEY_FILE"), __file__)
    assert "names no file" in problems({**DEVELOPMENT, **both, name: "missing"})[name]


def test_a_claim_and_a_file_do_not_both_decide_ids(workdir: Path):
    (workdir / "ids.jsonl").write_text("")
    given = {**DEVELOPMENT, "TIDEGATE_USER_ID_MAP_FILE": "ids.jsonl"}
    assert load(given)
    assert "both decide" in problems({**given, "TIDEGATE_USER_ID_CLAIM": "chat_id"})["TIDEGATE_USER_ID_MAP_FILE"]


def test_two_listeners_at_one_address():
    assert "same address" in problems({"TIDEGATE_OPS_BIND": "127.0.0.1:8000"})["TIDEGATE_OPS_BIND"]
    assert load({"TIDEGATE_BIND": "127.0.0.1:0", "TIDEGATE_OPS_BIND": "127.0.0.1:0"})


def test_sizes_that_contradict_each_other():
    assert "TIDEGATE_SESSION_HEADER_BYTES" in problems(
        {"TIDEGATE_SESSION_HEADER_BYTES": "4096", "TIDEGATE_SESSION_TOKEN_BYTES": "4095"}
    )
    assert "no room" in problems({"TIDEGATE_HEADER_BYTES": "9215"})["TIDEGATE_HEADER_BYTES"]
    assert load({"TIDEGATE_HEADER_BYTES": "9216"})


def test_a_least_value_is_at_most_the_greatest():
    found = problems({"TIDEGATE_KEYS_FRESH_MIN_SECONDS": "60", "TIDEGATE_KEYS_FRESH_MAX_SECONDS": "59"})
    assert "more than TIDEGATE_KEYS_FRESH_MAX_SECONDS" in found["TIDEGATE_KEYS_FRESH_MIN_SECONDS"]
    assert "TIDEGATE_BREAKER_OPEN_SECONDS" in problems({"TIDEGATE_BREAKER_OPEN_MAX_SECONDS": "4"})
    assert load({"TIDEGATE_BREAKER_OPEN_MAX_SECONDS": "5"})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"STREAM_CHAT_ENABLE_LOGGING": "true"}, "STREAM_CHAT_ENABLE_LOGGING is on in production"),
        ({"TIDEGATE_OPS_BIND": "0.0.0.0:8001"}, "TIDEGATE_OPS_BIND is an address that others can reach"),
        ({"TIDEGATE_TRUSTED_PROXIES": "0.0.0.0/0"}, "trusts every address"),
        ({"TIDEGATE_TRUSTED_PROXIES": "::/0"}, "trusts every address"),
        ({"TIDEGATE_PLAN_CONNECTIONS": "500"}, "nobody tells of connections"),
        ({"CLERK_AUTHORIZED_PARTIES": ""}, "azp is not checked"),
        ({"TIDEGATE_AZP_POLICY": "off"}, "azp is not checked"),
        ({"TIDEGATE_AZP_POLICY": "required", "CLERK_AUTHORIZED_PARTIES": ""}, "azp is required but no accepted value"),
        ({"CLERK_PUBLISHABLE_KEY": "", "CLERK_AUTHORIZED_PARTIES": ""}, "issuer_not_configured"),
        ({"CLERK_PUBLISHABLE_KEY": ""}, "CLERK_AUTHORIZED_PARTIES has no effect"),
        ({"CLERK_PUBLISHABLE_KEY": DEVELOPMENT["CLERK_PUBLISHABLE_KEY"]}, "Clerk development instance"),
        ({"CLERK_JWT_ISSUER": "https://clerk.other.example"}, "CLERK_JWT_ISSUER counts"),
        ({"CLERK_JWT_ISSUER": "http://localhost:1", "STREAM_CHAT_ENVIRONMENT": "development"}, "can be it"),
    ],
)
def test_what_is_warned_of(more, said):
    assert load(PRODUCTION).warnings == ()
    assert any(said in warning for warning in load({**PRODUCTION, **more}).warnings)

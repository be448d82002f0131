"""Drills as their users run them; the instance's own servers hear nothing of it."""

import json
import os
import re
import socket
import threading

import pytest

from support.environments import DEVELOPMENT
from tidegate.sandbox.provider import IdentityProvider

SHORT = {
    "TIDEGATE_KEYS_STALE_SECONDS": "900",
    "TIDEGATE_KEYS_FRESH_MAX_SECONDS": "300",
    "TIDEGATE_TOKEN_LIFE_SECONDS": "600",
}


@pytest.fixture
def instance(monkeypatch):
    """An instance whose Stream and key server are one socket that counts who comes."""
    came = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            try:
                while True:
                    connection, _ = listener.accept()
                    came.append(connection)
                    connection.close()
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        own = {"STREAM_CHAT_BASE_URL": url, "TIDEGATE_OIDC_ISSUER": url, "TIDEGATE_OIDC_JWKS_URL": f"{url}/jwks"}
        environment = {name: text for name, text in DEVELOPMENT.items() if not name.startswith("CLERK")}
        for name, text in {**environment, **own, **SHORT}.items():
            monkeypatch.setenv(name, text)
        yield came


def spans(said, row):
    (found,) = [one for one in said["rows"] if one["row"] == row]
    return [(span["begins"], span["said"]) for span in found["spans"]]


def test_an_identity_outage(tidegate, instance, workplace):
    ended = tidegate("drill", "identity-outage", "--hours", "0.4", "--at-least", "0.2", "--json")

    assert ended.status == 0, ended.err
    said = json.loads(ended.out)
    assert 880 <= said["survives_seconds"] <= 900
    assert 0 <= said["recovers_seconds"] <= 61
    for row in ("asks", "restarted"):
        assert [one for _, one in spans(said, row)] == ["gets a token", "503 identity_unavailable"]
    assert spans(said, "asks")[1][0] == pytest.approx(900, abs=61)
    assert spans(said, "new-key") == [(0, "503 identity_unavailable")]
    ((_, first), (token_ends, then)) = spans(said, "chats")
    assert (first, then) == ("chats on", "the token has ended")
    assert 530 <= token_ends <= 600
    assert [one for _, one in spans(said, "ready")] == ["ready", "not ready"]
    assert [one for _, one in spans(said, "health")] == ["healthy", "degraded", "unhealthy"]
    assert instance == []
    assert list(workplace.iterdir()) == []


@pytest.mark.usefixtures("instance")
def test_less_than_was_asked_for_is_1(tidegate):
    ended = tidegate("drill", "identity-outage", "--hours", "0.3")

    assert ended.status == 1
    assert "less than 1 h" in ended.err
    assert "signed in, asks for a token  " in ended.out
    assert re.search(r"People who are signed in get tokens for (14 min 5\d s|15 min)\.", ended.out), ended.out


@pytest.mark.usefixtures("instance")
def test_with_a_configured_public_key_there_is_no_end(tidegate, monkeypatch):
    monkeypatch.delenv("TIDEGATE_OIDC_JWKS_URL")
    pem = IdentityProvider("https://login.example").public_pem()
    monkeypatch.setenv("TIDEGATE_OIDC_PEM", pem.replace("\n", "\\n"))

    ended = tidegate("drill", "identity-outage", "--hours", "0.2", "--json")

    said = json.loads(ended.out)
    assert (ended.status, said["survives_seconds"], said["recovers_seconds"]) == (0, None, None)
    assert spans(said, "new-key") == [(0, "401 signature_invalid")]
    assert said["notes"][0].startswith("No key server is asked for ")


def test_a_stream_outage(tidegate, instance):
    ended = tidegate("drill", "stream-outage", "--hours", "2", "--json")

    assert ended.status == 0, ended.err
    said = json.loads(ended.out)
    assert said["survives_seconds"] is None
    assert spans(said, "asks") == spans(said, "newcomer") == [(0, "gets a token")]
    assert spans(said, "status") == [(0, "503 upstream_unavailable")]
    assert spans(said, "ready") == [(0, "ready")]
    assert spans(said, "health")[-1][1] == "degraded"
    (arrived,) = [note for note in said["notes"] if "by themselves" in note]
    assert len(set(re.findall(r"\d+", arrived))) == 1, arrived
    assert instance == []


@pytest.mark.usefixtures("instance")
def test_without_profile_sync_nothing_is_said_of_profiles(tidegate, monkeypatch):
    monkeypatch.setenv("TIDEGATE_PROFILE_SYNC", "off")

    said = json.loads(tidegate("drill", "stream-outage", "--hours", "0.5", "--json").out)

    assert not any("Names and images" in note or "newcomers" in note for note in said["notes"])


def test_a_configuration_that_is_wrong_is_2(tidegate, monkeypatch):
    monkeypatch.setenv("TIDEGATE_KEYS_STALE_SECONDS", "ten")

    assert tidegate("drill", "identity-outage").status == 2


@pytest.fixture
def with_an_app(monkeypatch, instance):
    """The same instance with an app that keeps sessions, and a database; both are the socket that counts who comes."""
    url = os.environ["STREAM_CHAT_BASE_URL"]
    for name in ("TIDEGATE_OIDC_ISSUER", "TIDEGATE_OIDC_JWKS_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("TIDEGATE_AUTHJS_SESSION_URL", f"{url}/api/auth/session")
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", url.replace("http:", "postgresql:") + "/tidegate")
    monkeypatch.setenv("AUTH_SECRET", "p8kq2xv7rn4wz9ht6jy3bm5cd1fg0slaQWERtyui")
    return instance


def test_an_outage_of_the_session_route(tidegate, with_an_app, monkeypatch):
    monkeypatch.setenv("TIDEGATE_AUTHJS_FRESH_SECONDS", "3")

    ended = tidegate("drill", "session-route-outage", "--hours", "0.3", "--json")

    assert ended.status == 0, ended.err
    said = json.loads(ended.out)
    assert (said["survives_seconds"], said["recovers_seconds"]) == (3, 0)
    assert spans(said, "asks") == [(0, "gets a token"), (3, "503 identity_unavailable")]
    assert spans(said, "newcomer") == [(0, "503 identity_unavailable")]
    assert spans(said, "sealed") == [(0, "gets a token")]
    assert [one for _, one in spans(said, "chats")] == ["chats on", "the token has ended"]
    assert spans(said, "health") == [(0, "degraded")]
    assert with_an_app == []


@pytest.mark.usefixtures("with_an_app")
def test_without_a_secret_no_session_is_encrypted(tidegate, monkeypatch):
    monkeypatch.delenv("AUTH_SECRET")
    monkeypatch.setenv("TIDEGATE_AUTHJS_FRESH_SECONDS", "1")

    ended = tidegate("drill", "session-route-outage", "--hours", "0.1", "--at-least", "0.1", "--json")

    assert ended.status == 1
    assert "sealed" not in {row["row"] for row in json.loads(ended.out)["rows"]}


def test_an_outage_of_the_database(tidegate, with_an_app, workplace):
    ended = tidegate("drill", "database-outage", "--hours", "1", "--json")

    assert ended.status == 0, ended.err
    said = json.loads(ended.out)
    assert said["survives_seconds"] is None
    assert {row["row"]: [span["said"] for span in row["spans"]] for row in said["rows"]} == {
        "asks": ["gets a token"],
        "banned": ["403 subject_banned, as it should be"],
        "bans": ["cannot be written, and is refused"],
        "restarted": ["503 store_unavailable"],
        "waited": ["gets a token"],
        "forgotten": ["gets a token"],
        "ready": ["ready"],
        "health": ["degraded"],
    }
    assert any("used it again by itself" in note for note in said["notes"])
    assert with_an_app == []
    assert list(workplace.iterdir()) == []


@pytest.mark.usefixtures("with_an_app")
def test_a_ledger_that_must_be_written_stops_the_exchange_with_the_database(tidegate, monkeypatch):
    monkeypatch.setenv("TIDEGATE_LEDGER", "database")
    monkeypatch.setenv("TIDEGATE_LEDGER_DURABILITY", "sync")

    ended = tidegate("drill", "database-outage")

    assert ended.status == 1
    assert "nobody gets one" in ended.err


@pytest.mark.usefixtures("instance")
@pytest.mark.parametrize("drill", ["session-route-outage", "database-outage"])
def test_what_is_not_configured_cannot_be_rehearsed(tidegate, drill):
    assert tidegate("drill", drill).status == 2

"""Drills as their users run them; the instance's own servers hear nothing of it."""

import json
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

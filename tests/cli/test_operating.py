"""The client of the operator's API: against a service over a socket, and against what may stand in its place."""

import httpx2
import pytest

from support.operating import OPERATOR, VIEWER
from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.operating import Access, OperatorClient, access_from_environment, path_of
from tidegate.identity.keydisk import KeyDisk, KeyDiskError
from tidegate.store import StoreUnavailable

KEY = {"TIDEGATE_OPERATOR_KEY": OPERATOR}


@pytest.mark.usefixtures("service")
def test_whoami(tidegate, monkeypatch):
    assert tidegate("operator", "whoami").out == "otto  operator\n"
    assert tidegate("operator", "whoami", "--json").out == '{"name": "otto", "role": "operator"}\n'

    monkeypatch.setenv("TIDEGATE_OPERATOR_KEY", "tgo_" + "x" * 43)
    ended = tidegate("operator", "whoami")
    assert (ended.status, ended.out) == (2, "")
    assert "401 operator_key_refused" in ended.err
    assert "tgo_x" not in ended.err


@pytest.mark.usefixtures("service")
def test_distrust(tidegate, sandbox, monkeypatch):
    kid = sandbox.sandbox.provider.kid()

    assert "was in use by sandbox" in tidegate("issuer", "distrust", "sandbox", kid).out
    assert "No key of that name" in tidegate("issuer", "distrust", "sandbox", "other/../key").out
    assert '"in_use": false' in tidegate("issuer", "distrust", "sandbox", kid, "--json").out
    for issuer in ("nobody", "..", "a/b"):
        ended = tidegate("issuer", "distrust", issuer, kid)
        assert ended.status == 1
        assert "404 not_found" in ended.err

    monkeypatch.setenv("TIDEGATE_OPERATOR_KEY", VIEWER)
    ended = tidegate("issuer", "distrust", "sandbox", kid)
    assert (ended.status, "403 operator_role_refused" in ended.err) == (2, True)


@pytest.mark.usefixtures("service")
def test_a_distrust_that_is_not_kept_fails(tidegate, sandbox, monkeypatch):
    def full(*_):
        raise KeyDiskError("no space left")

    monkeypatch.setattr(KeyDisk, "distrust", full)

    ended = tidegate("issuer", "distrust", "sandbox", sandbox.sandbox.provider.kid())

    assert ended.status == 1
    assert "could not write it down" in ended.err


@pytest.mark.usefixtures("service")
def test_a_distrust_that_others_are_not_told_of_fails(tidegate, sandbox, monkeypatch):
    async def gone(*_):
        raise StoreUnavailable("refused", "it is gone")

    monkeypatch.setattr("tidegate.identity.distrust.service.KeyDistrust._share", gone)

    ended = tidegate("issuer", "distrust", "sandbox", sandbox.sandbox.provider.kid())

    assert ended.status == 1
    assert "was in use by sandbox" in ended.out
    assert "the database could not be told" in ended.err


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "TIDEGATE_OPERATOR_KEY is not set"),
        ({"TIDEGATE_OPERATOR_KEY": "schl\u00fcssel"}, "TIDEGATE_OPERATOR_KEY has characters"),
        ({**KEY, "TIDEGATE_OPERATOR_URL": "ops.example"}, "TIDEGATE_OPERATOR_URL is not"),
        ({**KEY, "TIDEGATE_OPERATOR_URL": "http://ops.example:8001"}, "TIDEGATE_OPERATOR_URL is plain http"),
        ({**KEY, "TIDEGATE_OPERATOR_URL": "https://me:secret@ops.example"}, "TIDEGATE_OPERATOR_URL"),
    ],
)
def test_a_wrong_environment_is_2(tidegate, monkeypatch, variables, said):
    for name, text in variables.items():
        monkeypatch.setenv(name, text)

    ended = tidegate("operator", "whoami")

    assert ended.status == 2
    assert said in ended.err
    assert OPERATOR not in ended.err


def test_nobody_there_is_1(tidegate, monkeypatch):
    monkeypatch.setenv("TIDEGATE_OPERATOR_KEY", OPERATOR)
    monkeypatch.setenv("TIDEGATE_OPERATOR_URL", "http://127.0.0.1:9")

    ended = tidegate("operator", "whoami")

    assert ended.status == 1
    assert "cannot be reached" in ended.err


def test_the_variables_may_stand_in_a_file(workplace):
    (workplace / "mine.env").write_text(
        f"TIDEGATE_OPERATOR_KEY={OPERATOR}\nTIDEGATE_OPERATOR_URL=https://ops.example/\n"
    )

    access = access_from_environment(workplace / "mine.env")

    assert access == Access("https://ops.example", OPERATOR)
    assert OPERATOR not in repr(access)


def test_a_file_that_nobody_named_does_not_say_where_a_key_is_sent(workplace, monkeypatch):
    (workplace / ".env").write_text("TIDEGATE_OPERATOR_URL=https://elsewhere.example\n")
    monkeypatch.setenv("TIDEGATE_OPERATOR_KEY", OPERATOR)
    with pytest.raises(CommandFailed, match="that nobody named") as failed:
        access_from_environment()
    assert failed.value.status is Exit.WRONG

    assert access_from_environment(workplace / ".env").url == "https://elsewhere.example"


def answering(status, **more):
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, **more))
    return OperatorClient(Access("http://127.0.0.1:1", OPERATOR), transport=transport)


@pytest.mark.parametrize("more", [{"text": "<html>"}, {"json": []}, {"text": ""}, {"content": b"\xff"}])
@pytest.mark.parametrize("status", [200, 302, 404, 502])
def test_what_is_no_tidegate_is_told_apart(status, more):
    with pytest.raises(CommandFailed, match="is no operator's listener") as caught, answering(status, **more) as client:
        client.get("whoami")
    assert caught.value.status is Exit.FAILED


def test_what_a_service_says_cannot_play_with_the_terminal():
    body = {"reason": "x\x1b[2J", "detail": "one\r\x1b]0;two\x07" + "y" * 2000}
    with pytest.raises(CommandFailed) as caught, answering(503, json=body) as client:
        client.get("whoami")
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 1200


def test_no_content_is_no_members():
    with answering(204) as client:
        assert client.delete("bans", "ada") == {}


def test_a_path_stays_in_its_place():
    assert path_of("issuers", "../../x", "a b?c#d") == "/operator/v1/issuers/..%2F..%2Fx/a%20b%3Fc%23d"

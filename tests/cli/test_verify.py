import io
import json
import re
import time

import anyio
import pytest

from support.gate import open_gate, settings_for
from tidegate.cli.judging import judge
from tidegate.cli.tokens_shown import decoded, unsigned, with_claims
from tidegate.sandbox.provider import IdentityProvider

FAR = 2_000_000_000


def stranger(server):
    """An issuer that calls itself by the sandbox's name, with keys of its own."""
    return IdentityProvider(server.issuer_url)


def session(server, **claims):
    return server.sandbox.provider.session(**claims)


SESSIONS = {
    "plain": session,
    "native": lambda server: session(server, no_azp=True),
    "impersonated": lambda server: session(server, impersonated_by="user_admin"),
    "expired": lambda server: session(server, expired=True),
    "pending": lambda server: session(server, pending=True),
    "azp": lambda server: session(server, azp="https://elsewhere.example"),
    "machine": lambda server: session(server, sub="mch_2abc"),
    "issuer": lambda server: session(server, iss=f"{server.issuer_url}/"),
    "future": lambda server: session(server, iat=FAR, nbf=FAR, exp=FAR + 60),
    "no subject": lambda server: session(server, sub=""),
    "unmappable": lambda server: session(server, sub="|" * 255),
    "unknown key": lambda server: stranger(server).session(),
    "forged": lambda server: stranger(server).session(header={"kid": server.sandbox.provider.kid()}),
    "tampered": lambda server: with_claims(session(server), sub="user_admin"),
    "unsigned": lambda server: unsigned(session(server)),
    "malformed": lambda _: "not-a-session",
    "large": lambda server: session(server, padding="x" * 9000),
}


def give(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.mark.anyio
@pytest.mark.parametrize("name", SESSIONS)
async def test_the_verdict_is_the_services(sandbox, workplace, name):
    token = SESSIONS[name](sandbox)
    async with open_gate(sandbox, workplace / "service") as gate:
        answer = (await gate.exchange(token)).json()

    verdict = await anyio.to_thread.run_sync(judge, settings_for(sandbox, workplace / "verify"), token.encode())

    assert verdict.accepted == ("token" in answer)
    if verdict.accepted:
        assert all(check.passed for check in verdict.checks)
        assert f"user id {answer['user_id']}," in verdict.summary
        minted = decoded(answer["token"])[1]
        assert verdict.given.life == minted["exp"] - minted["iat"]
    else:
        assert verdict.refusal.reason == answer["reason"]
        # The door measures a token before anybody reads it, and says so in words of its own.
        assert verdict.refusal.detail == answer["detail"] or name == "large"
        (failing,) = [check for check in verdict.checks if check.passed is False]
        assert failing.detail == verdict.refusal.detail
        after = verdict.checks[verdict.checks.index(failing) + 1 :]
        assert all(check.passed is None for check in after)


def test_with_nothing_configured_the_running_sandbox_is_the_issuer(tidegate, sandbox, monkeypatch):
    token = sandbox.sandbox.provider.session()
    give(monkeypatch, f"Bearer {token}\n")

    ended = tidegate("verify")

    assert ended.status == 0, ended.out
    assert len(re.findall(r"^pass ", ended.out, re.MULTILINE)) == 16
    assert "Accepted: user id user_2sandboxada" in ended.out
    assert token not in ended.out + ended.err


def test_it_says_how_long_tokens_live_and_what_is_brought_to_stream(tidegate, sandbox, monkeypatch):
    rules = {"role": "public_metadata.role", "plan": {"claim": "plan", "else": None}}
    monkeypatch.setenv("TIDEGATE_PROFILE_RULES", json.dumps(rules))
    claims = {
        "public_metadata": {"role": "moderator"},
        "unsafe_metadata": {"role": "admin"},
        "email": "ada@example.com",
    }
    token = sandbox.sandbox.provider.session(impersonated_by="user_of_support", **claims)

    shown, told = tidegate("verify", token), json.loads(tidegate("verify", token, "--json").out)

    assert "Its tokens live 600 s: the row impersonated of TIDEGATE_LIFE_BY_RISK." in shown.out
    assert re.search(r"Brought to Stream: name \S.*, role moderator\.", shown.out)
    assert "Removed at Stream: plan." in shown.out
    assert (told["life_seconds"], told["risk"], told["profile"]["role"]) == (600, "impersonated", "moderator")
    assert told["profile_removed"] == ["plan"]
    assert "a@b.example" not in shown.out


def test_a_token_of_another_issuer_is_told_which_are_configured(tidegate, sandbox):
    token = sandbox.sandbox.provider.session(iss="https://elsewhere.example")

    ended = tidegate("verify", token)

    assert ended.status == 1
    assert "The token's issuer (iss) is none of the configured ones; they are compared byte for byte" in ended.out
    assert f"and a slash at the end. Configured: {sandbox.issuer_url}.\n" in ended.out
    assert "elsewhere" not in ended.out + ended.err


def test_a_refused_token_is_1_with_setting_and_mend(tidegate, sandbox):
    token = sandbox.sandbox.provider.session(azp="https://elsewhere.example")

    ended = tidegate("verify", token)

    assert ended.status == 1
    assert re.findall(r"^FAIL +(\S+)", ended.out, re.MULTILINE) == ["authorized-party"]
    assert "Setting: CLERK_AUTHORIZED_PARTIES" in ended.out
    assert "Mend: " in ended.out
    assert "Refused: 401 authorized_party_mismatch" in ended.out
    assert all(part not in ended.out + ended.err for part in token.split("."))
    assert "elsewhere" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("at", "status"),
    [
        (lambda now: str(now + 30), 0),
        (lambda now: str(now + 90), 1),
        (lambda now: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 30)), 0),
        (lambda now: time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now - 600)), 1),
        (lambda _: "yesterday", 2),
        (lambda _: "nan", 2),
        (lambda _: "1e30", 2),
    ],
)
def test_it_judges_as_of_a_time(tidegate, sandbox, at, status):
    now = int(time.time())
    token = sandbox.sandbox.provider.session(iat=now, nbf=now, exp=now + 60)

    assert tidegate("verify", token, "--at", at(now)).status == status


def test_a_pem_needs_no_network(tidegate, sandbox, monkeypatch):
    settings = {
        "STREAM_API_KEY": "q7w2x9c4v8b5",
        "STREAM_API_SECRET": "k3yq8zt7wv5xu2ns4rm6pj9hg1fc0dba",
        "TIDEGATE_OIDC_ISSUER": "https://login.example.com",
        "TIDEGATE_OIDC_PEM": sandbox.sandbox.provider.public_pem().replace("\n", "\\n"),
    }
    for name, text in settings.items():
        monkeypatch.setenv(name, text)
    sandbox.sandbox.provider.fail("down")
    before = sandbox.sandbox.provider.jwks_fetches

    # A PEM is a key without an id; a token that names one is served by it all the same.
    ended = tidegate("verify", sandbox.sandbox.provider.session(iss="https://login.example.com"))

    assert ended.status == 0, ended.out
    assert sandbox.sandbox.provider.jwks_fetches == before


@pytest.mark.anyio
async def test_keys_on_disk_serve_while_the_key_server_is_down(sandbox, workplace):
    settings = settings_for(sandbox, workplace)
    token = sandbox.sandbox.provider.session().encode()
    async with open_gate(sandbox, workplace):
        pass  # the service leaves its keys there
    sandbox.sandbox.provider.fail("down")

    verdict = await anyio.to_thread.run_sync(judge, settings, token)
    elsewhere = await anyio.to_thread.run_sync(judge, settings_for(sandbox, workplace / "elsewhere"), token)

    assert verdict.accepted, verdict
    assert elsewhere.refusal.reason == "identity_unavailable"


def test_without_an_issuer_it_says_what_to_add(tidegate, monkeypatch):
    monkeypatch.setenv("STREAM_API_KEY", "q7w2x9c4v8b5")
    monkeypatch.setenv("STREAM_API_SECRET", "k3yq8zt7wv5xu2ns4rm6pj9hg1fc0dba")

    ended = tidegate("verify", "a.b.c")

    assert ended.status == 1
    assert "503 issuer_not_configured" in ended.out
    assert "CLERK_PUBLISHABLE_KEY" in ended.out


@pytest.mark.parametrize("text", ["", "  \n", "Bearer "])
def test_without_a_token_it_says_so(tidegate, monkeypatch, text):
    give(monkeypatch, text)

    assert tidegate("verify").status == 2


def test_without_a_sandbox_and_with_nothing_configured_it_says_so(tidegate):
    ended = tidegate("verify", "a.b.c")

    assert ended.status == 1
    assert "no sandbox is running" in ended.err


def test_saved_keys_need_no_network(tidegate, sandbox, workplace, monkeypatch):
    saved = tidegate("issuer", "keys", "--save", "keys.json")
    assert saved.status == 0, saved.err
    assert sandbox.sandbox.provider.kid() in saved.out
    for name, text in {
        "STREAM_API_KEY": "q7w2x9c4v8b5",
        "STREAM_API_SECRET": "k3yq8zt7wv5xu2ns4rm6pj9hg1fc0dba",
        "CLERK_JWT_ISSUER": sandbox.issuer_url,
        "TIDEGATE_STATE_DIR": str(workplace / "elsewhere"),
    }.items():
        monkeypatch.setenv(name, text)
    token = sandbox.sandbox.provider.session(no_azp=True)
    sandbox.sandbox.provider.fail("down")
    before = sandbox.sandbox.provider.jwks_fetches

    ended = tidegate("verify", token, "--keys", "keys.json")
    stranger_ended = tidegate("verify", stranger(sandbox).session(), "--keys", "keys.json")

    assert ended.status == 0, ended.out + ended.err
    assert (stranger_ended.status, "key_unknown" in stranger_ended.out) == (1, True)
    assert sandbox.sandbox.provider.jwks_fetches == before


def test_saved_keys_of_other_issuers_do_not_count(tidegate, sandbox, workplace):
    (workplace / "keys.json").write_text(
        json.dumps({"issuers": [{"issuer": "https://other.example", "jwks": sandbox.sandbox.provider.jwks()}]})
    )

    ended = tidegate("verify", sandbox.sandbox.provider.session(), "--keys", "keys.json")

    assert (ended.status, "identity_unavailable" in ended.out) == (1, True)


def test_a_file_that_holds_no_keys_is_said(tidegate, sandbox, workplace):
    (workplace / "keys.json").write_text("{}")

    ended = tidegate("verify", sandbox.sandbox.provider.session(), "--keys", "keys.json")

    assert (ended.status, ended.out) == (1, "")
    assert "the file holds no key set" in ended.err


def test_details_name_the_setting_of_every_check(tidegate, sandbox):
    ended = tidegate("verify", sandbox.sandbox.provider.session(), "--details")

    assert ended.status == 0
    assert len(re.findall(r"^ +Mend: ", ended.out, re.MULTILINE)) == 16
    assert len(re.findall(r"^ +Setting: ", ended.out, re.MULTILINE)) == 15


def test_json_says_the_same_and_nothing_of_the_token(tidegate, sandbox):
    for session_token, reason in (
        (sandbox.sandbox.provider.session(), None),
        (sandbox.sandbox.provider.session(expired=True), "token_expired"),
    ):
        ended = tidegate("verify", session_token, "--json")
        said = json.loads(ended.out)
        assert (said["accepted"], said["reason"], ended.status) == (reason is None, reason, 0 if reason is None else 1)
        assert len(said["checks"]) == 16
        assert all(part not in ended.out for part in session_token.split("."))


def test_the_keys_that_issuers_publish(tidegate, sandbox):
    sandbox.sandbox.provider.extra_keys = [{"kty": "oct", "kid": "shared", "k": "c2VjcmV0"}]

    rows = json.loads(tidegate("issuer", "keys", "--json").out)

    # An earlier test may have rotated the keys of this sandbox, which goes on showing the old ones.
    assert {row["kid"] for row in rows} == {key["kid"] for key in sandbox.sandbox.provider.jwks()["keys"]}
    assert {sandbox.sandbox.provider.kid(one) for one in ("RS256", "ES256")} < {row["kid"] for row in rows}
    assert [row["state"].startswith("not used: the key ") for row in rows if row["kid"] == "shared"] == [True]
    assert tidegate("issuer", "keys", "nobody").status == 2
    sandbox.sandbox.provider.fail("unavailable")
    ended = tidegate("issuer", "keys")
    assert (ended.status, "503" in ended.err) == (1, True)

"""Actions of the console that hit many: each asks for a word, and does what the operator's API does."""

import json
import re

import pytest
from pydantic import SecretStr

from support.console import opened, token_in
from support.ledgers import entry_lines
from support.operating import KEYS, VIEWER
from tidegate.app.ledger import ledger_folder
from tidegate.clock import rfc3339
from tidegate.credentials import Generation, Pair
from tidegate.identity.distrust.service import KeyDistrust, Refused

pytestmark = pytest.mark.anyio
OPERATED_BY = KEYS
WIDE = ("revoke_span", "revoke_all", "retire", "distrust", "distrust_issuer")


async def token_of(browser):
    return token_in((await browser.get("/console")).text)


async def act(browser, name, **fields):
    """The question and the answer to it, as the page sends them."""
    form = {"token": await token_of(browser), "action": name, **fields}
    asked = await browser.post("/console/confirm", data=form)
    return asked, await browser.post(f"/console/actions/{name}", data=form)


async def reason_of(gate, session):
    return (await gate.exchange(session)).json().get("reason", "issued")


async def test_everybody_is_revoked_only_where_the_word_was_typed(gate):
    session = gate.session("ada")
    assert await reason_of(gate, session) == "issued"
    async with opened(gate) as browser, gate.operator() as otto:
        for word in ({}, {"word": ""}, {"word": "Everybody"}, {"word": "yes"}):
            asked, done = await act(browser, "revoke_all", **word)
            assert "Revoke everybody?" in asked.text
            assert "<code>everybody</code>" in asked.text
            assert (done.status_code, "request_invalid" in done.text) == (400, True)
        assert await reason_of(gate, session) == "issued"
        assert (await otto.get("/operator/v1/revocations")).json()["revocations"] == []

        _, done = await act(browser, "revoke_all", word=" everybody ")
        assert (done.status_code, done.headers["location"]) == (303, "/console")
        assert "tokens and sessions are revoked" in (await browser.get("/console")).text
        assert await reason_of(gate, session) == "session_revoked"
        (cut,) = (await otto.get("/operator/v1/revocations")).json()["revocations"]
        assert (cut["issued_from"], cut["changed_by"]) == (None, "otto")


async def test_each_stands_in_the_ledger_under_the_operators_name(gate_with):
    async with gate_with() as gate, opened(gate) as browser:
        for name, fields in (
            ("revoke_all", {"word": "everybody"}),
            ("revoke_span", {"first": "2026-03-01T12:00", "last": "2026-03-01T13:00", "word": "revoke"}),
            ("distrust", {"issuer": "sandbox", "kid": "none-such", "word": "sandbox"}),
            ("distrust_issuer", {"issuer": "sandbox", "word": ""}),
        ):
            await act(browser, name, **fields)
    lines = [json.loads(line) for line in entry_lines(ledger_folder(gate.runtime.settings))]
    noted = [
        (one["operator"], one["route"].removeprefix("/console/actions/"), one["status"])
        for one in lines
        if one["event"] == "operated" and one["route"].startswith("/console/actions/")
    ]
    assert noted == [
        ("otto", "revoke_all", 303),
        ("otto", "revoke_span", 303),
        ("otto", "distrust", 303),
        ("otto", "distrust_issuer", 400),
    ]


async def test_a_span_is_given_as_a_browser_has_it_and_meant_as_utc(gate):
    session, now = gate.session("ada"), gate.clock.now()
    first, last = (rfc3339(at).removesuffix("Z") for at in (now - 3_600, now))
    async with opened(gate) as browser, gate.operator() as otto:
        asked, done = await act(browser, "revoke_span", first=first, last=last)
        assert (asked.status_code, done.status_code) == (200, 400), "the word is missing"
        assert await reason_of(gate, session) == "issued"
        _, done = await act(browser, "revoke_span", first=first, last=last, word="revoke")
        assert done.status_code == 303
        assert await reason_of(gate, session) == "session_revoked"
        minutes = {"first": "2026-03-01T12:00", "last": "2026-03-01T13:30"}
        asked, done = await act(browser, "revoke_span", **minutes, word="revoke")
        assert done.status_code == 303
        assert "from 2026-03-01T12:00:00Z to 2026-03-01T13:30:00Z" in asked.text
        found = (await otto.get("/operator/v1/revocations")).json()["revocations"]
    assert {(one["issued_from"], one["changed_by"]) for one in found} == {
        (f"{first}Z", "otto"),
        ("2026-03-01T12:00:00Z", "otto"),
    }


async def test_a_span_that_is_none_is_refused_before_anything_is_asked(gate):
    async with opened(gate) as browser, gate.operator() as otto:
        for first, last in (
            ("2026-03-01T12:00", "2026-03-01T11:00"),
            ("2026-03-01T12:00", "2996-03-01T11:00"),
            ("2026-03-01", "2026-03-02"),
            ("", "2026-03-02T00:00"),
            ("2026-03-01T25:00", "2026-03-02T00:00"),
            ("<b>", "2026-03-02T00:00"),
        ):
            asked, done = await act(browser, "revoke_span", first=first, last=last, word="revoke")
            assert (asked.status_code, done.status_code) == (400, 400), (first, last)
            assert "<b>" not in asked.text
        assert (await otto.get("/operator/v1/revocations")).json()["revocations"] == []


async def test_a_generation_is_retired_by_its_name(sandbox, gate_with):
    key, secret = sandbox.sandbox.stream.add_pair()
    async with gate_with(next_api_key=key, next_api_secret=SecretStr(secret)) as gate, opened(gate) as browser:
        old, new = gate.runtime.credentials.primary.id, Generation(Pair(key, secret)).id
        await gate.exchange(gate.session())
        await gate.runtime.rotation.look()
        await act(browser, "promote", generation=new, cut_over="no")
        page = (await browser.get("/console")).text
        assert (f'id="retire-{old}"' in page, f'id="retire-{new}"' in page) == (True, False)

        asked, done = await act(browser, "retire", generation=new, now="yes", word=new)
        assert (asked.status_code, done.status_code) == (409, 409), "it signs"
        asked, done = await act(browser, "retire", generation=old, now="yes")
        assert f"<code>{old}</code>" in asked.text
        assert done.status_code == 400, "the word is missing"
        asked, done = await act(browser, "retire", generation=old, now="no")
        assert done.status_code == 409, "tokens of it are out"
        assert gate.runtime.rotation.ring.get(old).state == "draining"

        _, done = await act(browser, "retire", generation=old, now="yes", word=old)
        assert done.status_code == 303
        assert gate.runtime.rotation.ring.get(old).state == "retired"
        assert f"Generation {old} is retired." in (await browser.get("/console")).text
        asked, _ = await act(browser, "retire", generation="none", now="yes", word="none")
        assert asked.status_code == 409


async def test_a_key_is_distrusted_by_the_issuers_name(gate):
    session, kid = gate.session("ada"), gate.sandbox.sandbox.provider.kid()
    assert await reason_of(gate, session) == "issued"
    async with opened(gate) as browser, gate.operator() as otto:
        (issuer,) = (await otto.get("/operator/v1/issuers")).json()["issuers"]
        (thumbprint,) = (key["thumbprint"] for key in issuer["keys"] if key["kid"] == kid)
        assert f'value="{thumbprint}"' in (await browser.get("/console")).text
        asked, done = await act(browser, "distrust", issuer="sandbox", kid=thumbprint)
        assert re.search(rf"{len(issuer['keys']) - 1} other keys? of this issuer", asked.text)
        assert (done.status_code, await reason_of(gate, session)) == (400, "issued"), "the word is missing"
        _, done = await act(browser, "distrust", issuer="sandbox", kid=thumbprint, word="sandbox")
        assert done.status_code == 303
        assert "1 key of sandbox that was in use is refused from now on." in (await browser.get("/console")).text
        assert await reason_of(gate, session) == "key_unknown"
        await act(browser, "distrust", issuer="sandbox", kid="none-such", word="sandbox")
        assert "No key of that name was in use by sandbox" in (await browser.get("/console")).text
        for issuer, kid, status in (("none", "x", 404), ("sandbox", "", 400), ("sandbox", "x\n", 400)):
            asked, done = await act(browser, "distrust", issuer=issuer, kid=kid, word=issuer)
            assert (asked.status_code, done.status_code) == (status, status)


async def test_every_key_of_an_issuer_is_distrusted_and_then_there_is_none(gate):
    session = gate.session("ada")
    assert await reason_of(gate, session) == "issued"
    async with opened(gate) as browser:
        asked, done = await act(browser, "distrust_issuer", issuer="sandbox", word="sandbx")
        assert "one that it publishes later is accepted" in asked.text
        assert (done.status_code, await reason_of(gate, session)) == (400, "issued")
        _, done = await act(browser, "distrust_issuer", issuer="sandbox", word="sandbox")
        assert done.status_code == 303
        assert "that were in use are refused from now on." in (await browser.get("/console")).text
        assert await reason_of(gate, session) != "issued"
        asked, done = await act(browser, "distrust_issuer", issuer="sandbox", word="sandbox")
        assert (asked.status_code, done.status_code) == (409, 409), "none is left"


async def test_a_key_that_other_replicas_could_not_be_told_of_is_bad_news(gate, monkeypatch):
    async def alone(*_):
        return Refused(in_use=True, kept=True, shared=False)

    monkeypatch.setattr(KeyDistrust, "refuse", alone)
    async with opened(gate) as browser:
        _, done = await act(browser, "distrust", issuer="sandbox", kid="x", word="sandbox")
        assert done.status_code == 303
        page = (await browser.get("/console")).text
    assert 'data-bad="yes">1 key of sandbox that was in use is refused from now on. The database could not be' in page


async def test_a_viewer_a_stranger_and_another_origin_can_do_none_of_it(gate):
    fields = {"first": "2026-03-01T12:00", "last": "2026-03-01T13:00", "generation": "x", "now": "yes"}
    fields |= {"issuer": "sandbox", "kid": "x", "word": "everybody"}
    async with opened(gate, VIEWER) as vera, opened(gate) as otto, gate.operator(key=None) as stranger:
        page = (await vera.get("/console")).text
        assert "Distrust" not in page
        for name in WIDE:
            seen = await vera.post(f"/console/actions/{name}", data={**fields, "token": token_in(page)})
            assert (seen.status_code, "operator_role_refused" in seen.text) == (403, True)
            forged = await otto.post(f"/console/actions/{name}", data={**fields, "token": token_in(page)})
            assert forged.status_code == 403
            form = {**fields, "token": await token_of(otto)}
            far = await otto.post(f"/console/actions/{name}", data=form, headers={"Origin": "https://evil.example"})
            assert (far.status_code, "origin_refused" in far.text) == (403, True)
            no = await stranger.post(
                f"/console/actions/{name}", data=fields, headers={"Origin": "http://127.0.0.1:8001"}
            )
            assert no.status_code == 401
        async with gate.operator() as api:
            assert (await api.get("/operator/v1/revocations")).json()["revocations"] == []
    assert await reason_of(gate, gate.session()) == "issued"

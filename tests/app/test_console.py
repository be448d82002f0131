"""The console over HTTP: who gets in, who does not, what is shown, done and recorded."""

import re

import anyio
import pytest
import structlog
from markupsafe import escape

from support.console import enter, opened, signed_in, token_in
from support.operating import KEYS, OPERATOR, VIEWER

pytestmark = pytest.mark.anyio

OPERATED_BY = KEYS

EVIL = "<img src=x onerror=alert(1)>\"'{{7*7}}"


async def test_a_stranger_sees_the_sign_in_page_and_nothing_else(gate):
    async with gate.operator(key=None) as browser:
        home = await browser.get("/console")
        assert (home.status_code, home.headers["location"]) == (303, "/console/login")
        assert "tidegate console login" in (await browser.get("/console/login")).text
        for path in ("/console/live", "/console/figures"):
            assert (await browser.get(path)).status_code == 401
        for path in ("/console/confirm", "/console/actions/ban", "/console/actions/probe", "/console/logout"):
            answer = await browser.post(path, data={"user": "ada"}, headers={"Origin": "http://127.0.0.1:8001"})
            assert answer.status_code == 401
        for path in ("/console/none", "/console/", "/console/%2e%2e/livez", "/console/static/x/console.css"):
            assert (await browser.get(path)).status_code in {303, 404}
        assert (await gate.client.get("/console")).status_code == 404, "the main listener has no console"


async def test_a_session_of_the_app_or_an_operators_key_opens_no_page(gate):
    session = gate.session("ada", role="operator", admin=True)
    async with gate.operator(key=None) as browser:
        for value in (session, OPERATOR):
            for headers in (
                {"Authorization": f"Bearer {value}"},
                {"Cookie": f"tidegate-console-8001={value}"},
                {"Cookie": f"__session={value}"},
                {"Cookie": f"__Host-tidegate-console={value}"},
            ):
                answer = await browser.get("/console", headers=headers)
                assert (answer.status_code, answer.headers["location"]) == (303, "/console/login")
            assert (await enter(browser, value)).status_code == 401


async def test_a_link_works_once_and_for_two_minutes(gate):
    async with gate.operator() as otto, gate.operator(key=None) as browser:
        made = (await otto.post("/operator/v1/console/links")).json()
        path, _, code = made["path"].partition("#")
        assert (path, made["seconds"], len(code)) == ("/console/login", 120, 43)
        first, second = await enter(browser, code), await enter(browser, code)
        assert (first.status_code, second.status_code) == (303, 401)
        late = (await otto.post("/operator/v1/console/links")).json()["path"].partition("#")[2]
        gate.clock.shift += 121
        assert (await enter(browser, late)).status_code == 401


async def test_a_link_needs_a_key(gate):
    async with gate.operator(key=None) as stranger:
        assert (await stranger.post("/operator/v1/console/links")).status_code == 401
        assert (await stranger.get("/operator/v1/console/links")).status_code == 401


async def test_the_cookie_is_for_this_host_this_page_and_no_script(gate):
    async with opened(gate) as browser:
        (cookie,) = browser.answer.headers.get_list("set-cookie")
        assert re.fullmatch(
            r"tidegate-console-8001=[A-Za-z0-9_-]{43}; Path=/console; HttpOnly; SameSite=Strict", cookie
        )


async def test_over_https_the_cookie_is_bound_to_the_host(gate_with):
    async with (
        gate_with(operator_hosts=("ops.example",)) as gate,
        opened(gate, url="https://ops.example") as browser,
    ):
        (cookie,) = browser.answer.headers.get_list("set-cookie")
        secret = r"__Host-tidegate-console=[A-Za-z0-9_-]{43}"
        assert re.fullmatch(rf"{secret}; Path=/; HttpOnly; SameSite=Strict; Secure", cookie)
        assert "Sign out" in (await browser.get("/console")).text


async def test_a_session_that_a_browser_brings_along_is_never_taken_over(gate):
    async with gate.operator(key=None) as browser:
        planted = "A" * 43
        browser.cookies.set("tidegate-console-8001", planted, path="/console")
        answer = await signed_in(gate, browser)
        assert planted not in answer.headers["set-cookie"]
        before = browser.cookies["tidegate-console-8001"] if len(browser.cookies) == 1 else None
        async with gate.operator(key=None) as other:
            other.cookies.set("tidegate-console-8001", planted)
            assert (await other.get("/console")).status_code == 303
        assert before != planted


async def test_signing_in_again_ends_the_session_before(gate):
    async with opened(gate) as browser:
        old = browser.cookies["tidegate-console-8001"]
        await signed_in(gate, browser)
        async with gate.operator(key=None) as other:
            other.cookies.set("tidegate-console-8001", old)
            assert (await other.get("/console")).status_code == 303


async def test_a_session_ends_by_idleness_by_age_and_by_signing_out(gate_with):
    async with gate_with(console_idle_seconds=60, console_session_seconds=300) as gate:
        async with opened(gate) as browser:
            for _ in range(5):
                gate.clock.shift += 55
                assert (await browser.get("/console")).status_code == 200
            gate.clock.shift += 55
            assert (await browser.get("/console")).status_code == 303, "300 s in all"
        async with opened(gate) as browser:
            gate.clock.shift += 61
            assert (await browser.get("/console")).status_code == 303, "60 s idle"
        async with opened(gate) as browser:
            token = token_in((await browser.get("/console")).text)
            left = await browser.post("/console/logout", data={"token": token})
            assert (left.status_code, left.headers["location"]) == (303, "/console/login")
            assert (await browser.get("/console")).status_code == 303


async def test_the_table_of_sessions_is_bounded(gate_with):
    async with gate_with(console_sessions=4) as gate:  # two for each of two names
        async with opened(gate) as first, opened(gate) as second:
            gate.clock.shift += 1
            assert (await second.get("/console")).status_code == 200
            async with opened(gate) as third:
                found = [(await one.get("/console")).status_code for one in (first, second, third)]
        assert found == [303, 200, 200], "the quietest goes"


async def test_guesses_are_limited_and_a_right_link_works_all_the_same(gate_with):
    async with gate_with(operator_failures_per_minute=3) as gate, gate.operator(key=None) as browser:
        found = [(await enter(browser, "x" * 43)).status_code for _ in range(5)]
        assert found == [401, 401, 401, 429, 429]
        assert (await signed_in(gate, browser)).status_code == 303


async def test_a_page_of_another_origin_or_name_gets_nothing(gate):
    async with opened(gate) as browser:
        token = token_in((await browser.get("/console")).text)
        form = {"token": token, "action": "revoke", "user": "ada"}
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:9999"},
            {"Origin": "http://127.0.0.1:8001", "Sec-Fetch-Site": "same-site"},
            {"Origin": "http://127.0.0.1:8001", "Sec-Fetch-Site": "cross-site"},
        ):
            for path in ("/console/actions/revoke", "/console/confirm", "/console/login", "/console/logout"):
                answer = await browser.post(path, data=form, headers=headers)
                assert (answer.status_code, "origin_refused" in answer.text) == (403, True)
        for path in ("/console", "/console/live", "/console/figures"):
            answer = await browser.get(path, headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.status_code == 403
        assert (await browser.get("/console", headers={"Host": "evil.example"})).status_code == 421
    async with gate.operator(key=None) as plain:
        answer = await plain.request("POST", "/console/login", data={"code": "x"}, headers={"Sec-Fetch-Site": "none"})
        assert answer.status_code == 403, "a form without an origin"


async def test_a_person_may_follow_a_link_from_elsewhere_to_a_page(gate):
    follows = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    async with gate.operator(key=None) as browser:
        assert (await browser.get("/console/login", headers=follows)).status_code == 200
        framed = {**follows, "Sec-Fetch-Dest": "iframe"}
        assert (await browser.get("/console/login", headers=framed)).status_code == 403
        assert (await browser.post("/console/login", headers=follows)).status_code == 403
        assert (await browser.get("/console/login", headers={**follows, "Host": "evil.example"})).status_code == 421


async def test_a_form_needs_the_token_of_its_browser(gate):
    async with opened(gate) as browser, opened(gate) as other:
        foreign = token_in((await other.get("/console")).text)
        for token in ("", "x", foreign, "ü"):
            for path in ("/console/actions/revoke", "/console/confirm", "/console/logout"):
                answer = await browser.post(path, data={"token": token, "action": "revoke", "user": "ada"})
                assert answer.status_code == 403
        answer = await browser.post("/console/actions/revoke", data={"user": "ada"})
        assert answer.status_code == 403
        async with gate.operator() as otto:
            assert (await otto.get("/operator/v1/standing")).json()["users"] == []


async def test_a_viewer_sees_everything_and_no_button_and_is_refused(gate):
    async with opened(gate, VIEWER) as vera:
        page = (await vera.get("/console")).text
        assert 'action="/console/confirm"' not in page
        assert "vera" in page
        token = token_in(page)
        for path in ("/console/confirm", *(f"/console/actions/{one}" for one in ("ban", "unban", "revoke", "promote"))):
            answer = await vera.post(path, data={"token": token, "action": "ban", "user": "ada"})
            assert (answer.status_code, "operator_role_refused" in answer.text) == (403, True)
        assert (await vera.post("/console/logout", data={"token": token})).status_code == 303


async def test_a_ban_asks_first_then_holds_and_stands_in_the_ledger_and_the_log(gate):
    person = gate.session("ada")
    user = (await gate.exchange(person)).json()["user_id"]
    async with opened(gate) as browser, gate.operator() as otto:
        token = token_in((await browser.get("/console")).text)
        form = {"token": token, "action": "ban", "user": user, "span": "24h", "reason": "spam & <b>more</b>"}
        asked = await browser.post("/console/confirm", data=form)
        assert asked.status_code == 200
        assert f"Ban {user}?" in asked.text
        assert "spam &amp; &lt;b&gt;more&lt;/b&gt;" in asked.text
        assert (await gate.exchange(person)).status_code == 200, "nothing was done yet"
        with structlog.testing.capture_logs() as events:
            done = await browser.post("/console/actions/ban", data=form)
        assert (done.status_code, done.headers["location"]) == (303, "/console")
        refused = await gate.exchange(person)
        assert (refused.status_code, refused.json()["reason"]) == (403, "subject_banned")
        page = (await browser.get("/console")).text
        assert f"{user} is banned for 24 hours" in page
        assert f"{user} is banned for 24 hours" not in (await browser.get("/console")).text, "it is said once"
        (known,) = (await otto.get("/operator/v1/standing")).json()["users"]
        assert (known["user"], known["changed_by"]) == (user, "otto")
        calls = [one for one in events if one["event"] == "operator_call"]
        assert [(one["operator"], one["route"], one["status"]) for one in calls] == [
            ("otto", "/console/actions/ban", 303)
        ]
        again = {"token": token, "user": user}
        assert (await browser.post("/console/actions/unban", data=again)).status_code == 303
        gate.clock.shift += 10
        assert (await gate.exchange(gate.session("ada"))).status_code == 200


async def test_what_does_not_fit_is_said_and_nothing_is_done(gate):
    async with opened(gate) as browser, gate.operator() as otto:
        token = token_in((await browser.get("/console")).text)
        for path, form in (
            ("confirm", {"action": "none"}),
            ("confirm", {"action": "ban", "user": "ada", "span": "9y", "reason": ""}),
            ("actions/ban", {"user": "ada", "span": "", "reason": "x" * 201}),
            ("actions/ban", {"user": EVIL, "span": "", "reason": ""}),
            ("actions/ban", {"user": "ada"}),
            ("actions/revoke", {"user": "tg-@operator"}),
        ):
            answer = await browser.post(f"/console/{path}", data={"token": token, **form})
            assert (answer.status_code, "request_invalid" in answer.text) == (400, True), (path, form)
        for path, form in (("confirm", {"action": "probe", "probe": "none"}), ("actions/probe", {"probe": "none"})):
            assert (await browser.post(f"/console/{path}", data={"token": token, **form})).status_code == 404
        twice = await browser.post(
            "/console/actions/revoke",
            content=f"token={token}&user=a&user=b",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert twice.status_code == 400
        as_json = await browser.post("/console/actions/revoke", json={"token": token, "user": "ada"})
        assert as_json.status_code == 400
        huge = await browser.post("/console/actions/revoke", data={"token": token, "user": "x" * 70_000})
        assert huge.status_code == 413
        assert (await otto.get("/operator/v1/standing")).json()["users"] == []


async def test_nothing_that_somebody_wrote_becomes_markup(gate):
    async with opened(gate) as browser:
        token = token_in((await browser.get("/console")).text)
        form = {"token": token, "action": "ban", "user": "ada", "span": "", "reason": EVIL}
        asked = await browser.post("/console/confirm", data=form)
        assert (asked.status_code, str(escape(EVIL)) in asked.text) == (200, True)
        answers = [asked]
        for action in ("ban", "revoke", "unban", "promote", "probe", EVIL):
            form = dict.fromkeys(("user", "span", "reason", "generation", "cut_over", "probe"), EVIL)
            answers += [
                await browser.post("/console/confirm", data={**form, "token": token, "action": action}),
                await browser.post(f"/console/actions/{action}", data={**form, "token": token}),
            ]
        assert {answer.status_code for answer in answers[1:]} <= {400, 404, 409}
        assert [answer for answer in answers if "<img src=x" in answer.text] == []


async def test_a_probe_is_run_by_hand(gate):
    async with opened(gate) as browser:
        page = (await browser.get("/console")).text
        form = {"token": token_in(page), "action": "probe", "probe": "credentials"}
        asked = (await browser.post("/console/confirm", data=form)).text
        assert "It makes 1 call to Stream." in asked
        gate.clock.shift += 60
        assert (await browser.post("/console/actions/probe", data=form)).status_code == 303
        assert "credentials: ok." in (await browser.get("/console")).text


async def test_every_page_has_the_strict_headers(gate):
    async with opened(gate) as browser:
        for path in ("/console", "/console/login", "/console/none"):
            answer = await browser.get(path)
            if answer.status_code == 303:
                continue
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert not re.search(r"<script(?![^>]*\ssrc=)|\son[a-z]+=|\sstyle=|https?://(?!127\.0\.0\.1)", answer.text)


async def test_refusals_are_explained_without_anything_of_the_token(gate):
    await gate.exchange("not-a-session-at-all")
    async with opened(gate) as browser:
        with anyio.fail_after(5):
            while "token_malformed" not in (page := (await browser.get("/console")).text):
                await anyio.sleep(0.02)
    assert "The session token is malformed." in page
    assert "not-a-session-at-all" not in page


async def test_a_page_that_is_open_hears_of_a_change_and_of_its_end(gate_with):
    async with gate_with(console_streams=1) as gate, opened(gate) as browser:
        heard = []

        async def listen():
            async with browser.stream("GET", "/console/live") as answer:
                assert answer.headers["content-type"] == "text/event-stream"
                heard.extend([line async for line in answer.aiter_lines()])

        token = token_in((await browser.get("/console")).text)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            await anyio.sleep(0.1)
            with anyio.fail_after(5):
                await browser.post("/console/logout", data={"token": token})
    assert next(line for line in heard if line.startswith("event:")) == "event: clock"
    assert {"event: part", "event: word", "event: over"} <= set(heard)
    assert token in "".join(heard)


async def test_the_figures_are_for_those_who_signed_in_and_bounded(gate):
    async with opened(gate) as browser:
        found = (await browser.get("/console/figures?seconds=3600")).json()["figures"]
        assert set(found) >= {"exchanges", "refusals", "latency", "stream", "canary", "quota"}
        for text in ("0", "x", "-1", "86401", "1e9", "٣"):
            assert (await browser.get("/console/figures", params={"seconds": text})).status_code == 400


async def test_files_are_packed_and_kept_for_ever_by_what_is_in_them(gate):
    async with gate.operator(key=None) as browser:
        page = (await browser.get("/console/login")).text
        for path in re.findall(r'(?:src|href)="(/console/static/[^"]+)"', page):
            answer = await browser.get(path, headers={"Accept-Encoding": "gzip"})
            assert answer.status_code == 200
            assert answer.headers["content-encoding"] == "gzip"
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            plain = await browser.get(path, headers={"Accept-Encoding": "identity;q=1, gzip;q=0"})
            assert ("content-encoding" in plain.headers, plain.content) == (False, answer.content)
        assert (await browser.get("/console/static/0000000000000000/console.css")).status_code == 404
        assert (await browser.get(path.rpartition("/")[0] + "/..%2fpages.py")).status_code == 404

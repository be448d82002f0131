"""What logs say, and what they never say."""

import io
import json
import logging
import time

import pytest
import structlog

from tidegate import logs
from tidegate.clock import ManualClock

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"


@pytest.fixture
def stream():
    yield io.StringIO()
    structlog.reset_defaults()
    logging.getLogger().handlers = []


def test_secrets_end_at_the_last_net(stream):
    logs.configure("info", as_json=True, stream=stream)
    structlog.get_logger().warning(
        f"got {JWT}", session_token="abc", api_secret="xyz", note=f"Bearer {JWT}", count_of_tokens=3, error="plain"
    )
    line = json.loads(stream.getvalue())
    assert line["event"] == "got [hidden]"
    assert line["session_token"] == line["api_secret"] == "[hidden]"
    assert line["note"] == "Bearer [hidden]"
    assert (line["count_of_tokens"], line["error"], line["level"]) == (3, "plain", "warning")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_secret_is_found_inside_other_values(stream, as_json):
    logs.configure("info", as_json=as_json, stream=stream)
    structlog.get_logger().warning(
        "x", cause=ValueError(f"bad {JWT}\nforged=1"), listed=[JWT, 7], kept={"inner": (JWT, None)}, octets=JWT.encode()
    )
    assert JWT not in stream.getvalue()
    assert stream.getvalue().count("\n") == 1
    if as_json:
        line = json.loads(stream.getvalue())
        assert (line["listed"], line["kept"]) == (["[hidden]", 7], {"inner": ["[hidden]", None]})


def test_a_long_word_is_cleaned_in_no_time():
    began = time.perf_counter()
    assert logs.clean("a" * 40_000) == "a" * 40_000
    assert time.perf_counter() - began < 0.5
    assert logs.clean("secret clerk:whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw.") == "secret clerk:[hidden]."
    assert logs.clean(f"={JWT}, .{JWT}.") == "=[hidden], .[hidden]"


def test_an_exception_shows_where_and_not_what(stream):
    logs.configure("info", as_json=True, stream=stream)
    try:
        int(JWT)
    except ValueError:
        structlog.get_logger().exception("broke")
    shown = stream.getvalue()
    assert "test_an_exception_shows_where_and_not_what" in shown
    assert JWT not in shown


@pytest.mark.parametrize("as_json", [True, False])
def test_nobody_writes_a_second_line(stream, as_json):
    logs.configure("info", as_json=as_json, stream=stream)
    structlog.get_logger().warning("one\nlevel=critical two", name="a\r\nb\x1b[2J\u2028c")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b[2J" not in stream.getvalue()


def test_libraries_log_the_same_way(stream):
    logs.configure("info", as_json=True, stream=stream)
    logging.getLogger("some.library").warning("hello %s", JWT)
    line = json.loads(stream.getvalue())
    assert line["event"] == "hello [hidden]"
    assert line["level"] == "warning"


def test_the_line_of_a_request(stream):
    log = logs.RequestLog(ManualClock(1_700_000_000), stream, as_json=True)
    log.line("id-1", "POST", "/stream/token", 200, 0.0015, issuer="clerk", subject="ab12", trace="f" * 32)
    log.line("id-2", "GET", "unmatched", 404, 0.001, "not_found")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first == {
        "time": "2023-11-14T22:13:20Z",
        "event": "request",
        "request_id": "id-1",
        "method": "POST",
        "route": "/stream/token",
        "status": 200,
        "duration_ms": 1.5,
        "reason": "none",
        "issuer": "clerk",
        "subject": "ab12",
        "trace_id": "f" * 32,
    }
    assert second["reason"] == "not_found"
    assert "subject" not in second


@pytest.mark.anyio
async def test_lines_are_written_in_batches_and_flush_loses_none(stream):
    log = logs.RequestLog(ManualClock(), stream, as_json=False)
    for number in range(600):
        log.line(f"id-{number}", "GET", "/livez", 200, 0.001)
    written = stream.getvalue().count("\n")
    assert written == 512
    log.flush()
    assert stream.getvalue().count("\n") == 600


def test_a_closed_stream_does_not_end_the_service():
    tried = []

    class Closed(io.StringIO):
        def write(self, text):
            tried.append(text)
            return super().write(text)

    stream = Closed()
    stream.close()
    logs.RequestLog(ManualClock(), stream, as_json=True).line("id", "GET", "/", 200, 0.1)
    assert len(tried) == 1


@pytest.mark.parametrize(("log_format", "expected"), [("json", True), ("console", False), ("auto", True)])
def test_who_gets_json(log_format, expected):
    assert logs.wants_json(log_format, io.StringIO()) is expected

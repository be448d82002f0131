"""What the watch adds to an exchange: nothing. It reads counters that are there anyway, beside the requests."""

import sys
from pathlib import Path

import pytest

import tidegate
from support.operating import KEYS

pytestmark = pytest.mark.anyio

OPERATED_BY = KEYS
ROOM = Path(tidegate.__file__).parent


def rooms_called(shortcut, token):
    """The rooms of which code runs between a request and its answer."""
    files = set()
    headers = [(b"host", b"gate.test"), (b"authorization", b"Bearer " + token)]
    sys.setprofile(lambda frame, event, _: files.add(frame.f_code.co_filename) if event == "call" else None)
    try:
        status, _ = shortcut(headers, ("203.0.113.7", 40_000), "https")
    finally:
        sys.setprofile(None)
    return status, {Path(name).relative_to(ROOM).parts[0] for name in files if Path(name).is_relative_to(ROOM)}


async def test_an_exchange_calls_nothing_of_the_watch(gate_with):
    async with gate_with(canary="on", telemetry="on") as gate:
        shortcut = gate.runtime.app.shortcuts[b"/stream/token"]
        token = gate.session().encode()
        first, again = rooms_called(shortcut, token), rooms_called(shortcut, token)
        refused = rooms_called(shortcut, token[:-4] + b"AAAA")

    assert [status for status, _ in (first, again, refused)] == [200, 200, 401]
    assert all({"app", "tokens", "limits"} <= rooms for _, rooms in (first, again, refused))
    assert all(rooms.isdisjoint({"watch", "console"}) for _, rooms in (first, again, refused))

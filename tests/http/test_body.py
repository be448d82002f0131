"""The body of a request, as far as it comes."""

import pytest
from starlette.requests import Request

from tidegate.errors import Reason, Refusal
from tidegate.http.body import body_of

pytestmark = pytest.mark.anyio


def request(*messages, length=None):
    """A request whose body comes in these pieces; None: its sender leaves."""
    left = list(messages)

    async def receive():
        piece = left.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    headers = [] if length is None else [(b"content-length", length)]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


async def test_the_pieces_are_put_together():
    assert await body_of(request(b"ab", b"", b"c", length=b"3"), 3) == b"abc"


@pytest.mark.parametrize("length", [None, b"4", b"x", b"99999999999999999999"])
async def test_one_that_is_too_large_is_refused(length):
    with pytest.raises(Refusal) as refused:
        await body_of(request(b"ab", b"cd", length=length), 3)
    assert refused.value.reason is Reason.BODY_TOO_LARGE


async def test_a_sender_who_leaves_is_refused_and_is_no_error_of_ours():
    with pytest.raises(Refusal) as refused:
        await body_of(request(b"ab", None, length=b"10"), 10)
    assert refused.value.reason is Reason.REQUEST_INVALID
    assert refused.value.spec.status == 400

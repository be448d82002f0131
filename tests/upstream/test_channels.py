"""The calls of the canary, as they stand on the wire."""

import orjson
import pytest

from support.raw_stream import answer, raw_stream, refusal
from tidegate.credentials import Access
from tidegate.upstream.channels import ChannelName
from tidegate.upstream.errors import NotFound, ServerFault
from tidegate.upstream.model import StreamChannel

pytestmark = pytest.mark.anyio

CHANNEL = ChannelName("messaging", "tidegate-canary")
STAMP = "2026-03-01T12:00:00.000000Z"


def sent(stream):
    head, _, body = stream.requests[-1].partition(b"\r\n\r\n")
    return head.split(b" HTTP/")[0].decode(), head, orjson.loads(body)


async def test_the_channel_is_created_by_its_only_member(make_client):
    async with raw_stream(answer({"channel": {"created_at": STAMP, "truncated_at": 7}})) as stream:
        async with make_client(stream.url) as client:
            found = await client.channels.create(CHANNEL, by="tg-@canary")
        line, _, body = sent(stream)
    assert line == "POST /channels/messaging/tidegate-canary/query?api_key=abcd1234wxyz"
    assert body == {"data": {"created_by_id": "tg-@canary", "members": ["tg-@canary"]}, "state": False}
    assert found == StreamChannel(created_at=STAMP, truncated_at=None)


async def test_watching_is_the_users_own_call_and_names_the_socket_twice(make_client):
    async with raw_stream(answer({"channel": None})) as stream:
        async with make_client(stream.url) as client:
            found = await client.channels.watch(CHANNEL, "a b", access=Access("another", "user.token.x"))
        line, head, body = sent(stream)
    assert line == "POST /channels/messaging/tidegate-canary/query?api_key=another&connection_id=a%20b"
    assert b"user.token.x" in head
    assert (body["watch"], body["connection_id"]) == (True, "a b")
    assert found == StreamChannel()


async def test_a_message_is_sent_once_whatever_comes_of_it(make_client):
    async with raw_stream(refusal(-1, 500)) as stream:
        async with make_client(stream.url) as client:
            with pytest.raises(ServerFault):
                await client.channels.send(CHANNEL, "m1", "hello", by="tg-@canary")
        line, _, body = sent(stream)
        assert len(stream.requests) == 1
    assert line == "POST /channels/messaging/tidegate-canary/message?api_key=abcd1234wxyz"
    assert body["message"] == {"id": "m1", "text": "hello", "user_id": "tg-@canary"}
    assert body["skip_push"] is True


async def test_truncating_removes_for_good(make_client):
    async with raw_stream(answer({})) as stream:
        async with make_client(stream.url) as client:
            await client.channels.truncate(ChannelName("a/b", "../c"))
        line, _, body = sent(stream)
    assert line == "POST /channels/a%2Fb/..%2Fc/truncate?api_key=abcd1234wxyz"
    assert body == {"hard_delete": True, "skip_push": True}


async def test_a_channel_that_is_gone(make_client):
    async with raw_stream(refusal(16, 404)) as stream, make_client(stream.url) as client:
        with pytest.raises(NotFound):
            await client.channels.send(CHANNEL, "m1", "hello", by="tg-@canary")
    assert CHANNEL.cid == "messaging:tidegate-canary"

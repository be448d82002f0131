"""The calls that concern a channel: made for the canary, and for nothing else."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol
from urllib.parse import quote

from tidegate.credentials import Access
from tidegate.upstream.model import Operation, StreamChannel


class ChannelName(NamedTuple):
    """A channel: its type and its id within the type."""

    kind: str
    id: str

    @property
    def cid(self) -> str:
        """Both in one, as events name it."""
        return f"{self.kind}:{self.id}"


class Calling(Protocol):
    """How the client makes a call."""

    async def __call__(
        self,
        operation: Operation,
        *,
        query: str = "",
        body: Mapping[str, object] | None = None,
        attempts: int | None = None,
        parts: Mapping[str, str] = MappingProxyType({}),
        access: Access | None = None,
    ) -> tuple[Mapping[str, object], float | None]:
        """Make it; the answer's object and Stream's time."""
        ...


class Channels:
    """Get or create, watch, say something, forget what was said.

    Every method raises ``UpstreamError``, any of its kinds.

    Args:
        call: of the client that this belongs to.
    """

    __slots__ = ("_call",)

    def __init__(self, call: Calling) -> None:
        self._call = call

    async def create(self, channel: ChannelName, *, by: str) -> StreamChannel:
        """``POST /channels/{type}/{id}/query``: get the channel, made where it is not there.

        Args:
            channel: which one.
            by: the user who makes it, and its only member.
        """
        body = {"data": {"created_by_id": by, "members": [by]}, "state": False}
        answer, _ = await self._call(Operation.QUERY_CHANNEL, body=body, parts=_named(channel))
        return StreamChannel.from_answer(answer)

    async def watch(self, channel: ChannelName, connection_id: str, *, access: Access) -> StreamChannel:
        """``POST /channels/{type}/{id}/query`` as a user: hear what happens there on an open socket.

        How the call names the socket is not established: it is told in the query and in the body.

        Args:
            channel: which one.
            connection_id: of the socket, as its first frame says.
            access: key and token of the user who is connected.
        """
        body = {"watch": True, "state": False, "presence": False, "connection_id": connection_id}
        query = f"&connection_id={quote(connection_id, safe='')}"
        answer, _ = await self._call(
            Operation.QUERY_CHANNEL, query=query, body=body, parts=_named(channel), access=access
        )
        return StreamChannel.from_answer(answer)

    async def send(self, channel: ChannelName, message_id: str, text: str, *, by: str) -> None:
        """``POST /channels/{type}/{id}/message``: say something, once, without push notifications.

        It is not tried again: what Stream makes of an id that it has taken already is not established.

        Args:
            channel: where.
            message_id: unique.
            text: of the message.
            by: the user who says it.
        """
        message = {"id": message_id, "text": text, "user_id": by}
        body = {"message": message, "skip_push": True, "skip_enrich_url": True}
        await self._call(Operation.SEND_MESSAGE, body=body, attempts=1, parts=_named(channel))

    async def truncate(self, channel: ChannelName) -> None:
        """``POST /channels/{type}/{id}/truncate``: remove all messages for good.

        Args:
            channel: which one.
        """
        body = {"hard_delete": True, "skip_push": True}
        await self._call(Operation.TRUNCATE_CHANNEL, body=body, parts=_named(channel))


def _named(channel: ChannelName) -> dict[str, str]:
    return {"type": channel.kind, "id": channel.id}

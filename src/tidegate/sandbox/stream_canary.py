"""The one channel of the stand-in, for the canary alone.

Enough to see whether a message that was accepted also arrives, and no more: nothing
that was said is kept, there is one user, and what it hears is that user's own words.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any, Final

from tidegate.sandbox.faults import FaultKind, Faults
from tidegate.sandbox.stream_errors import Code, StreamFault, bad_input
from tidegate.sandbox.stream_model import timestamp
from tidegate.sandbox.stream_tokens import Caller, CallerKind

CANARY_USER: Final = "tg-@canary"
CANARY_CHANNEL: Final = ("messaging", "tidegate-canary")
SOCKETS_MOST: Final = 8
IDS_KEPT: Final = 64
TEXT_MOST: Final = 5000

Event = dict[str, Any]
Hear = Callable[[Event | None], None]
"""Takes an event to a socket; None breaks the connection."""

_PATH: Final = re.compile(r"/channels/([^/]+)/([^/]+)/[a-z]+")


class CanaryChannel:
    """The channel, its counts, and the sockets that watch it; used from the server's event loop.

    Args:
        now: seconds since the epoch by Stream's clock.
        faults: asked for each message whether its event is lost, late, or breaks the connection.

    Attributes:
        user_id: the only user who may connect.
        messages: since the channel was truncated.
        connects: sockets that were let in, ever.
    """

    def __init__(self, now: Callable[[], float], faults: Faults) -> None:
        self.user_id = CANARY_USER
        self._now = now
        self._faults = faults
        self.reset()

    def reset(self) -> None:
        """Begin anew: no channel, nobody who watches."""
        self.messages = 0
        self.connects = 0
        self._fields: dict[str, Any] | None = None
        self._sockets: dict[str, Hear] = {}
        self._watching: set[str] = set()
        self._ids: list[str] = []

    def connected(self, connection_id: str, hear: Hear) -> None:
        """A socket is open.

        Raises:
            StreamFault: code 9: too many are.
        """
        if len(self._sockets) >= SOCKETS_MOST:
            raise StreamFault(Code.RATE_LIMITED, f"more than {SOCKETS_MOST} sockets")
        self._sockets[connection_id] = hear
        self.connects += 1

    def gone(self, connection_id: str) -> None:
        """A socket is closed."""
        self._sockets.pop(connection_id, None)
        self._watching.discard(connection_id)

    def query(self, caller: Caller, path: str, body: dict[str, Any], connection_id: str | None) -> dict[str, Any]:
        """Get the channel, or create it; a connected user can ask to watch it.

        Args:
            caller: the server creates, the canary looks and watches.
            path: names the channel.
            body: of the call.
            connection_id: of the query; the body's counts as well.

        Raises:
            StreamFault: code 4, 16 or 17.
        """
        self._check(path)
        if caller.kind is CallerKind.SERVER:
            self._create(body)
        elif caller.user_id != self.user_id:
            raise StreamFault(Code.NOT_ALLOWED, "the sandbox has a channel for the canary alone")
        if self._fields is None:
            raise StreamFault(Code.NOT_ALLOWED, "the user may not create the channel")
        if body.get("watch") is True:
            self._watch(caller, connection_id or body.get("connection_id"))
        return {"channel": dict(self._fields), "messages": [], "members": [{"user_id": self.user_id}]}

    def send(self, path: str, message: dict[str, Any]) -> dict[str, Any]:
        """Take a message of the canary's, and tell whoever watches.

        Raises:
            StreamFault: code 4, 16 or 17.
        """
        self._check(path)
        if self._fields is None:
            raise StreamFault(Code.DOES_NOT_EXIST, "the channel does not exist")
        message_id, text, user = message.get("id"), message.get("text"), message.get("user_id")
        if user != self.user_id:
            raise StreamFault(Code.NOT_ALLOWED, "the sandbox has a channel for the canary alone")
        if not isinstance(message_id, str) or not message_id or message_id in self._ids:
            raise bad_input("the message needs an id of its own", id="missing or taken")
        if not isinstance(text, str) or len(text) > TEXT_MOST:
            raise bad_input(f"text is a string of at most {TEXT_MOST} characters", text="not a text")
        self.messages += 1
        self._ids = [*self._ids, message_id][-IDS_KEPT:]
        sent = {"id": message_id, "type": "regular", "user": {"id": user}, "created_at": timestamp(self._now())}
        self._publish({**self._event("message.new"), "message": {**sent, "text": text}, "user": {"id": user}})
        return {"message": sent}

    def truncate(self, path: str) -> dict[str, Any]:
        """Forget all messages.

        Raises:
            StreamFault: code 16.
        """
        self._check(path)
        if self._fields is None:
            raise StreamFault(Code.DOES_NOT_EXIST, "the channel does not exist")
        self.messages = 0
        self._fields["truncated_at"] = timestamp(self._now())
        self._publish(self._event("channel.truncated"))
        return {"channel": dict(self._fields)}

    def _create(self, body: dict[str, Any]) -> None:
        data = body.get("data")
        data = data if isinstance(data, dict) else {}
        if self._fields is None:
            by = data.get("created_by_id") or (data.get("created_by") or {}).get("id")
            if by != self.user_id or self.user_id not in data.get("members", []):
                raise bad_input("the channel is created by its only member", created_by="not the canary")
            kind, name = CANARY_CHANNEL
            at = timestamp(self._now())
            self._fields = {"id": name, "type": kind, "cid": f"{kind}:{name}", "created_at": at, "frozen": False}

    def _watch(self, caller: Caller, connection_id: object) -> None:
        if caller.kind is not CallerKind.USER or connection_id not in self._sockets:
            raise bad_input("watching needs a connected user", watch="not connected")
        self._watching.add(str(connection_id))

    def _check(self, path: str) -> None:
        found = _PATH.fullmatch(path)
        if found is None or found.groups() != CANARY_CHANNEL:
            raise StreamFault(Code.DOES_NOT_EXIST, "the sandbox has no channel but the canary's")

    def _event(self, kind: str) -> Event:
        channel_type, channel_id = CANARY_CHANNEL
        return {
            "type": kind,
            "created_at": timestamp(self._now()),
            "cid": f"{channel_type}:{channel_id}",
            "channel_id": channel_id,
            "channel_type": channel_type,
        }

    def _publish(self, event: Event) -> None:
        if self._faults.take_kinds(FaultKind.SOCKET_DROPPED):
            for hear in list(self._sockets.values()):
                hear(None)
        if self._faults.take_kinds(FaultKind.EVENTS_LOST):
            return
        delay = sum(fault.delay for fault in self._faults.take_kinds(FaultKind.EVENTS_LATE))
        loop = asyncio.get_running_loop()
        for connection_id in self._watching:
            loop.call_later(delay, self._tell, connection_id, event)

    def _tell(self, connection_id: str, event: Event) -> None:
        hear = self._sockets.get(connection_id)
        if hear is not None:
            hear(event)

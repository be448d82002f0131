"""What comes over the canary's socket, what can go wrong with it, and where it is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlencode

import orjson

from tidegate import __version__
from tidegate.errors import TidegateError

_DELIVERS: Final = frozenset({"message.new", "notification.message_new"})
"""Events that show a message's arrival. A member who watches gets the first alone; which of the two a
server-side message causes for one who has just begun to watch is not established, so both count."""


class Trouble(StrEnum):
    """Why the socket is of no use; label values of a metric."""

    UNREACHABLE = "unreachable"  # no connection at all
    UNTRUSTED = "untrusted"  # the certificate is not to be trusted
    TIMED_OUT = "timed_out"  # nothing was said in time
    NO_SOCKET = "no_socket"  # an HTTP answer instead of a socket
    REFUSED = "refused"  # Stream's own error
    BROKEN = "broken"  # it was open, and ended
    FLOODED = "flooded"  # more came than a canary can cause


class SocketError(TidegateError):
    """The socket could not be opened, or ended.

    It never holds the address: the token stands in that.

    Args:
        trouble: what happened.
        code: Stream's own error code, where it told one.
        status: the HTTP status, where there was one in place of a socket.
    """

    def __init__(self, trouble: Trouble, *, code: int | None = None, status: int | None = None) -> None:
        super().__init__(f"the canary's socket: {trouble.value} (status {status}, code {code})")
        self.trouble = trouble
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Frame:
    """What is of interest in one frame.

    Attributes:
        connection_id: by which a call names this socket; in the first frame.
        message_id: of a message that has arrived.
        error: Stream's code, or 0 where it told an error without one.
    """

    connection_id: str | None = None
    message_id: str | None = None
    error: int | None = None


def read_frame(octets: bytes | str) -> Frame:
    """Read a frame; whatever is unknown or malformed says nothing.

    The shape of an error on the socket is not established. An ``error`` object with the members of a
    REST error, and those members at the top level beside ``StatusCode``, are both taken for one.

    Args:
        octets: the frame's text.
    """
    try:
        value = orjson.loads(octets)
    except orjson.JSONDecodeError:
        return Frame()
    if not isinstance(value, dict):
        return Frame()
    fault = value.get("error")
    if isinstance(fault, dict) or "StatusCode" in value:
        return Frame(error=error_code(fault if isinstance(fault, dict) else value) or 0)
    message = value.get("message")
    delivered = value.get("type") in _DELIVERS and isinstance(message, dict)
    return Frame(
        connection_id=_text(value.get("connection_id")),
        message_id=_text(message.get("id")) if delivered and isinstance(message, dict) else None,
    )


def error_code(body: Mapping[str, object]) -> int | None:
    """Stream's code in the body of an error; None where there is none."""
    code = body.get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def socket_url(base_url: str, api_key: str, token: str, user_id: str) -> str:
    """The address of the socket; a secret, for the token stands in it.

    Which scheme belongs to a base URL of plain http is not established; there is one on loopback alone.

    Args:
        base_url: of Stream's API, ``https://`` or ``http://``.
        api_key: of the app.
        token: of the user.
        user_id: who connects.
    """
    scheme, _, rest = base_url.rstrip("/").partition("://")
    who = {"user_id": user_id, "user_details": {"id": user_id}, "server_determines_connection_id": True}
    query = {
        "api_key": api_key,
        "authorization": token,
        "stream-auth-type": "jwt",
        "X-Stream-Client": f"tidegate-{__version__}",
        "json": orjson.dumps(who).decode(),
    }
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/connect?{urlencode(query, quote_via=quote)}"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None

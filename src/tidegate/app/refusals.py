"""Answers that the server gives itself, because no application will see the request."""

import time
from collections.abc import Callable
from typing import Final

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from tidegate.clock import rfc3339
from tidegate.errors import PROBLEM_TYPES, REASONS, Reason
from tidegate.ids import RequestIds

_REASON_OF: Final = {
    "header_bytes": (Reason.HEADERS_TOO_LARGE, "Send a request head of fewer bytes; cookies are the usual cause."),
    "url_bytes": (Reason.HEADERS_TOO_LARGE, "Send a shorter request target."),
    "message_bytes": (Reason.BODY_TOO_LARGE, "Send a smaller body; the token routes need none."),
}


class Answers:
    """Renders whole HTTP answers, connection close included.

    Args:
        documentation_url: base of the problem ``type``, ending in a slash; or empty.
        wall_clock: seconds since 1970, for the web face's ``timestamp``.
    """

    def __init__(self, documentation_url: str, wall_clock: Callable[[], float] = time.time) -> None:
        self._types = documentation_url or PROBLEM_TYPES
        self._wall_clock = wall_clock
        self._ids = RequestIds()

    def render(self, limit: str, url: bytes) -> bytes:
        """The answer to a request that reached a limit.

        Args:
            limit: the limit's name; anything without a reason of its own is a malformed request.
            url: as much as is known of the request target; it only decides the shape.

        Returns:
            Status line, headers and body: RFC 9457, or the web face's shape under ``/api/``.
        """
        request_id = self._ids.next()
        if limit not in _REASON_OF:  # RFC 9457, section 4.2.1: nothing to say beyond the status
            status = 400
            body: dict[str, object] = {
                "type": "about:blank",
                "title": "Bad Request",
                "status": status,
                "detail": "The bytes received are not a valid HTTP/1.1 request.",
                "request_id": request_id,
            }
            return _whole(status, "application/problem+json", request_id, body)
        reason, detail = _REASON_OF[limit]
        spec = REASONS[reason]
        if url.startswith(b"/api/"):
            body = {
                "success": False,
                "error": spec.title,
                "reason": reason.value,
                "timestamp": rfc3339(self._wall_clock()),
            }
            return _whole(spec.status, "application/json", request_id, body)
        body = {
            "type": self._types + reason.value,
            "title": spec.title,
            "status": spec.status,
            "detail": detail,
            "reason": reason.value,
            "request_id": request_id,
        }
        return _whole(spec.status, "application/problem+json", request_id, body)


def _whole(status: int, media_type: str, request_id: str, body: dict[str, object]) -> bytes:
    content = orjson.dumps(body)
    head = (
        f"content-type: {media_type}\r\ncontent-length: {len(content)}\r\ncache-control: no-store\r\n"
        f"x-content-type-options: nosniff\r\nx-request-id: {request_id}\r\nconnection: close\r\n\r\n"
    )
    return STATUS_LINE[status] + head.encode("ascii") + content

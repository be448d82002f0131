"""The two shapes of an error: problem details, and the web face's own."""

from enum import StrEnum
from http import HTTPStatus

import orjson

from tidegate.clock import rfc3339
from tidegate.errors import PROBLEM_TYPES, Challenge, LimitExceeded, Refusal
from tidegate.http.answer import JSON, PROBLEM, Answer, Headers


class Face(StrEnum):
    """Whose clients parse the answer."""

    MOBILE = "mobile"
    WEB = "web"


def face_of(path: str) -> Face:
    """The web face has everything under ``/api/``."""
    return Face.WEB if path.startswith("/api/") else Face.MOBILE


class ErrorShapes:
    """Turns refusals into answers.

    Args:
        documentation: address of the page of reasons, or empty; a problem's ``type`` is this plus the reason code.
        detailed: whether the web face's ``error`` is the sentence for developers (outside
            production) or the short one.
    """

    __slots__ = ("_detailed", "_types")

    def __init__(self, documentation: str, *, detailed: bool) -> None:
        self._types = documentation or PROBLEM_TYPES
        self._detailed = detailed

    def answer(self, refusal: Refusal, face: Face, request_id: str, now: float) -> Answer:
        """The error in the shape of its face, with the headers that its reason asks for.

        Args:
            refusal: what went wrong.
            face: whose shape.
            request_id: for finding the log line.
            now: seconds since the epoch.
        """
        headers = _headers(refusal)
        if face is Face.WEB:
            return Answer(refusal.spec.status, self._web(refusal, now), [JSON, *headers])
        return Answer(refusal.spec.status, self._problem(refusal, request_id), [PROBLEM, *headers])

    def _problem(self, refusal: Refusal, request_id: str) -> bytes:
        """RFC 9457, section 3; ``reason`` and ``request_id`` are extension members (section 3.2)."""
        return orjson.dumps(
            {
                "type": self._types + refusal.reason.value,
                "title": refusal.spec.title,
                "status": refusal.spec.status,
                "detail": refusal.detail,
                "reason": refusal.reason.value,
                "request_id": request_id,
            }
        )

    def _web(self, refusal: Refusal, now: float) -> bytes:
        return orjson.dumps(
            {
                "success": False,
                "error": refusal.detail if self._detailed else refusal.spec.title,
                "reason": refusal.reason.value,
                "timestamp": rfc3339(now),
            }
        )


def _headers(refusal: Refusal) -> Headers:
    headers: Headers = []
    if refusal.spec.challenge is not Challenge.NONE:
        headers.append((b"www-authenticate", refusal.spec.challenge.value.encode()))
    wait = refusal.retry_after
    if wait is None and refusal.spec.status == HTTPStatus.SERVICE_UNAVAILABLE:
        wait = 5
    if wait is not None:
        headers.append((b"retry-after", b"%d" % wait))
    if isinstance(refusal, LimitExceeded):
        headers += _rate_limit(refusal)
    return headers


def _rate_limit(refusal: LimitExceeded) -> Headers:
    """The RateLimit fields of the IETF's draft, and the three older ones that clients in the field read."""
    scope = refusal.reason.value.removeprefix("limit_")
    wait = refusal.retry_after or 1
    return [
        (b"ratelimit-policy", f'"{scope}";q={refusal.limit};w={refusal.period}'.encode()),
        (b"ratelimit", f'"{scope}";r=0;t={wait}'.encode()),
        (b"ratelimit-limit", b"%d" % refusal.limit),
        (b"ratelimit-remaining", b"0"),
        (b"ratelimit-reset", b"%d" % wait),
    ]

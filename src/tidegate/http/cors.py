"""Cross-origin requests (the Fetch standard, section 3.2): exact origins, nothing else."""

from collections.abc import Iterable
from typing import Final

from tidegate.errors import Reason, Refusal
from tidegate.http.answer import Answer, Headers

_ALLOW: Final[Headers] = [
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"Authorization, Content-Type"),
    (b"access-control-max-age", b"600"),
]
_EXPOSE: Final = (
    b"access-control-expose-headers",
    b"Retry-After, RateLimit, RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id",
)
_CREDENTIALS: Final = (b"access-control-allow-credentials", b"true")
_VARY: Final = (b"vary", b"Origin")


class Cors:
    """Which pages may call.

    Args:
        origins: exact, for instance ``https://app.example.com``. Never a wildcard.
        credentials: whether cookies may come along (the Fetch standard, section 3.2.5).
    """

    __slots__ = ("_known", "_unknown")

    def __init__(self, origins: Iterable[str], *, credentials: bool = False) -> None:
        cookies: Headers = [_CREDENTIALS] if credentials else []
        self._known: dict[bytes, Headers] = {
            origin.encode(): [(b"access-control-allow-origin", origin.encode()), *cookies, _EXPOSE, _VARY]
            for origin in origins
        }
        self._unknown: Headers = [_VARY] if self._known else []

    def headers(self, origin: bytes | None) -> Headers:
        """What an answer to a request from this origin carries."""
        if origin is None:
            return self._unknown
        return self._known.get(origin, self._unknown)

    def lists(self, origin: bytes | None) -> bool:
        """Whether a page of this origin was named, rather than merely being at our own address.

        Args:
            origin: the request's ``Origin``.
        """
        return origin in self._known

    def require(self, origin: bytes, scheme: str, host: bytes) -> None:
        """A token is only handed to a page we know, or one that comes from our own address.

        Args:
            origin: the request's ``Origin``.
            scheme: of the request, as the client sees it.
            host: the request's ``Host``.

        Raises:
            Refusal: ``origin_refused``.
        """
        if origin in self._known or (host and origin.lower() == scheme.encode() + b"://" + host.lower()):
            return
        raise Refusal(
            Reason.ORIGIN_REFUSED,
            "This page's origin is not one of TIDEGATE_CORS_ORIGINS; add it there, scheme and port included.",
        )

    def preflight(self, origin: bytes) -> Answer:
        """The answer to an ``OPTIONS`` that asks before a request.

        Args:
            origin: the request's ``Origin``.

        Raises:
            Refusal: ``origin_refused``.
        """
        if origin not in self._known:
            raise Refusal(
                Reason.ORIGIN_REFUSED,
                "This page's origin is not one of TIDEGATE_CORS_ORIGINS; add it there, scheme and port included.",
            )
        return Answer(204, b"", list(_ALLOW))

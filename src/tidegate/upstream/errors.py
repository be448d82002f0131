"""What can go wrong between here and Stream, typed by Stream's own codes.

No error carries Stream's message: it may repeat what was sent, and what was sent
are people's names. Code, status and operation are enough to find the cause.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import ClassVar, Final

from tidegate.errors import TidegateError


class UpstreamError(TidegateError):
    """A call to Stream did not succeed.

    Args:
        operation: which call, by its name here.
        code: Stream's own code, where the answer had one.
        status: the HTTP status, where there was an answer.
        retry_after: seconds after which asking again can succeed, where known.
        server_time: Stream's own clock (its ``Date`` header), seconds since the epoch.

    Attributes:
        outage: whether Stream itself is failing (5xx, time-out, unreachable); only
            such an error counts against the circuit breaker.
    """

    outage: ClassVar[bool] = False

    def __init__(
        self,
        operation: str,
        *,
        code: int | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        server_time: float | None = None,
    ) -> None:
        super().__init__(f"{operation}: {type(self).__name__} (status {status}, code {code})")
        self.operation = operation
        self.code = code
        self.status = status
        self.retry_after = retry_after
        self.server_time = server_time

    @property
    def label(self) -> str:
        """The value of the metric label ``code``: from a closed list, whatever Stream sends."""
        if self.code in ERRORS_BY_CODE or self.code == INTERNAL_CODE:
            return str(self.code)
        return "other" if self.status is None else f"{self.status // 100}xx"


class CallRefused(UpstreamError):
    """Stream understood the call and will not do it; asking again changes nothing."""


class AccessKeyError(CallRefused):
    """The API key is unknown to Stream (code 2)."""


class InputError(CallRefused):
    """A parameter is bad or missing (code 4); in a batch, one bad entry fails it whole."""


class AuthFailed(CallRefused):
    """Our server token was refused (code 5)."""


class DuplicateName(CallRefused):
    """A user name is taken and the app demands unique ones (code 6)."""


class NotFound(CallRefused):
    """What the call names does not exist (code 16)."""


class NotAllowed(CallRefused):
    """Stream's permissions forbid the call (code 17)."""


class PayloadTooLarge(CallRefused):
    """The body is too large for Stream (code 22)."""


class HeadersTooLarge(CallRefused):
    """Headers or the request line are too large for Stream (code 24)."""


class TokenExpired(AuthFailed):
    """Our server token has expired (code 40): one of the clocks is wrong."""


class TokenNotYetValid(AuthFailed):
    """Our server token is not valid yet (code 41): one of the clocks is wrong."""


class TokenDateWrong(AuthFailed):
    """Our server token was issued in Stream's future (code 42): one of the clocks is wrong."""


class SignatureInvalid(AuthFailed):
    """The secret does not belong to the key (code 43)."""


class AppSuspended(CallRefused):
    """Stream has suspended the app (code 99)."""


class RateLimited(UpstreamError):
    """Stream's rate limit is spent (code 9, or a bare 429 from its edge)."""


class RequestTimedOut(UpstreamError):
    """Stream gave up waiting for our request (code 23)."""


class ServerFault(UpstreamError):
    """Stream answered 5xx."""

    outage = True


class UpstreamTimeout(UpstreamError):
    """No complete answer within the time-out."""

    outage = True

    @property
    def label(self) -> str:
        """``timeout``."""
        return "timeout"


class UpstreamUnreachable(UpstreamError):
    """No connection, or it broke before the answer was complete."""

    outage = True

    @property
    def label(self) -> str:
        """``unreachable``."""
        return "unreachable"


class UpstreamBusy(UpstreamError):
    """All slots for calls were taken for as long as a call may wait for one."""

    @property
    def label(self) -> str:
        """``busy``."""
        return "busy"


class BreakerOpen(UpstreamError):
    """Not asked at all: Stream has been failing and is left alone for a while."""

    @property
    def label(self) -> str:
        """``breaker_open``."""
        return "breaker_open"


class UnexpectedAnswer(UpstreamError):
    """An answer that is not Stream's: not JSON, too large, encoded, or a redirect."""

    @property
    def label(self) -> str:
        """``unexpected``."""
        return "unexpected"


INTERNAL_CODE: Final = -1

ERRORS_BY_CODE: Final[Mapping[int, type[UpstreamError]]] = MappingProxyType(
    {
        2: AccessKeyError,
        4: InputError,
        5: AuthFailed,
        6: DuplicateName,
        9: RateLimited,
        16: NotFound,
        17: NotAllowed,
        22: PayloadTooLarge,
        23: RequestTimedOut,
        24: HeadersTooLarge,
        40: TokenExpired,
        41: TokenNotYetValid,
        42: TokenDateWrong,
        43: SignatureInvalid,
        99: AppSuspended,
    }
)


def error_type(status: int, code: int | None) -> type[UpstreamError]:
    """Which error an answer that is not a success stands for.

    A 5xx is an outage whatever the body says. Without a code (the edge answers in
    plain text) only 429 has a certain meaning.

    Args:
        status: the HTTP status.
        code: Stream's code, or None where the body held none.

    Returns:
        the class to raise.
    """
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code == INTERNAL_CODE:
        return ServerFault
    if code is not None and code in ERRORS_BY_CODE:
        return ERRORS_BY_CODE[code]
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited
    return UnexpectedAnswer if code is None else CallRefused

"""Stream's errors: every code that the stand-in can answer, in one table.

Codes, statuses and the shape are those of Stream's public documentation (its
page on API errors); the sentences are ours.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from tidegate.errors import TidegateError
from tidegate.sandbox.faults import Fault, FaultKind

MORE_INFO: Final = "https://getstream.io/chat/docs/"


class Code(IntEnum):
    """Stream's own numbers."""

    INTERNAL = -1
    ACCESS_KEY = 2
    INPUT = 4
    AUTH_FAILED = 5
    RATE_LIMITED = 9
    DOES_NOT_EXIST = 16
    NOT_ALLOWED = 17
    PAYLOAD_TOO_BIG = 22
    TOKEN_EXPIRED = 40
    TOKEN_NOT_YET_VALID = 41
    TOKEN_DATE_WRONG = 42
    SIGNATURE_INVALID = 43
    APP_SUSPENDED = 99


STATUSES: Final[Mapping[int, int]] = MappingProxyType(
    {
        Code.INTERNAL: 500,
        Code.ACCESS_KEY: 401,
        Code.INPUT: 400,
        Code.AUTH_FAILED: 401,
        Code.RATE_LIMITED: 429,
        Code.DOES_NOT_EXIST: 404,
        Code.NOT_ALLOWED: 403,
        Code.PAYLOAD_TOO_BIG: 413,
        Code.TOKEN_EXPIRED: 401,
        Code.TOKEN_NOT_YET_VALID: 401,
        Code.TOKEN_DATE_WRONG: 401,
        Code.SIGNATURE_INVALID: 401,
        Code.APP_SUSPENDED: 403,
    }
)


class StreamFault(TidegateError):
    """The stand-in refuses a call.

    Args:
        code: Stream's number.
        message: what the answer says.
        fields: text by the name of the field at fault, ``exception_fields`` of the answer.
        status: another HTTP status than the table's; only faults on command set it.
    """

    def __init__(
        self, code: int, message: str, fields: Mapping[str, str] | None = None, status: int | None = None
    ) -> None:
        super().__init__(f"code {int(code)}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status

    @property
    def http_status(self) -> int:
        """The status of the answer."""
        return self.status or STATUSES.get(self.code, 500)

    def body(self) -> dict[str, object]:
        """The answer without its ``duration``. ``StatusCode`` is capitalised, the others are not."""
        body: dict[str, object] = {
            "code": int(self.code),
            "message": self.message,
            "StatusCode": self.http_status,
            "more_info": MORE_INFO,
        }
        if self.fields:
            body["exception_fields"] = dict(self.fields)
        return body


def bad_input(message: str, **fields: str) -> StreamFault:
    """Code 4, naming the fields at fault."""
    return StreamFault(Code.INPUT, message, fields or None)


_REFUSALS: Final = {
    FaultKind.REFUSE_KEY: StreamFault(Code.ACCESS_KEY, "api_key is not valid"),
    FaultKind.REFUSE_SECRET: StreamFault(Code.SIGNATURE_INVALID, "the token's signature is invalid"),
    FaultKind.SUSPENDED: StreamFault(Code.APP_SUSPENDED, "the app is suspended"),
}


def raise_injected(faults: tuple[Fault, ...]) -> None:
    """Refuse as the faults in force say.

    Raises:
        StreamFault: one of them is a refusal.
    """
    for fault in faults:
        if fault.kind is FaultKind.ERROR:
            raise StreamFault(fault.code, "the sandbox was told to fail", status=fault.status)
        if fault.kind is FaultKind.RATE_LIMITED:
            raise StreamFault(Code.RATE_LIMITED, "too many requests")
        if fault.kind in _REFUSALS:
            refusal = _REFUSALS[fault.kind]
            raise StreamFault(refusal.code, refusal.message)

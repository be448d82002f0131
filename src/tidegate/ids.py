"""Identifiers made here: request ids, and W3C trace context read from callers."""

import itertools
import os
import re
from typing import Final

_TRACEPARENT: Final = re.compile(rb"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class RequestIds:
    """Unique request ids without a system call for each.

    A random prefix of 64 bits for the process and a counter. Ids are for finding
    a log line; they are no secret and nothing is authorised by them.
    """

    __slots__ = ("_count", "_prefix")

    def __init__(self) -> None:
        self._prefix = os.urandom(8).hex()
        self._count = itertools.count(1)

    def next(self) -> str:
        """A new id, for instance ``4f1d2c0a9b8e7d6c-000000000001``."""
        return f"{self._prefix}-{next(self._count):012x}"


def trace_id(traceparent: bytes) -> str | None:
    """The trace id of a W3C ``traceparent`` header (Trace Context, section 3.2).

    Args:
        traceparent: the header's value as received.

    Returns:
        32 hexadecimal digits, or None for anything that is not a valid version-00 header.
    """
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None or match[1] == b"0" * 32:
        return None
    return match[1].decode("ascii")

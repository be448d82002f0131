"""The session cookie of a request (RFC 6265, section 5.4), whole or in chunks."""

from collections.abc import Iterable
from typing import Final

from tidegate.errors import Reason, Refusal

CHUNKS_MAX: Final = 20
"""Chunks of one cookie. Auth.js makes them of nearly 4 KB, so the largest session that can be allowed has 17."""

_DIGITS_MOST: Final = 2


class SessionCookies:
    """Finds the session among a request's cookies.

    Args:
        names: of the cookie; the first of which there is one counts.
        largest: octets that the session may have.
        named: whether the cookie's name and ``=`` stay before the session: it says whose the session can be.
    """

    __slots__ = ("_largest", "_named", "_names")

    def __init__(self, names: Iterable[str], largest: int, *, named: bool = False) -> None:
        self._names = tuple(name.encode("ascii") for name in names)
        self._largest = largest
        self._named = named

    def value(self, header: bytes) -> bytes | None:
        """The session, its chunks joined in numeric order.

        Args:
            header: the request's ``Cookie``.

        Returns:
            None where there is none.

        Raises:
            Refusal: ``token_malformed`` where what is there could be read in two ways, ``token_too_large``.
        """
        found = self._found(header)
        for name in self._names:
            pieces = _pieces(name, found)
            if not pieces:
                continue
            if sum(map(len, pieces)) > self._largest:
                raise Refusal(Reason.TOKEN_TOO_LARGE, f"The session token is larger than {self._largest} octets.")
            return b"".join((name, b"=", *pieces) if self._named else pieces)
        return None

    def _found(self, header: bytes) -> dict[tuple[bytes, int | None], bytes]:
        """The session's cookies by name and number of the chunk; None for a whole one."""
        found: dict[tuple[bytes, int | None], bytes] = {}
        for pair in header.split(b";"):
            name, _, value = pair.strip(b" \t").partition(b"=")
            key = self._key(name)
            value = _unquoted(value)
            if key is None or not value:  # an app that signs out may leave an empty one behind
                continue
            if key in found:
                # A subdomain, or a page on plain http, may have planted the second: which is whose, nobody knows.
                raise Refusal(Reason.TOKEN_MALFORMED, "The session cookie stands more than once.")
            found[key] = value
        return found

    def _key(self, name: bytes) -> tuple[bytes, int | None] | None:
        if name in self._names:
            return name, None
        base, _, number = name.rpartition(b".")
        if base not in self._names or not number.isdigit():
            return None
        # Compared as text: "00" and "0" must not be one chunk, nor a number too long to be read.
        if len(number) > _DIGITS_MOST or number != b"%d" % int(number) or int(number) >= CHUNKS_MAX:
            raise Refusal(Reason.TOKEN_MALFORMED, "A chunk of the session cookie has a number that it cannot have.")
        return base, int(number)


def _pieces(name: bytes, found: dict[tuple[bytes, int | None], bytes]) -> list[bytes]:
    whole = found.get((name, None))
    numbers = sorted(number for base, number in found if base == name and number is not None)
    if not numbers:
        return [] if whole is None else [whole]
    if whole is not None:
        raise Refusal(Reason.TOKEN_MALFORMED, "The session cookie is there whole and in chunks.")
    if numbers != list(range(len(numbers))):
        raise Refusal(Reason.TOKEN_MALFORMED, "A chunk of the session cookie is missing.")
    return [found[name, number] for number in numbers]


def _unquoted(value: bytes) -> bytes:
    """RFC 6265, section 4.1.1: a value may stand in double quotes."""
    value = value.strip(b" \t")
    return value[1:-1] if len(value) > 1 and value[:1] == value[-1:] == b'"' else value

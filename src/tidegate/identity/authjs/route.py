"""The app's own session route, which knows the sessions that are kept in a database."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx2

from tidegate import __version__
from tidegate.http.outgoing import read_body
from tidegate.identity.fetch import Fault, FetchError, check_answer, check_url, time_limit
from tidegate.identity.strictjson import StrictJsonError, parse_json

_MAX_DEPTH: Final = 16
_GREATEST_ID: Final = 2**53
# What can stand in a cookie and in a session's token alike (RFC 6265, section 4.1.1, without the percent sign): nothing
# here ends a cookie or begins another one.
_TOKEN: Final = re.compile(rb"[A-Za-z0-9._~+/=-]{16,}")
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"tidegate/{__version__}",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the app says a session belongs to.

    Attributes:
        id: the user's id (``user.id``); None where the app's session does not carry one.
        expires: when the session ends, whole seconds since the epoch.
        profile: name, e-mail address and image, as far as the app gave them.
    """

    id: object
    expires: int
    profile: Mapping[str, object]


def can_be_asked(token: bytes) -> bool:
    """Whether a token has the form of a session that a database knows.

    Args:
        token: as received.
    """
    return _TOKEN.fullmatch(token) is not None


class SessionRoute:
    """Asks the session route as the person's browser would.

    Args:
        client: keeps no cookies, follows no redirects.
        url: of the route, usually ``https://app.example.com/api/auth/session``.
        cookies: the names under which the app may look for its session.
        timeout_seconds: from the first attempt to connect to the last octet.
        max_bytes: of an answer.
        loopback_http: whether plain http to this machine is allowed; never in production.

    Raises:
        FetchError: the URL is one that may not be asked.
    """

    def __init__(
        self,
        client: httpx2.AsyncClient,
        url: str,
        cookies: Sequence[str],
        *,
        timeout_seconds: float,
        max_bytes: int,
        loopback_http: bool,
    ) -> None:
        check_url(url, loopback_http=loopback_http)
        self._client = client
        self._url = url
        self._cookies = tuple(cookies)
        self._timeout = timeout_seconds
        self._max_bytes = max_bytes

    async def ask(self, token: bytes) -> Person | None:
        """Whose session this is.

        Args:
            token: of the form that `can_be_asked` says.

        Returns:
            None where the app knows no such session, or knows it no longer.

        Raises:
            FetchError: the app gave no answer that says the one or the other.
        """
        value = token.decode("ascii")
        # The app looks for its own name only; which of them it is, its version and its address decide.
        cookie = "; ".join(f"{name}={value}" for name in self._cookies)
        try:
            async with time_limit(self._timeout):
                return _person(await self._read({**_HEADERS, "Cookie": cookie}))
        except httpx2.TimeoutException as error:
            raise FetchError(Fault.TIMEOUT, f"no complete answer within {self._timeout:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise FetchError(Fault.UNREACHABLE, f"the app cannot be reached ({type(error).__name__})") from error

    async def aclose(self) -> None:
        """Close the connections to the app."""
        await self._client.aclose()

    async def _read(self, headers: Mapping[str, str]) -> bytes:
        timeout = httpx2.Timeout(self._timeout)
        async with self._client.stream(
            "GET", self._url, headers=headers, follow_redirects=False, timeout=timeout
        ) as response:
            check_answer(response, "the session route")
            octets = await read_body(response, self._max_bytes)
        if octets is None:
            raise FetchError(Fault.TOO_LARGE, f"the answer has more than {self._max_bytes} octets")
        return octets


def _person(octets: bytes) -> Person | None:
    """``null`` (version 5) and ``{}`` (version 4) mean that there is no session."""
    try:
        answer = parse_json(octets, _MAX_DEPTH)
    except StrictJsonError as error:
        raise FetchError(Fault.INVALID, f"the answer is not strict JSON: {error}") from None
    if answer is None or answer == {}:
        return None
    user = answer.get("user") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(user, dict):
        raise FetchError(Fault.INVALID, "the answer is not a session of Auth.js")
    profile = {"name": user.get("name"), "email": user.get("email"), "picture": user.get("image")}
    return Person(_id(user.get("id")), _moment(answer.get("expires")), profile)


def _id(value: object) -> object:
    """Some databases count their users. Such a number, as far as JavaScript is exact, is the id's one spelling."""
    return str(value) if type(value) is int and 0 <= value < _GREATEST_ID else value


def _moment(text: object) -> int:
    """An ISO 8601 time stamp as JavaScript writes it."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise FetchError(Fault.INVALID, "the session's end (expires) is missing or is no time stamp")
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())

"""Reading a JSON document from an issuer's server, trusting nothing about that server.

HTTPS only (plain http to loopback where the caller allows it), no redirects, no proxy from the environment, no
cookies, no compression, a size limit held while the body streams and one time limit over everything.
"""

import asyncio
import ipaddress
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx2

from tidegate import __version__
from tidegate.errors import TidegateError
from tidegate.http.interim import GuardedTransport
from tidegate.http.outgoing import read_body, trust
from tidegate.identity.strictjson import StrictJsonError, parse_object

_REDIRECTS: Final = range(300, 400)
_LAST_PORT: Final = 65535
_MAX_URL: Final = 2048
_MAX_DEPTH: Final = 16
_PRINTABLE: Final = re.compile(r"[!-~]+")
_MAX_AGE: Final = re.compile(r'(?:^|,)\s*max-age\s*=\s*"?([0-9]{1,18})"?\s*(?=,|$)', re.IGNORECASE)
_NOT_STORED: Final = re.compile(r"(?:^|,)\s*(?:no-store|no-cache)\s*(?=,|$)", re.IGNORECASE)
_HEADERS: Final = {
    "Accept": "application/json, application/jwk-set+json",
    "Accept-Encoding": "identity",
    "User-Agent": f"tidegate/{__version__}",
}


class Fault(StrEnum):
    """Why keys could not be fetched; the metric's ``result`` when it is not ``success``."""

    URL_REFUSED = "url_refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REDIRECT = "redirect"
    STATUS = "status"
    TOO_LARGE = "too_large"
    INVALID = "invalid"
    ISSUER_MISMATCH = "issuer_mismatch"
    NO_KEYS = "no_keys"
    SANDBOX = "sandbox"
    STATE = "state"
    INTERNAL = "internal"


class FetchError(TidegateError):
    """A document could not be had.

    Args:
        fault: the kind, one of a closed set.
        detail: a sentence for the log; nothing in it comes from a body.
    """

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long a fetched document counts as fresh, in seconds.

    Attributes:
        default: when the server says nothing.
        floor: never shorter, so that ``max-age=0`` cannot cause a storm of fetches.
        ceiling: never longer, so that a rotation is noticed.
    """

    default: float = 300.0
    floor: float = 30.0
    ceiling: float = 3600.0

    def clamp(self, seconds: float) -> float:
        """The time within floor and ceiling."""
        return min(max(seconds, self.floor), self.ceiling)

    def of(self, headers: Mapping[str, str]) -> float:
        """Read an answer's headers (RFC 9111, sections 4.2 and 5.2.2).

        Args:
            headers: with case-insensitive look-up, repeated fields joined by commas.

        Returns:
            seconds of freshness that are left, counted from the answer.
        """
        control = headers.get("cache-control", "")
        if _NOT_STORED.search(control):
            return self.floor
        ages = [int(text) for text in _MAX_AGE.findall(control)]
        if not ages:
            return self.clamp(self.default)
        spent = headers.get("age", "").strip()
        return self.clamp(float(min(ages) - (int(spent) if re.fullmatch("[0-9]{1,18}", spent) else 0)))


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object as a server gave it.

    Attributes:
        members: the object.
        fresh_seconds: how long it may be used without asking again.
        date: the server's clock at the answer, seconds since the epoch, half a second uncertain; None where not told.
    """

    members: Mapping[str, object]
    fresh_seconds: float
    date: float | None = None


def check_url(url: str, *, loopback_http: bool) -> None:
    """Refuse a URL from which nothing may be fetched.

    Args:
        url: absolute.
        loopback_http: whether plain http is allowed, to this machine only.

    Raises:
        FetchError: `Fault.URL_REFUSED`, for any scheme but https, an address with a password, and malformed text.
    """
    if len(url) > _MAX_URL or not _PRINTABLE.fullmatch(url):
        raise FetchError(Fault.URL_REFUSED, "the URL is too long or has characters that no URL has")
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise FetchError(Fault.URL_REFUSED, "the URL is malformed") from error
    if not parsed.host or parsed.userinfo or parsed.fragment or (parsed.port or 1) > _LAST_PORT:
        raise FetchError(Fault.URL_REFUSED, "the URL needs a host and a possible port, no user name, no fragment")
    if parsed.scheme == "https" or (parsed.scheme == "http" and loopback_http and _is_loopback(parsed.host)):
        return
    raise FetchError(Fault.URL_REFUSED, "keys are read over https only (plain http: loopback, outside production)")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def new_client(*, connections: int = 8) -> httpx2.AsyncClient:
    """The client that all issuers share.

    Args:
        connections: open at the same time, at most.

    Returns:
        to be closed by its owner. It reads no environment variables and keeps no cookies.
    """
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx2.AsyncClient(
        transport=GuardedTransport(trust(), limits),
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """Bound everything inside by one time-out, however slowly the bytes drip.

    Raises:
        FetchError: `Fault.TIMEOUT`.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise FetchError(Fault.TIMEOUT, f"no complete answer within {seconds:g} s") from error


class DocumentFetcher:
    """Fetches JSON objects under one set of limits.

    Args:
        client: from `new_client`.
        timeout_seconds: from the first attempt to connect to the last byte.
        max_bytes: of a body.
        loopback_http: whether plain http to loopback is allowed; never in production.
        freshness: how ``Cache-Control`` is read.
    """

    __slots__ = ("_client", "_freshness", "_max_bytes", "loopback_http", "timeout_seconds")

    def __init__(
        self,
        client: httpx2.AsyncClient,
        *,
        timeout_seconds: float = 5.0,
        max_bytes: int = 65536,
        loopback_http: bool = False,
        freshness: Freshness | None = None,
    ) -> None:
        self._client = client
        self._max_bytes = max_bytes
        self._freshness = freshness or Freshness()
        self.timeout_seconds = timeout_seconds
        self.loopback_http = loopback_http

    async def fetch(self, url: str) -> Document:
        """Fetch one document.

        Args:
            url: checked here again, whatever its source.

        Returns:
            the object and its freshness.

        Raises:
            FetchError: for everything that can go wrong.
        """
        check_url(url, loopback_http=self.loopback_http)
        try:
            async with time_limit(self.timeout_seconds):
                octets, headers = await self._read(url)
        except httpx2.TimeoutException as error:
            raise FetchError(Fault.TIMEOUT, f"no complete answer within {self.timeout_seconds:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise FetchError(Fault.UNREACHABLE, f"the server cannot be reached ({type(error).__name__})") from error
        return Document(_object(octets), self._freshness.of(headers), _date(headers))

    async def _read(self, url: str) -> tuple[bytes, Mapping[str, str]]:
        timeout = httpx2.Timeout(self.timeout_seconds)
        async with self._client.stream(
            "GET", url, headers=_HEADERS, follow_redirects=False, timeout=timeout
        ) as response:
            check_answer(response, "the server")
            return await self._body(response), response.headers

    async def _body(self, response: httpx2.Response) -> bytes:
        octets = await read_body(response, self._max_bytes)
        if octets is None:
            raise FetchError(Fault.TOO_LARGE, f"the document has more than {self._max_bytes} octets")
        return octets


def check_answer(response: httpx2.Response, who: str) -> None:
    """Have nothing but a plain 200.

    Args:
        response: its head.
        who: gave it, for people.

    Raises:
        FetchError: it redirects, says something else, or is compressed.
    """
    if response.status_code in _REDIRECTS:
        raise FetchError(Fault.REDIRECT, f"{who} redirects; configure its final address instead")
    if response.status_code != HTTPStatus.OK:
        raise FetchError(Fault.STATUS, f"{who} answered {response.status_code}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchError(Fault.INVALID, "the answer is compressed, which was not asked for")


def _date(headers: Mapping[str, str]) -> float | None:
    """When an answer was given: ``Date`` (RFC 9110, section 6.6.1), and its time in caches (RFC 9111, section 5.1)."""
    age = headers.get("age", "0").strip()
    try:
        made = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, OverflowError, TypeError):
        return None
    return made + 0.5 + int(age) if re.fullmatch("[0-9]{1,9}", age) else None


def _object(octets: bytes) -> Mapping[str, object]:
    try:
        return parse_object(octets, _MAX_DEPTH)
    except StrictJsonError as error:
        raise FetchError(Fault.INVALID, f"the document is not a strict JSON object: {error}") from error

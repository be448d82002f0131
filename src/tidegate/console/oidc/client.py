"""The provider over HTTP: what it says of itself, its keys, and an ID token for a code."""

import base64
import contextlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

import httpx2

from tidegate.console.oidc.model import Client, Metadata
from tidegate.errors import TidegateError
from tidegate.http.outgoing import read_body
from tidegate.identity.discovery import discovery_url
from tidegate.identity.fetch import DocumentFetcher, Fault, FetchError, check_url, new_client, time_limit
from tidegate.identity.strictjson import StrictJsonError, parse_object

_SECONDS: Final = 5.0
_OCTETS: Final = 65_536
_CONNECTIONS: Final = 8
_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""What says nothing of the code, though it is counted among the client's errors (RFC 9110, section 15.5)."""


class CodeRefused(TidegateError):
    """The provider does not take the code, or us (RFC 6749, section 5.2): asking again changes nothing."""


class Provider:
    """One OpenID Connect provider.

    Args:
        client: what we are there.
        http: for tests; made here if not given.
    """

    def __init__(self, client: Client, http: httpx2.AsyncClient | None = None) -> None:
        self._client = client
        self._http = http or new_client(connections=_CONNECTIONS)
        self._fetcher = DocumentFetcher(
            self._http, timeout_seconds=_SECONDS, max_bytes=_OCTETS, loopback_http=client.loopback_http
        )

    async def metadata(self) -> Metadata:
        """What the provider says of itself.

        Raises:
            FetchError: it cannot be had, or is another one's.
        """
        members = (await self._fetcher.fetch(discovery_url(self._client.issuer))).members
        if members.get("issuer") != self._client.issuer:
            raise FetchError(Fault.ISSUER_MISMATCH, "the discovery document names another issuer than configured")
        return Metadata(
            authorization_endpoint=self._endpoint(members, "authorization_endpoint"),
            token_endpoint=self._endpoint(members, "token_endpoint"),
            jwks_uri=self._endpoint(members, "jwks_uri"),
            names_itself=members.get("authorization_response_iss_parameter_supported") is True,
        )

    async def keys(self, url: str) -> Mapping[str, object]:
        """The provider's key set, as it is now.

        Raises:
            FetchError: it cannot be had.
        """
        return (await self._fetcher.fetch(url)).members

    async def id_token(self, endpoint: str, fields: Mapping[str, str]) -> str:
        """Exchange a code (RFC 6749, section 4.1.3).

        Args:
            endpoint: from the metadata.
            fields: from `Flow.exchange`.

        Raises:
            CodeRefused: the provider refuses.
            FetchError: it gives none for another reason.
        """
        try:
            async with time_limit(_SECONDS), self._asked(endpoint, fields) as answer:
                body = await read_body(answer, _OCTETS)
        except (httpx2.HTTPError, OSError) as error:
            raise FetchError(Fault.UNREACHABLE, f"the provider cannot be reached ({type(error).__name__})") from error
        if answer.is_client_error and answer.status_code not in _LATER:
            raise CodeRefused(f"the provider refuses the code, or this client ({answer.status_code})")
        if answer.status_code != HTTPStatus.OK or body is None:
            raise FetchError(Fault.STATUS, f"the provider gives no token for this code ({answer.status_code})")
        try:
            token = parse_object(body).get("id_token")
        except StrictJsonError:
            token = None
        if not isinstance(token, str):
            raise FetchError(Fault.INVALID, "the provider's answer holds no ID token")
        return token

    def _asked(
        self, endpoint: str, fields: Mapping[str, str]
    ) -> contextlib.AbstractAsyncContextManager[httpx2.Response]:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._client.client_secret:
            headers["Authorization"] = _basic(self._client.client_id, self._client.client_secret)
        timeout = httpx2.Timeout(_SECONDS)
        return self._http.stream("POST", endpoint, headers=headers, content=urlencode(fields), timeout=timeout)

    def _endpoint(self, members: Mapping[str, object], name: str) -> str:
        url = members.get(name)
        if not isinstance(url, str):
            raise FetchError(Fault.INVALID, f"the discovery document names no {name}")
        check_url(url, loopback_http=self._client.loopback_http and self._client.issuer.startswith("http:"))
        return url


def _basic(name: str, secret: str) -> str:
    """Credentials of a client, each encoded first (RFC 6749, section 2.3.1)."""
    pair = f"{quote(name, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"

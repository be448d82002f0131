"""Pairs from Azure Key Vault, over its published REST interface."""

import os
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx2
import orjson

from tidegate.credentials.sources.document import parse
from tidegate.credentials.sources.model import DOCUMENT_OCTETS, Pairs, SourceError
from tidegate.http.outgoing import trust
from tidegate.settings import urls
from tidegate.settings.problems import Unfit
from tidegate.settings.vaults import vault_of

API_VERSION: Final = "7.4"
_INSTANCE: Final = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
_SPARE_S: Final = 300.0
"""A token for the vault is renewed so many seconds before it ends."""

_ANSWER_OCTETS: Final = 2 * DOCUMENT_OCTETS


class AzureSource:
    """One secret of a vault, whose newest version is a JSON document.

    Who asks follows from the environment, in this order: a federated workload (``AZURE_FEDERATED_TOKEN_FILE``), a
    client with a secret (``AZURE_CLIENT_SECRET``), both with ``AZURE_TENANT_ID`` and ``AZURE_CLIENT_ID``; the managed
    identity of an App Service (``IDENTITY_ENDPOINT``); the managed identity of the machine.

    Args:
        url: ``https://NAME.vault.azure.net/secrets/NAME``, or of a vault in another one of Azure's clouds.
        hosts: further ones that may be vaults.
        timeout_s: seconds for each of the two calls.
        environ: the process environment; the real one if None.

    Raises:
        SourceError: the URL is none of a secret in such a vault.
    """

    def __init__(
        self,
        url: str,
        hosts: Sequence[str] = (),
        *,
        timeout_s: float = 5.0,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        try:
            self._vault = vault_of(url, hosts)
        except Unfit as unfit:
            raise SourceError(f"the URL of the secret {unfit.wrong}") from None
        self._url = f"{self._vault.url}?api-version={API_VERSION}"
        self._environ = os.environ if environ is None else environ
        self._token, self._until = "", 0.0
        self._http = httpx2.Client(
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=timeout_s / 2,
            verify=trust(),
            trust_env=False,
            follow_redirects=False,
        )

    @property
    def name(self) -> str:
        """The vault's host."""
        return f"Azure vault {self._vault.host}"

    def read(self) -> Pairs:
        """The newest version.

        Raises:
            SourceError: the vault refused or could not be reached, or the secret is no such document.
        """
        if time.monotonic() >= self._until:
            self._sign_in()
        try:
            answer = self._call("the vault", "GET", self._url, headers={"Authorization": f"Bearer {self._token}"})
        except SourceError:
            self._until = 0.0  # it may have been the token
            raise
        text, attributes = answer.get("value"), answer.get("attributes")
        if not isinstance(text, str):
            raise SourceError("the vault's answer holds no secret")
        created = attributes.get("created") if isinstance(attributes, dict) else None
        made_at = float(created) if isinstance(created, int) else None
        return parse(text.encode("utf-8", "replace"), made_at=made_at)

    def _sign_in(self) -> None:
        answer = self._federated() or self._client_secret() or self._managed()
        token, life = answer.get("access_token"), answer.get("expires_in", 0)
        if not isinstance(token, str) or not token.isascii():
            raise SourceError("Azure's sign-in gave no token")
        try:
            self._until = time.monotonic() + float(life) - _SPARE_S
        except (TypeError, ValueError):
            self._until = 0.0
        self._token = token

    def _federated(self) -> dict[str, Any] | None:
        """A workload's own token, exchanged (RFC 7523, section 2.2)."""
        path = self._environ.get("AZURE_FEDERATED_TOKEN_FILE")
        if not path:
            return None
        try:
            assertion = Path(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise SourceError("AZURE_FEDERATED_TOKEN_FILE cannot be read") from None
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return self._granted({"client_assertion_type": kind, "client_assertion": assertion})

    def _client_secret(self) -> dict[str, Any] | None:
        secret = self._environ.get("AZURE_CLIENT_SECRET")
        return self._granted({"client_secret": secret}) if secret else None

    def _granted(self, proof: Mapping[str, str]) -> dict[str, Any]:
        """Client credentials (RFC 6749, section 4.4)."""
        tenant, client = self._environ.get("AZURE_TENANT_ID", ""), self._environ.get("AZURE_CLIENT_ID", "")
        base = self._environ.get("AZURE_AUTHORITY_HOST", self._vault.login).rstrip("/")
        try:
            urls.demand_encrypted(base, development=True)
        except Unfit as unfit:
            raise SourceError(f"AZURE_AUTHORITY_HOST {unfit.wrong}") from None
        scope = f"{self._vault.resource}/.default"
        form = {"grant_type": "client_credentials", "client_id": client, "scope": scope, **proof}
        return self._call("sign-in", "POST", f"{base}/{quote(tenant, safe='')}/oauth2/v2.0/token", data=form)

    def _managed(self) -> dict[str, Any]:
        client = self._environ.get("AZURE_CLIENT_ID")
        own = f"&resource={quote(self._vault.resource, safe='')}"
        own += f"&client_id={quote(client, safe='')}" if client else ""
        endpoint, header = self._environ.get("IDENTITY_ENDPOINT"), self._environ.get("IDENTITY_HEADER", "")
        if endpoint:
            url = f"{endpoint}?api-version=2019-08-01{own}"
            return self._call("the managed identity", "GET", url, headers={"X-IDENTITY-HEADER": header})
        return self._call("the managed identity", "GET", _INSTANCE + own, headers={"Metadata": "true"})

    def _call(self, who: str, method: str, url: str, **more: Any) -> dict[str, Any]:
        try:
            with self._http.stream(method, url, **more) as answer:
                octets = b""
                for chunk in answer.iter_raw():
                    octets += chunk
                    if len(octets) > _ANSWER_OCTETS:
                        raise SourceError(f"{who} of Azure answered with more than {_ANSWER_OCTETS} octets")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise SourceError(f"{who} of Azure cannot be reached: {type(error).__name__}") from None
        if answer.status_code != HTTPStatus.OK:
            raise SourceError(f"{who} of Azure answered with status {answer.status_code}")
        try:
            members = orjson.loads(octets)
        except orjson.JSONDecodeError:
            members = None
        if not isinstance(members, dict):
            raise SourceError(f"{who} of Azure answered with no JSON object")
        return members

"""Where an issuer's keys are: at a configured address, or where its discovery document says."""

from typing import Final, Protocol

from tidegate.clock import Clock
from tidegate.identity.fetch import Document, DocumentFetcher, Fault, FetchError, check_url, time_limit

WELL_KNOWN: Final = "/.well-known/openid-configuration"
_REREAD_SECONDS: Final = 3600.0


def discovery_url(issuer: str) -> str:
    """The address of an issuer's discovery document (OpenID Connect Discovery 1.0, section 4).

    Args:
        issuer: as configured, with or without path and trailing slash.

    Returns:
        the issuer without a terminating slash, and the well-known path after it (section 4.1).

    Raises:
        FetchError: `Fault.URL_REFUSED` when the issuer has a query or fragment, which section 3 forbids.
    """
    if "?" in issuer or "#" in issuer:
        raise FetchError(Fault.URL_REFUSED, "an issuer has neither query nor fragment")
    return issuer.removesuffix("/") + WELL_KNOWN


class KeyServer(Protocol):
    """Where a key ring gets its JWKS documents."""

    @property
    def binding(self) -> str:
        """The configured address; keys kept on disk are good for this one only."""
        ...

    @property
    def address(self) -> str | None:
        """The key set's URL, as far as it is known; also while it cannot be fetched."""
        ...

    async def fetch(self) -> Document:
        """Fetch the JWKS now.

        Raises:
            FetchError: when it cannot be had.
        """
        ...

    def doubt(self) -> None:
        """Be told that the document last fetched had no usable key in it."""
        ...


class DirectKeyServer:
    """A JWKS at an address from the configuration.

    Args:
        fetcher: with the limits to hold.
        url: of the JWKS.

    Raises:
        FetchError: `Fault.URL_REFUSED`.
    """

    __slots__ = ("_fetcher", "address", "binding")

    def __init__(self, fetcher: DocumentFetcher, url: str) -> None:
        check_url(url, loopback_http=fetcher.loopback_http)
        self._fetcher = fetcher
        self.address: str | None = url
        self.binding = url

    async def fetch(self) -> Document:
        """Fetch the JWKS now.

        Raises:
            FetchError: when it cannot be had.
        """
        return await self._fetcher.fetch(self.binding)

    def doubt(self) -> None:
        """Nothing to do: there is no other address."""


class DiscoveredKeyServer:
    """A JWKS at the address that the issuer's discovery document names.

    The discovery document is read again after an hour, and whenever the keys could not be fetched: then the
    address may be what has changed.

    Args:
        fetcher: with the limits to hold.
        issuer: as configured; the document must name the same, byte for byte.
        clock: for the hour.

    Raises:
        FetchError: `Fault.URL_REFUSED`.
    """

    __slots__ = ("_clock", "_fetcher", "_issuer", "_jwks_url", "_read_at", "address", "binding")

    def __init__(self, fetcher: DocumentFetcher, issuer: str, clock: Clock) -> None:
        self.binding = discovery_url(issuer)
        check_url(self.binding, loopback_http=fetcher.loopback_http)
        self._fetcher = fetcher
        self._issuer = issuer
        self._clock = clock
        self._jwks_url: str | None = None
        self._read_at = 0.0
        self.address: str | None = None

    async def fetch(self) -> Document:
        """Fetch the JWKS now, and the discovery document before it where that is due.

        Raises:
            FetchError: when either cannot be had; both share one time limit.
        """
        url, self._jwks_url = self._known_url(), None
        async with time_limit(self._fetcher.timeout_seconds):
            if url is None:
                url = await self._discover()
            document = await self._fetcher.fetch(url)
        self._jwks_url = url
        return document

    def doubt(self) -> None:
        """Read the discovery document again next time."""
        self._jwks_url = None

    def _known_url(self) -> str | None:
        recent = self._clock.monotonic() - self._read_at < _REREAD_SECONDS
        return self._jwks_url if recent else None

    async def _discover(self) -> str:
        started = self._clock.monotonic()
        members = (await self._fetcher.fetch(self.binding)).members
        if members.get("issuer") != self._issuer:
            raise FetchError(Fault.ISSUER_MISMATCH, "the discovery document names another issuer than configured")
        url = members.get("jwks_uri")
        if not isinstance(url, str):
            raise FetchError(Fault.INVALID, "the discovery document names no jwks_uri")
        if self.binding.startswith("https:") and not url.startswith("https:"):
            # Plain http to loopback is for an issuer on this machine; one elsewhere must not send us around in here.
            raise FetchError(Fault.URL_REFUSED, "the discovery document came over https and names keys that would not")
        self._read_at, self.address = started, url
        return url

"""A sign-in under way, and what the provider is asked and answers. Pure but for the random numbers."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlencode

from tidegate.settings.console_allow import Allowed


@dataclass(frozen=True, slots=True)
class Client:
    """What we are at the provider.

    Attributes:
        issuer: of the provider, exactly as it calls itself.
        client_id: ours.
        client_secret: empty for a public client.
        redirect_uri: exactly as it is registered there.
        allowed: who may come in.
        loopback_http: whether plain HTTP to this machine will do, as in development.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    allowed: tuple[Allowed, ...]
    loopback_http: bool

    def of(self, subject: str) -> Allowed | None:
        """Who a subject of the provider is here; None: nobody."""
        return next((one for one in self.allowed if (one.issuer, one.subject) == (self.issuer, subject)), None)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the provider says of itself (OpenID Connect Discovery 1.0, section 3).

    Attributes:
        authorization_endpoint: where the browser is sent.
        token_endpoint: where the code is exchanged.
        jwks_uri: of its keys.
        names_itself: whether its answers carry ``iss`` (RFC 9207, section 3).
    """

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_itself: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in under way.

    Attributes:
        state: binds the answer to the question.
        nonce: binds the ID token to it (OpenID Connect Core 1.0, section 3.1.2.1).
        verifier: binds the code to it (RFC 7636, section 4.1).
        browser: what the browser's cookie holds; binds all of it to the browser.
        ends: monotonic seconds.
        address: of the client that began it, as limits count it.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    browser: str = field(repr=False)
    ends: float
    address: str

    @classmethod
    def begin(cls, ends: float, address: str) -> Self:
        """A new one: 256 random bits for each of its parts."""
        state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
        return cls(state, nonce, verifier, browser, ends, address)

    @property
    def challenge(self) -> str:
        """What the provider learns of the verifier at first (RFC 7636, section 4.2)."""
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

    def is_of(self, browser: str) -> bool:
        """Whether a browser is the one that began it."""
        return hmac.compare_digest(self.browser.encode(), browser.encode("utf-8", "replace"))

    def question(self, client: Client, endpoint: str) -> str:
        """Where to send the browser (OpenID Connect Core 1.0, section 3.1.2.1).

        Args:
            client: what we are there.
            endpoint: the provider's.
        """
        asked = {
            "response_type": "code",
            "scope": "openid",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def exchange(self, client: Client, code: str) -> Mapping[str, str]:
        """The fields by which a code becomes an ID token (RFC 6749, section 4.1.3).

        Args:
            client: what we are there.
            code: as it came.
        """
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": self.verifier,
        }
        return asked if client.client_secret else {**asked, "client_id": client.client_id}

"""The identity provider: its keys, its sessions, and the ways in which it can fail.

It stands in for Clerk, or for another provider that it is given the shape of: the same documents at the same
places, the same claims.
Everything here may be called from any thread while the server answers in another.
"""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, Final

from tidegate.clock import Clock, SystemClock
from tidegate.sandbox.claims import SessionShape, overridden
from tidegate.sandbox.people import DEFAULT_PERSON, PEOPLE, Person
from tidegate.sandbox.shapes import CLERK_SHAPE, Shape
from tidegate.sandbox.signing import SigningKey, compact, random_id

DISCOVERY_PATH: Final = "/.well-known/openid-configuration"
MAX_AGE_SECONDS: Final = 300
OWNER_MEMBER: Final = "tidegate_sandbox"
"""Names, in the key set, the one API key that these sessions may be exchanged for."""

WITHDRAWN_KEPT: Final = 64
SLOW_SECONDS: Final = 10.0


class Failure(StrEnum):
    """How the documents are answered while the provider fails."""

    DOWN = "down"  # the connection is dropped without an answer
    UNAVAILABLE = "unavailable"  # 503
    SLOW = "slow"  # the right answer, too late
    WRONG_BODY = "wrong_body"  # 200 with a page of HTML, as a captive portal does it
    TRUNCATED = "truncated"  # the first half of the JSON
    REDIRECT = "redirect"  # 302 to a place that has the right answer
    HUGE = "huge"  # megabytes of well-formed JSON
    EMPTY = "empty"  # a key set without keys
    WRONG_ISSUER = "wrong_issuer"  # a discovery document that names another issuer


class IdentityProvider:
    """An issuer with keys of its own.

    Args:
        issuer: the ``iss`` of its sessions; it ends as the shape's issuers do.
        clock: dates the sessions.
        shape: of the provider that it stands in for.

    Attributes:
        shape: as given.
        issuer: as given; the server that carries it sets it anew when its port is known.
        max_age: seconds of ``Cache-Control: max-age`` on the key set; None sends no such header.
        extra_keys: JWKs published after its own, for key sets with bad members.
        api_key: of the sandbox's own app at Stream; the key set names it, and a service with another key
            must not trust these keys.
        further_api_keys: other keys of that app; with any, the key set names all of them in a list.
        jwks_fetches: requests for the key set so far, failed ones too.
        discovery_fetches: the same for the discovery document.
    """

    def __init__(self, issuer: str, clock: Clock | None = None, shape: Shape = CLERK_SHAPE) -> None:
        self.shape = shape
        self.issuer = issuer
        self.max_age: int | None = MAX_AGE_SECONDS
        self.extra_keys: list[dict[str, object]] = []
        self.api_key: str | None = None
        self.further_api_keys: list[str] = []
        self.jwks_fetches = 0
        self.discovery_fetches = 0
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._current = {name: SigningKey.generate(name, shape.new_kid()) for name in shape.algorithms}
        self._published = list(self._current.values())
        self._withdrawn: deque[SigningKey] = deque(maxlen=WITHDRAWN_KEPT)
        self._failure: Failure | None = None
        self._delay = 0.0

    def reset(self) -> None:
        """End failures, forget counts and foreign keys; its own keys stay."""
        self.fail(None)
        self.max_age = MAX_AGE_SECONDS
        self.extra_keys = []
        self.jwks_fetches = self.discovery_fetches = 0

    @property
    def address(self) -> str:
        """The address of the stand-in, below which its documents are; no slash at the end."""
        return self.issuer.removesuffix(self.shape.issuer_path)

    @property
    def jwks_url(self) -> str:
        """Where the key set is."""
        return self.address + self.shape.jwks_path

    @property
    def discovery_path(self) -> str:
        """Where the discovery document is, after the address."""
        return self.shape.issuer_path.removesuffix("/") + DISCOVERY_PATH

    def config(self) -> dict[str, object]:
        """What an issuer's configuration must say, besides its name, for its sessions to be accepted."""
        return dict(self.shape.members(self.issuer, self.jwks_url))

    def session(
        self,
        person: str | Person = DEFAULT_PERSON,
        *,
        algorithm: str | None = None,
        kid: str | None = None,
        header: Mapping[str, object] | None = None,
        **claims: object,
    ) -> str:
        """A session token.

        Args:
            person: a name of ``PEOPLE``, or somebody else.
            algorithm: one of the shape's; its usual one by default.
            kid: of the key that signs, withdrawn ones too; by default the current key.
            header: header members laid over the usual ones, ``REMOVED`` takes one out.
            claims: first the fields of :class:`SessionShape` by their names (``life``, ``age``,
                ``expired``, ``pending``, ``impersonated_by``, ``organization``, ``no_azp``,
                ``version``, ``anonymous``, ``kind``, ``jti=True``); all others are claims laid over the usual ones,
                ``REMOVED`` takes one out.

        Returns:
            the compact JWS.

        Raises:
            KeyError: nobody of that name, or no key of that id.
            ValueError: another algorithm, or a way to differ that the provider's sessions do not have.
        """
        shape, overrides = _shape_and_overrides(claims, self.shape)
        who = person if isinstance(person, Person) else PEOPLE[person]
        usual = {"iss": self.issuer, **self.shape.claims(who, shape, self._clock.now())}
        if shape.jti:
            usual["jti"] = random_id("jti", 20)
        other = dict(self.shape.overlay(shape.kind))
        other_header = other.pop("header", {})
        head = {**(other_header if isinstance(other_header, Mapping) else {}), **(header or {})}
        return self.sign(overridden(overridden(usual, other), overrides), algorithm=algorithm, kid=kid, header=head)

    def sign(
        self,
        payload: Mapping[str, object] | bytes,
        *,
        algorithm: str | None = None,
        kid: str | None = None,
        header: Mapping[str, object] | None = None,
    ) -> str:
        """Any payload, signed as a session is.

        Args:
            payload: claims, or raw octets.
            algorithm: as for :meth:`session`.
            kid: as for :meth:`session`.
            header: as for :meth:`session`.

        Raises:
            KeyError: no key of that id.
            ValueError: another algorithm.
        """
        key = self._key(algorithm, kid)
        usual: dict[str, object] = {"alg": key.algorithm, "kid": key.kid, **self.shape.header}
        return compact(key, overridden(usual, header or {}), payload)

    def _key(self, algorithm: str | None, kid: str | None) -> SigningKey:
        algorithms = self.shape.algorithms
        with self._lock:
            if kid is not None:
                return self._by_kid(kid)
            if algorithm is not None and algorithm not in algorithms:
                raise ValueError(f"the sandbox signs with {' or '.join(algorithms)}, not {algorithm!r}")
            return self._current[algorithm or algorithms[0]]

    def _by_kid(self, kid: str) -> SigningKey:
        for key in (*reversed(self._published), *reversed(self._withdrawn)):
            if key.kid == kid:
                return key
        raise KeyError(f"the sandbox never had a key {kid!r}")

    def kid(self, algorithm: str | None = None) -> str:
        """The id of the key that signs at present."""
        return self._key(algorithm, None).kid

    def public_pem(self, algorithm: str | None = None) -> str:
        """The public key that belongs to the present signing key, for use without a network."""
        return self._key(algorithm, None).public_pem()

    def rotate(self, algorithm: str | None = None, *, keep_old: bool = True, same_kid: bool = False) -> str:
        """Sign with a new key from now on.

        Args:
            algorithm: which of the keys.
            keep_old: leave the old key in the key set, as an orderly rotation does.
            same_kid: give the new key the old one's id, as no provider should.

        Returns:
            the id of the old key; ``session(kid=…)`` still signs with it.
        """
        old = self._key(algorithm, None)
        new = SigningKey.generate(old.algorithm, old.kid if same_kid else self.shape.new_kid())
        with self._lock:
            self._current[old.algorithm] = new
            self._published.append(new)
        if not keep_old:
            self.withdraw(old)
        return old.kid

    def compromise(self, algorithm: str | None = None) -> str:
        """The key was stolen: it leaves the key set at once, a new one takes its place.

        Returns:
            the id of the stolen key; ``session(kid=…)`` still signs with it, as the thief does.
        """
        return self.rotate(algorithm, keep_old=False)

    def withdraw(self, key: SigningKey | str) -> None:
        """Take a key out of the key set; it can still sign.

        Args:
            key: the key, or its id.

        Raises:
            KeyError: no key of that id.
        """
        with self._lock:
            gone = self._by_kid(key) if isinstance(key, str) else key
            self._published = [kept for kept in self._published if kept is not gone]
            self._withdrawn.append(gone)

    def fail(self, mode: Failure | str | None, *, delay: float | None = None) -> None:
        """Fail from now on, or stop failing.

        Args:
            mode: how; None ends it.
            delay: seconds before each answer, whatever the mode; 10 by default when slow, else none.

        Raises:
            ValueError: no such mode.
        """
        failure = None if mode is None else Failure(mode)
        usual = SLOW_SECONDS if failure is Failure.SLOW else 0.0
        with self._lock:
            self._failure, self._delay = failure, usual if delay is None else delay

    def failing(self) -> tuple[Failure | None, float]:
        """The present failure mode and the delay in seconds."""
        with self._lock:
            return self._failure, self._delay

    def jwks(self) -> dict[str, object]:
        """The key set (RFC 7517, section 5), newest key first."""
        with self._lock:
            keys = [*(key.jwk() for key in reversed(self._published)), *self.extra_keys]
        if self.api_key is None:
            return {"keys": keys}
        owners = [self.api_key, *self.further_api_keys]
        return {"keys": keys, OWNER_MEMBER: owners if self.further_api_keys else self.api_key}

    def discovery(self) -> dict[str, object]:
        """The discovery document (OpenID Connect Discovery 1.0, section 3)."""
        return {
            "issuer": self.issuer,
            "jwks_uri": self.jwks_url,
            "authorization_endpoint": f"{self.issuer}/oauth/authorize",
            "token_endpoint": f"{self.issuer}/oauth/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(self.shape.algorithms),
            "claims_supported": ["aud", "exp", "iat", "iss", "sub", "name", "email", "picture"],
        }


def _shape_and_overrides(given: Mapping[str, object], provider: Shape) -> tuple[SessionShape, dict[str, object]]:
    """Split the fields of a shape from the claims; ``jti`` is a field only as a boolean."""
    named = {spec.name for spec in fields(SessionShape)}
    shape: dict[str, Any] = {
        name: value for name, value in given.items() if name in named and (name != "jti" or value in (True, False))
    }
    provider.refuse_foreign(set(shape))
    overrides = {name: value for name, value in given.items() if name not in shape}
    return SessionShape(**{"life": provider.life, **shape}), overrides

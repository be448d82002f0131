"""An app that signs people in with Auth.js 5 or NextAuth 4: its encrypted sessions, its cookies, its session route.

Written from their public source and documentation, apart from the reader that it is used to test.
Everything here may be called from any thread while the server answers in another.
"""

import base64
import hashlib
import hmac
import os
import secrets
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tidegate.clock import Clock, SystemClock, rfc3339
from tidegate.sandbox.claims import SessionShape, overridden, times
from tidegate.sandbox.people import DEFAULT_PERSON, PEOPLE, Person
from tidegate.sandbox.provider import SLOW_SECONDS, Failure

VERSIONS: Final[Mapping[str, int]] = MappingProxyType({"authjs": 5, "nextauth": 4})
"""The names under which the sandbox is such an app, and whose sessions it makes then."""

SECRET_PREFIX: Final = "tidegate-sandbox-"
"""How a sandbox's secret begins, so that no service takes it for one of an app that is real."""

COOKIES: Final[Mapping[int, str]] = MappingProxyType({5: "authjs.session-token", 4: "next-auth.session-token"})
ROUTE: Final = "/api/auth/session"
LIFE_SECONDS: Final = 30 * 86_400
CHUNK: Final = 3_936
"""Characters of a cookie's value, beyond which it is cut: 4,096 less 160 for name and attributes."""

DATABASE: Final = "database"
_OLD: Final = 4
_KEPT: Final = 1_000
_FIELDS: Final = frozenset({"life", "age", "expired", "impersonated_by", "kind"})
_BLOCK: Final = 16


class AuthjsApp:
    """Such an app.

    Args:
        url: its address, no slash at the end.
        version: 5 for Auth.js, 4 for NextAuth.
        clock: dates the sessions.
        secret: with which it encrypts; made at random if not given.

    Attributes:
        url: as given; the server that carries it sets it anew when its port is known.
        version: as given.
        secret: as given or made; ``rotate`` makes another one.
        asked: questions to its session route so far.
    """

    def __init__(self, url: str, version: int = 5, clock: Clock | None = None, secret: str = "") -> None:
        self.url = url
        self.version = version
        self.secret = secret or SECRET_PREFIX + secrets.token_urlsafe(32)
        self.asked = 0
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, dict[str, object]] = OrderedDict()
        self._failure: Failure | None = None
        self._delay = 0.0

    def reset(self) -> None:
        """End failures, forget counts and the sessions of its database; the secret stays."""
        self.fail(None)
        self.asked = 0
        with self._lock:
            self._kept.clear()

    @property
    def cookie(self) -> str:
        """The name of its session cookie on plain http; version 5 derives its key from it."""
        return COOKIES[self.version]

    def session(
        self,
        person: str | Person = DEFAULT_PERSON,
        *,
        algorithm: str | None = None,
        kid: str | None = None,
        header: Mapping[str, object] | None = None,
        **claims: object,
    ) -> str:
        """A session: what its cookie holds, and what is sent as a Bearer value.

        Args:
            person: a name of ``PEOPLE``, or somebody else.
            algorithm: there is no choice; for callers that offer one.
            kid: likewise.
            header: header members laid over the usual ones, ``REMOVED`` takes one out.
            claims: first ``life``, ``age``, ``expired``, ``impersonated_by`` and ``kind`` (``session``, or
                ``database`` for one that only its session route knows); all others are claims laid over the usual
                ones, ``REMOVED`` takes one out.

        Raises:
            KeyError: nobody of that name.
            ValueError: a way to differ that its sessions do not have.
        """
        if algorithm or kid:
            raise ValueError(
                "sessions of Auth.js are encrypted with the app's secret: no algorithm and no key to choose"
            )
        who = person if isinstance(person, Person) else PEOPLE[person]
        shape, overrides = _shape_and_overrides(claims)
        said = overridden({**_claims(who, shape, self._clock.now())}, overrides)
        if shape.kind == DATABASE:
            return self._keep(said)
        if shape.kind != "session":
            raise ValueError(f"Auth.js's tokens are session, {DATABASE}")
        return self.seal(said, header=header)

    def seal(self, payload: Mapping[str, object] | bytes, *, header: Mapping[str, object] | None = None) -> str:
        """Any payload, encrypted as a session is.

        Args:
            payload: claims, or raw octets.
            header: as for :meth:`session`.
        """
        key, plain = self._key(), payload if isinstance(payload, bytes) else orjson.dumps(payload)
        encryption, encrypt = ("A256GCM", _gcm) if self.version == _OLD else ("A256CBC-HS512", _cbc)
        named = {} if self.version == _OLD else {"kid": _thumbprint(key)}
        members = overridden({"alg": "dir", "enc": encryption, **named}, header or {})
        head = _encoded(orjson.dumps(members))
        return ".".join((head, "", *map(_encoded, encrypt(key, plain, head.encode("ascii")))))

    def cookie_header(self, session: str) -> str:
        """A session as its browser sends it, cut into several cookies where it is long.

        Args:
            session: from :meth:`session`.
        """
        if len(session) <= CHUNK:
            return f"{self.cookie}={session}"
        chunks = [session[start : start + CHUNK] for start in range(0, len(session), CHUNK)]
        return "; ".join(f"{self.cookie}.{number}={chunk}" for number, chunk in enumerate(chunks))

    def rotate(self) -> str:
        """Encrypt with a new secret from now on.

        Returns:
            the old one, which a service should list beside the new one for a while.
        """
        old, self.secret = self.secret, SECRET_PREFIX + secrets.token_urlsafe(32)
        return old

    def sign_out(self, session: str) -> None:
        """Forget a session of its database."""
        with self._lock:
            self._kept.pop(session, None)

    def fail(self, mode: Failure | str | None, *, delay: float | None = None) -> None:
        """Let its session route fail from now on, or answer again.

        Args:
            mode: how; None ends it.
            delay: seconds before each answer, whatever the mode; 10 by default when slow, else none.

        Raises:
            ValueError: no such mode.
        """
        failure = None if mode is None else Failure(mode)
        usual = SLOW_SECONDS if failure is Failure.SLOW else 0.0
        self._failure, self._delay = failure, usual if delay is None else delay

    def failing(self) -> tuple[Failure | None, float]:
        """The present failure mode and the delay in seconds."""
        return self._failure, self._delay

    def answer(self, cookies: Mapping[str, str]) -> dict[str, object] | None:
        """What its session route says of a request's cookies.

        Args:
            cookies: name to value.

        Returns:
            the session; None where there is none.
        """
        with self._lock:
            claims = self._kept.get(cookies.get(self.cookie, ""))
        if claims is None or not isinstance(ends := claims["exp"], int) or ends <= self._clock.now():
            return None
        user = {"id": claims["sub"], "name": claims["name"], "email": claims["email"], "image": claims["picture"]}
        return {"user": user, "expires": rfc3339(ends)}

    def settings(self) -> dict[str, str]:
        """Variable to value: what a service needs to accept its sessions, those of its database too."""
        return {"AUTH_SECRET": self.secret, "TIDEGATE_AUTHJS_SESSION_URL": self.url + ROUTE}

    def element(self, name: str) -> dict[str, object]:
        """What an element of ``TIDEGATE_ISSUERS`` says of it where it is a further app; its secret is needed besides.

        Args:
            name: of the issuer.
        """
        of_session = {"cookies": [self.cookie], "session_url": self.url + ROUTE}
        return {"preset": "authjs", "name": name, "version": str(self.version), **of_session}

    def _keep(self, claims: dict[str, object]) -> str:
        token = str(uuid.uuid4())
        with self._lock:
            self._kept[token] = claims
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return token

    def _key(self) -> bytes:
        secret = self.secret.encode()
        if self.version == _OLD:
            return HKDF(SHA256(), 32, salt=b"", info=b"NextAuth.js Generated Encryption Key").derive(secret)
        name = self.cookie
        info = f"Auth.js Generated Encryption Key ({name})"
        return HKDF(SHA256(), 64, salt=name.encode(), info=info.encode()).derive(secret)


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _thumbprint(key: bytes) -> str:
    """RFC 7638 over SHA-512."""
    return _encoded(hashlib.sha512(orjson.dumps({"k": _encoded(key), "kty": "oct"})).digest())


def _gcm(key: bytes, plain: bytes, head: bytes) -> tuple[bytes, bytes, bytes]:
    """RFC 7518, section 5.3: initialization vector, ciphertext and tag."""
    vector = os.urandom(12)
    sealed = AESGCM(key).encrypt(vector, plain, head)
    return vector, sealed[:-_BLOCK], sealed[-_BLOCK:]


def _cbc(key: bytes, plain: bytes, head: bytes) -> tuple[bytes, bytes, bytes]:
    """RFC 7518, section 5.2.2: the first half of the key authenticates, the second encrypts."""
    half, vector = len(key) // 2, os.urandom(_BLOCK)
    missing = _BLOCK - len(plain) % _BLOCK
    encryptor = Cipher(AES256(key[half:]), CBC(vector)).encryptor()
    text = encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()
    covered = head + vector + text + (8 * len(head)).to_bytes(8, "big")
    return vector, text, hmac.digest(key[:half], covered, "sha512")[:half]


def _shape_and_overrides(given: Mapping[str, object]) -> tuple[SessionShape, dict[str, object]]:
    shape: dict[str, Any] = {name: value for name, value in given.items() if name in _FIELDS}
    foreign = given.keys() & (SessionShape.__dataclass_fields__.keys() - _FIELDS - {"jti"})
    if foreign:
        raise ValueError(f"sessions of Auth.js have no {', '.join(sorted(foreign))}")
    overrides = {name: value for name, value in given.items() if name not in shape}
    return SessionShape(**{"life": LIFE_SECONDS, **shape}), overrides


def _claims(person: Person, shape: SessionShape, now: float) -> dict[str, object]:
    acted = {} if shape.impersonated_by is None else {"act": {"sub": shape.impersonated_by}}
    return {
        "name": person.name,
        "email": person.email,
        "picture": person.picture,
        "sub": f"c{hashlib.sha256(person.subject.encode()).hexdigest()[:24]}",
        "jti": str(uuid.uuid4()),
        **times(shape, now),
        **acted,
    }

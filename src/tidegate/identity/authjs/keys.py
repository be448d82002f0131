"""The keys of Auth.js's encrypted sessions, derived once from the app's secrets."""

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tidegate.identity import base64url
from tidegate.identity.authjs.jwe import Form, NotOpened, Sealed, key_octets
from tidegate.identity.jws import AlgorithmNotAllowed, KeyUnknown
from tidegate.identity.keydisk import Distrust, KeyDisk
from tidegate.identity.keys import KeySet
from tidegate.identity.keysource import AskOutcome, KeyState, KeyStatus

SECRET_LENGTH_MIN: Final = 32
_V4_INFO: Final = "NextAuth.js Generated Encryption Key"
_V5_INFO: Final = "Auth.js Generated Encryption Key ({})"
_NO_PUBLIC_KEYS: Final = KeySet()
_RETRY_SECONDS: Final = 60.0


class SessionKey:
    """One derived key.

    Attributes:
        form: of the sessions it opens.
        kid: its SHA-512 thumbprint (RFC 7638), which the sessions of version 5 name.
        live: False once it is distrusted. Whoever keeps a session that it opened looks here before using it.
    """

    __slots__ = ("_octets", "form", "kid", "live")

    def __init__(self, form: Form, octets: bytes) -> None:
        self.form = form
        self.kid = _thumbprint(octets)
        self.live = True
        self._octets = octets

    def open(self, sealed: Sealed) -> bytes:
        """The plaintext of a session.

        Args:
            sealed: of the same form.

        Raises:
            NotOpened: another key's, or changed.
        """
        return sealed.open(self._octets)

    def __repr__(self) -> str:
        return f"<SessionKey for {self.form}>"


class SecretKeys:
    """The keys that follow from the app's secrets; a `KeySource` of which nothing is ever fetched.

    Args:
        name: the configured name of the issuer.
        issuer: its configured identity, to which distrusted keys are bound.
        secrets: of the app, each of at least 32 characters; several while one is replaced.
        cookies: the names of its session cookie, from which the keys of version 5 also follow.
        forms: the versions that are accepted.
        disk: where distrusted keys are kept; None keeps them in memory only.

    Raises:
        ValueError: a secret is too short, as one that is empty is.
        KeyDiskError: the list of distrusted keys cannot be read.
    """

    def __init__(
        self,
        name: str,
        issuer: str,
        secrets: Sequence[str],
        cookies: Iterable[str],
        forms: frozenset[Form],
        disk: KeyDisk | None = None,
    ) -> None:
        if any(len(secret) < SECRET_LENGTH_MIN for secret in secrets):
            raise ValueError(f"a secret of Auth.js has at least {SECRET_LENGTH_MIN} characters")
        self.name = name
        self._issuer = issuer
        self._disk = disk
        self._distrust = Distrust() if disk is None else disk.distrusted(issuer)
        self._keys = tuple(_derived(secrets, tuple(cookies), forms))
        self._forms = forms
        self._apply_distrust()

    @property
    def any(self) -> bool:
        """Whether there is a secret at all."""
        return bool(self._keys)

    def open(self, sealed: Sealed) -> tuple[bytes, SessionKey]:
        """Open a session with the key it was made with.

        Args:
            sealed: well formed.

        Returns:
            the plaintext and the key.

        Raises:
            AlgorithmNotAllowed: sessions of this version are not accepted.
            KeyUnknown: it names a key that follows from none of the secrets and cookie names.
            NotOpened: none of the keys opens it.
        """
        if sealed.form not in self._forms:
            raise AlgorithmNotAllowed("Sessions of this version of Auth.js are not accepted (TIDEGATE_AUTHJS_VERSION).")
        keys = self._fitting(sealed)
        for key in keys:
            try:
                return key.open(sealed), key
            except NotOpened:
                if key is keys[-1]:
                    raise
        raise KeyUnknown(sealed.kid)

    def _fitting(self, sealed: Sealed) -> list[SessionKey]:
        """Version 5 names its key; version 4 does not, so there each secret is tried."""
        live = [key for key in self._keys if key.live and key.form is sealed.form]
        if sealed.form is Form.V4 and sealed.kid is None:
            return live
        return [key for key in live if key.kid == sealed.kid]

    def current(self) -> KeySet:
        """The keys that verify signatures: none, whatever a signed token says of its issuer."""
        return _NO_PUBLIC_KEYS

    def status(self) -> KeyStatus:
        """The condition of the keys: fresh as long as there is one, since they are made here."""
        usable = sum(key.live for key in self._keys)
        distrusted = bool(self._keys) and not usable
        error = "every key of the configured secrets is distrusted" if distrusted else None
        return KeyStatus(KeyState.EXPIRED if distrusted else KeyState.FRESH, None, error, usable)

    async def ask(self, kid: str | None) -> AskOutcome:
        """There are no newer keys to be had.

        Returns:
            `AskResult.FAILED`: only the operator can help, with another secret.
        """
        del kid
        return AskOutcome.failed(_RETRY_SECONDS)

    def doubt(self) -> None:
        """There are no newer keys to be had."""

    async def run(self) -> None:
        """Nothing to refresh: wait until cancelled."""
        await asyncio.Event().wait()

    def distrust(self, kid: str) -> bool:
        """Refuse a key at once and for good. A secret that is out should be taken from the settings as well.

        Args:
            kid: the key's thumbprint, as the header of a session of version 5 has it.

        Returns:
            whether such a key was in use.

        Raises:
            KeyDiskError: the key is refused, but that could not be kept for the next start.
        """
        found = any(key.live and key.kid == kid for key in self._keys)
        self._distrust = self._distrust.joined(Distrust(names=frozenset({kid})))
        self._apply_distrust()
        if self._disk is not None:
            self._disk.distrust(self._issuer, self._distrust)
        return found

    def _apply_distrust(self) -> None:
        for key in self._keys:
            if key.kid in self._distrust.names:
                key.live = False


def _derived(secrets: Sequence[str], cookies: Sequence[str], forms: frozenset[Form]) -> Iterator[SessionKey]:
    for secret in secrets:
        if Form.V5 in forms:
            for cookie in cookies:
                yield _derive(Form.V5, secret, cookie, _V5_INFO.format(cookie))
        if Form.V4 in forms:
            yield _derive(Form.V4, secret, "", _V4_INFO)


def _derive(form: Form, secret: str, salt: str, info: str) -> SessionKey:
    """HKDF (RFC 5869) as the two versions call it; all three texts are UTF-8."""
    function = HKDF(SHA256(), key_octets(form), salt.encode(), info.encode())
    return SessionKey(form, function.derive(secret.encode()))


def _thumbprint(octets: bytes) -> str:
    """RFC 7638, section 3, of the symmetric key as a JWK, with SHA-512."""
    document = b'{"k":"%b","kty":"oct"}' % base64url.encode(octets)
    return base64url.encode(hashlib.sha512(document).digest()).decode("ascii")

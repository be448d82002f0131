"""The strict reader of compact JSON Web Encryption (RFC 7516): the two forms that Auth.js makes, and no other.

Both use the key directly (``dir``). So there is no code here that unwraps keys, derives them from
passwords or inflates anything, and a header that asks for such things finds nobody to do it.
"""

import hmac
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from tidegate.errors import Reason
from tidegate.identity.jws import (
    DEFAULT,
    AlgorithmNotAllowed,
    InvalidToken,
    JwsLimits,
    TokenMalformed,
    TokenTooLarge,
    decoded,
    json_object,
    optional_string,
)

SEGMENTS: Final = 5
_BLOCK: Final = 16
_HALF: Final = 32


class Form(StrEnum):
    """How a session is encrypted: the header's ``enc``, by which the versions of Auth.js are told apart."""

    V4 = "A256GCM"
    V5 = "A256CBC-HS512"


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Octets of the parts, each of exactly one length (RFC 7518, sections 5.2.5 and 5.3)."""

    key: int
    iv: int
    tag: int


_SIZES: Final = MappingProxyType({Form.V4: _Sizes(32, 12, 16), Form.V5: _Sizes(64, 16, 32)})
_FORMS: Final = MappingProxyType({form.value: form for form in Form})


class NotOpened(InvalidToken):
    """The session was not encrypted with the key, or was changed since."""

    def __init__(self) -> None:
        super().__init__(
            Reason.SIGNATURE_INVALID, "The session cannot be opened with the app's secrets: another secret, or changed."
        )


def key_octets(form: Form) -> int:
    """How long a key of this form is.

    Args:
        form: the content encryption.
    """
    return _SIZES[form].key


class Sealed:
    """A token that was read and is well formed; what is in it shows only with the key.

    Attributes:
        form: how it is encrypted.
        kid: the key that its header names, text of an unverified token.
    """

    __slots__ = ("_aad", "_ciphertext", "_iv", "_tag", "form", "kid")

    def __init__(self, form: Form, kid: str | None, aad: bytes, iv: bytes, ciphertext: bytes, tag: bytes) -> None:
        self.form = form
        self.kid = kid
        self._aad = aad
        self._iv = iv
        self._ciphertext = ciphertext
        self._tag = tag

    def open(self, key: bytes) -> bytes:
        """Check and decrypt.

        Args:
            key: of the length that the form has.

        Returns:
            the plaintext; from here on header and claims are the word of whoever has the key.

        Raises:
            NotOpened: another key, or a token that was changed. It does not say which.
        """
        if self.form is Form.V4:
            return self._open_gcm(key)
        return self._open_cbc(key)

    def _open_gcm(self, key: bytes) -> bytes:
        """RFC 7518, section 5.3."""
        try:
            return AESGCM(key).decrypt(self._iv, self._ciphertext + self._tag, self._aad)
        except InvalidTag:
            raise NotOpened from None

    def _open_cbc(self, key: bytes) -> bytes:
        """RFC 7518, section 5.2.2.2. Nothing is decrypted before the tag is found good, so no padding is an oracle."""
        length = (len(self._aad) * 8).to_bytes(8, "big")
        tag = hmac.digest(key[:_HALF], b"".join((self._aad, self._iv, self._ciphertext, length)), "sha512")[:_HALF]
        if not hmac.compare_digest(tag, self._tag):
            raise NotOpened
        try:
            decryptor = Cipher(AES256(key[_HALF:]), CBC(self._iv)).decryptor()
            unpadder = PKCS7(_BLOCK * 8).unpadder()
            padded = decryptor.update(self._ciphertext) + decryptor.finalize()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            raise NotOpened from None

    def __repr__(self) -> str:
        return f"<Sealed, {self.form}>"


def parse(compact: bytes, limits: JwsLimits = DEFAULT) -> Sealed:
    """Read a token without opening it.

    Args:
        compact: the token.
        limits: sizes beyond which it is refused unread.

    Returns:
        the token, to be opened with the key that its header names.

    Raises:
        TokenTooLarge: beyond the limits.
        TokenMalformed: anything but five canonical segments, or a header that needs what is not supported.
        AlgorithmNotAllowed: ``alg`` is not ``dir``, or ``enc`` is none of the two.
    """
    if len(compact) > limits.token_octets:
        raise TokenTooLarge(f"The token is larger than {limits.token_octets} octets.")
    segments = compact.split(b".", SEGMENTS)
    if len(segments) != SEGMENTS:
        raise TokenMalformed("The token does not have the five segments of an encrypted session.")
    header, encrypted_key, iv, ciphertext, tag = segments
    if len(header) > limits.header_octets:
        raise TokenTooLarge(f"The token's header is larger than {limits.header_octets} octets.")
    form, kid = _read_header(json_object(header, "header")[1])
    if encrypted_key:
        # RFC 7518, section 4.5: with the key used directly there is none that is encrypted.
        raise TokenMalformed("The token has an encrypted key, where the key is to be used directly (dir).")
    parts = decoded(iv, "initialization vector"), decoded(ciphertext, "ciphertext"), decoded(tag, "tag")
    _check_sizes(form, *parts)
    return Sealed(form, kid, header, *parts)


def _read_header(members: dict[str, object]) -> tuple[Form, str | None]:
    if "crit" in members:
        # RFC 7516, section 4.1.13: what is critical and not supported must be refused; nothing is supported.
        raise TokenMalformed("The header demands an extension (crit); none is supported.")
    if "zip" in members:
        # A few octets can be made to inflate to gigabytes, by whoever has an old secret or none.
        raise TokenMalformed("The header says that the content is compressed (zip), which is not supported.")
    if members.get("alg") != "dir":
        raise AlgorithmNotAllowed("The header's algorithm (alg) is not dir, the only one that Auth.js uses.")
    enc = members.get("enc")
    form = _FORMS.get(enc) if isinstance(enc, str) else None
    if form is None:
        raise AlgorithmNotAllowed("The header's encryption (enc) is neither A256CBC-HS512 nor A256GCM.")
    return form, optional_string(members, "kid")


def _check_sizes(form: Form, iv: bytes, ciphertext: bytes, tag: bytes) -> None:
    sizes = _SIZES[form]
    if len(iv) != sizes.iv or len(tag) != sizes.tag:
        # A short tag would be easy to guess, and a GCM tag that is too long would be split elsewhere.
        raise TokenMalformed("The token's initialization vector or tag is not of the one length that it can have.")
    if form is Form.V5 and (not ciphertext or len(ciphertext) % _BLOCK):
        raise TokenMalformed("The token's ciphertext is not a whole number of blocks.")

"""The strict verifier of compact JSON Web Signatures (RFC 7515), the door every session comes through.

It knows keys and algorithms, nothing of issuers or claims. ``verify`` does all in one call.
The hot path must look at the unverified issuer first, to know whose keys to use, and does not
want to parse twice: it calls ``parse`` and then the result's ``verify``.
"""

from dataclasses import dataclass
from typing import Final

from tidegate.errors import Reason, Refusal
from tidegate.identity import base64url
from tidegate.identity.keys import Key, KeySet
from tidegate.identity.strictjson import StrictJsonError, parse_object

_HEADERS_KEPT: Final = 256
_HEADER_OCTETS_KEPT: Final = 512
_SEGMENTS: Final = 3


class InvalidToken(Refusal):
    """The token is refused before anybody looks at its claims."""


class TokenMalformed(InvalidToken):
    """The token is not a compact JWS as this service reads it."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.TOKEN_MALFORMED, detail)


class TokenTooLarge(InvalidToken):
    """The token or its header exceeds its limit."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.TOKEN_TOO_LARGE, detail)


class AlgorithmNotAllowed(InvalidToken):
    """The header's algorithm is not on the list, or not one for the key."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.ALGORITHM_NOT_ALLOWED, detail)


class KeyUnknown(InvalidToken):
    """No key of the set is the one that the header points to.

    Args:
        kid: the header's ``kid``, text of an unverified token: never to be logged or shown.
    """

    def __init__(self, kid: str | None) -> None:
        detail = (
            "The header names no key (kid), and not exactly one key fits."
            if kid is None
            else ("The issuer's key set has no key with the id (kid) that the header names.")
        )
        super().__init__(Reason.KEY_UNKNOWN, detail)
        self.kid = kid


class SignatureInvalid(InvalidToken):
    """The signature does not fit the token and the key."""

    def __init__(self) -> None:
        super().__init__(Reason.SIGNATURE_INVALID, "The signature does not fit the token and the issuer's key.")


@dataclass(frozen=True, slots=True)
class JwsLimits:
    """Sizes beyond which a token is refused unread.

    Attributes:
        token_octets: the whole token.
        header_octets: its first segment, as spelled in the token.
    """

    token_octets: int = 8192
    header_octets: int = 2048


DEFAULT: Final = JwsLimits()


@dataclass(frozen=True, slots=True)
class Header:
    """What counts in a protected header; everything else in it is ignored.

    Embedded keys and addresses of keys (``jwk``, ``jku``, ``x5u``, ``x5c``) are among the
    ignored: a token does not say whom to trust.

    Attributes:
        alg: the algorithm (RFC 7515, section 4.1.1).
        kid: the key's id (section 4.1.4).
        typ: the token's media type (section 4.1.9).
    """

    alg: str
    kid: str | None
    typ: str | None


class Compact:
    """A token that was read and is well formed. Nothing in it may be believed before ``verify``.

    Until then its claims can choose the issuer whose keys to try, and serve for nothing else.

    Attributes:
        unverified_header: the protected header.
        unverified_claims: the payload, a JSON object.
        payload: the payload's octets.
    """

    __slots__ = ("_fresh_segment", "_signature", "_signed", "payload", "unverified_claims", "unverified_header")

    def __init__(
        self,
        header: Header,
        claims: dict[str, object],
        payload: bytes,
        signed: bytes,
        signature: bytes,
        fresh_segment: bytes | None,
    ) -> None:
        self.unverified_header = header
        self.unverified_claims = claims
        self.payload = payload
        self._signed = signed
        self._signature = signature
        self._fresh_segment = fresh_segment

    @property
    def typ(self) -> str | None:
        """The header's ``typ``."""
        return self.unverified_header.typ

    def verify(self, keys: KeySet, algorithms: frozenset[str]) -> Key:
        """Check the signature.

        Args:
            keys: the keys of the one issuer that the token may come from.
            algorithms: the ``alg`` values that this issuer may use.

        Returns:
            the key that signed it; from here on header and claims are the issuer's word.

        Raises:
            AlgorithmNotAllowed: ``alg`` is not in the list, or the key does not serve it.
            KeyUnknown: the set has no such key.
            SignatureInvalid: the signature does not fit.
        """
        header = self.unverified_header
        if header.alg not in algorithms:
            raise AlgorithmNotAllowed("The header's algorithm (alg) is not on the issuer's list.")
        key = keys.select(header.kid, header.alg)
        if key is None:
            raise KeyUnknown(header.kid)
        if header.alg not in key.algorithms:
            raise AlgorithmNotAllowed("The header's algorithm (alg) is not one that its key may be used with.")
        if not key.verify(header.alg, self._signature, self._signed):
            raise SignatureInvalid
        if self._fresh_segment is not None:
            _keep_header(self._fresh_segment, header)
        return key

    def __repr__(self) -> str:
        return "<Compact>"


def verify(compact: bytes | str, keys: KeySet, algorithms: frozenset[str], *, limits: JwsLimits = DEFAULT) -> bytes:
    """Verify a compact JWS whose payload is a JSON object.

    Args:
        compact: the token.
        keys: the issuer's keys.
        algorithms: the ``alg`` values that are allowed.
        limits: sizes beyond which it is refused unread.

    Returns:
        the payload's octets.

    Raises:
        InvalidToken: one of its subclasses says why.
    """
    return verify_with_key(compact, keys, algorithms, limits=limits)[0]


def verify_with_key(
    compact: bytes | str, keys: KeySet, algorithms: frozenset[str], *, limits: JwsLimits = DEFAULT
) -> tuple[bytes, Key]:
    """As ``verify``, for those who must know which key signed.

    Args:
        compact: the token.
        keys: the issuer's keys.
        algorithms: the ``alg`` values that are allowed.
        limits: sizes beyond which it is refused unread.

    Returns:
        the payload's octets, and the key.

    Raises:
        InvalidToken: one of its subclasses says why.
    """
    token = parse(compact, limits)
    return token.payload, token.verify(keys, algorithms)


def parse(compact: bytes | str, limits: JwsLimits = DEFAULT) -> Compact:
    """Read a token in full without checking its signature.

    Args:
        compact: the token.
        limits: sizes beyond which it is refused unread.

    Returns:
        the token, to be asked whose it claims to be, and then to be verified.

    Raises:
        TokenTooLarge: beyond the limits.
        TokenMalformed: anything but three canonical segments with a JSON object in the first
            two, or a header that needs something which is not supported.
    """
    if len(compact) > limits.token_octets:
        raise TokenTooLarge(f"The token is larger than {limits.token_octets} octets.")
    octets = _ascii(compact) if isinstance(compact, str) else compact
    segments = octets.split(b".", _SEGMENTS)
    if len(segments) != _SEGMENTS:
        raise TokenMalformed("The token does not have three segments; other forms than the compact one are refused.")
    header_segment, payload_segment, signature_segment = segments
    if len(header_segment) > limits.header_octets:
        raise TokenTooLarge(f"The token's header is larger than {limits.header_octets} octets.")
    header = _headers.get(header_segment)
    unknown = header is None
    if header is None:
        header = _read_header(json_object(header_segment, "header")[1])
    payload, claims = json_object(payload_segment, "payload")
    return Compact(
        header,
        claims,
        payload,
        octets[: -1 - len(signature_segment)],
        decoded(signature_segment, "signature"),
        header_segment if unknown else None,
    )


def _ascii(compact: str) -> bytes:
    try:
        return compact.encode("ascii")
    except UnicodeEncodeError:
        raise TokenMalformed("The token holds a character outside ASCII.") from None


def decoded(segment: bytes, name: str) -> bytes:
    """The octets of one segment of a token.

    Args:
        segment: as spelled in the token.
        name: what it is called in a refusal.

    Raises:
        TokenMalformed: it is not the canonical spelling of octets.
    """
    try:
        return base64url.decode(segment)
    except ValueError:
        raise TokenMalformed(f"The token's {name} is not canonical base64url.") from None


def json_object(segment: bytes, name: str) -> tuple[bytes, dict[str, object]]:
    """The octets of one segment, and the JSON object that they must be.

    Args:
        segment: as spelled in the token.
        name: what it is called in a refusal.

    Raises:
        TokenMalformed: it is not that.
    """
    octets = decoded(segment, name)
    try:
        return octets, parse_object(octets)
    except StrictJsonError as error:
        raise TokenMalformed(f"The token's {name} is refused: {error}.") from None


def _read_header(members: dict[str, object]) -> Header:
    if "crit" in members:
        # RFC 7515, section 4.1.11: what is critical and not supported must be refused; nothing is supported.
        raise TokenMalformed("The header demands an extension (crit); none is supported.")
    if "b64" in members:
        raise TokenMalformed("The header speaks of an unencoded payload (b64), which is not supported.")  # RFC 7797
    alg = members.get("alg")
    if not isinstance(alg, str):
        raise TokenMalformed("The header's algorithm (alg) is missing or not a string.")
    return Header(alg, optional_string(members, "kid"), optional_string(members, "typ"))


def optional_string(members: dict[str, object], name: str) -> str | None:
    """A member of a header that is a string where it is there.

    Args:
        members: the header's.
        name: of the member.

    Raises:
        TokenMalformed: it is something else.
    """
    value = members.get(name)
    if value is None and name not in members:
        return None
    if not isinstance(value, str):
        raise TokenMalformed(f"The header's {name} is not a string.")
    return value


# All tokens of one key begin with the same octets. Only what reading them gave is kept, under exactly those
# octets, and only after a signature was good, so that strangers cannot fill it or push anything out.
_headers: dict[bytes, Header] = {}


def _keep_header(segment: bytes, header: Header) -> None:
    if len(segment) > _HEADER_OCTETS_KEPT:
        return
    if len(_headers) >= _HEADERS_KEPT:
        _headers.clear()
    _headers[segment] = header

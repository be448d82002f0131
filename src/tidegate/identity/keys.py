"""The public keys of one issuer: admitted, immutable, found by ``kid``."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from tidegate.errors import TidegateError
from tidegate.identity.admission import KeyRefusedError, public_key_from_jwk, public_key_from_pem, thumbprint
from tidegate.identity.algorithms import PublicKey, check_for
from tidegate.identity.strictjson import StrictJsonError, parse_object

KEYS_MAX: Final = 20
DOCUMENT_OCTETS_MAX: Final = 65_536


class LiveKey(Protocol):
    """What a verified session hangs on, whatever its kind."""

    @property
    def live(self) -> bool:
        """False once nothing that it vouched for may be accepted any more."""
        ...


class KeySetError(TidegateError):
    """A key set as a whole cannot be used. The message is for operators and quotes no key."""


class Key:
    """One admitted public key.

    Attributes:
        kid: its id in the issuer's key set; None for a PEM, or a JWK without one.
        algorithms: the ``alg`` values it may verify; all of one family.
        public_key: the key itself.
        fingerprint: its RFC 7638 thumbprint, the same however the key is spelled.
        live: False once the key has left its set. Whoever keeps something that this key
            signed (the cache of verified sessions) looks here before using it.
    """

    __slots__ = ("_checks", "algorithms", "fingerprint", "kid", "live", "public_key")

    def __init__(self, kid: str | None, public_key: PublicKey, algorithms: frozenset[str]) -> None:
        self.kid = kid
        self.algorithms = algorithms
        self.public_key = public_key
        self.fingerprint = thumbprint(public_key)
        self.live = True
        self._checks = {algorithm: check_for(algorithm, public_key) for algorithm in algorithms}

    def verify(self, algorithm: str, signature: bytes, signed: bytes) -> bool:
        """Check one signature.

        Args:
            algorithm: the token's ``alg``.
            signature: the decoded signature.
            signed: the octets it should cover.

        Returns:
            True if it does.

        Raises:
            KeyError: the algorithm is not one of ``algorithms``.
        """
        return self._checks[algorithm](signature, signed)

    def is_same_as(self, other: "Key") -> bool:
        """Whether both are one key in all that decides about a token.

        Args:
            other: a key, usually of an earlier key set.
        """
        return (self.kid, self.fingerprint, self.algorithms) == (other.kid, other.fingerprint, other.algorithms)

    def __repr__(self) -> str:
        return f"<Key {self.fingerprint} for {'/'.join(sorted(self.algorithms))}>"


@dataclass(frozen=True, slots=True)
class RejectedKey:
    """A member of a key set that was not admitted.

    Attributes:
        kid: its id, if it has one that is a string.
        why: the cause, as the end of a sentence that begins with the key.
    """

    kid: str | None
    why: str


class KeySet:
    """The admitted keys of one issuer. A set never changes; ``replacing`` relates two of them.

    Attributes:
        keys: the admitted keys, in the document's order.
        rejected: what was not admitted, and why.
    """

    __slots__ = ("_by_kid", "keys", "rejected")

    def __init__(self, keys: Iterable[Key] = (), rejected: Iterable[RejectedKey] = ()) -> None:
        self.keys = tuple(keys)
        self.rejected = tuple(rejected)
        self._by_kid = {key.kid: key for key in self.keys if key.kid is not None}

    @classmethod
    def from_jwks(cls, document: Mapping[str, object], *, max_keys: int = KEYS_MAX) -> "KeySet":
        """Admit the keys of a JWK set (RFC 7517, section 5).

        Args:
            document: the decoded set.
            max_keys: more members than this, of any kind, and the whole document is refused:
                which of them to take would be a guess.

        Returns:
            the keys that were admitted, and those that were not with the cause. All keys
            that share one ``kid`` are rejected, whichever of them would be good.

        Raises:
            KeySetError: no list ``keys``, or too long a one.
        """
        members = document.get("keys")
        if not isinstance(members, list):
            raise KeySetError("the key set has no list called keys")
        if len(members) > max_keys:
            raise KeySetError(f"the key set has more than {max_keys} keys")
        named = Counter(kid for member in members if (kid := _kid(member)) is not None)
        keys: list[Key] = []
        rejected: list[RejectedKey] = []
        for member in members:
            try:
                keys.append(_admit(member, named))
            except KeyRefusedError as refused:
                rejected.append(RejectedKey(_kid(member), str(refused)))
        return cls(keys, rejected)

    @classmethod
    def from_json(cls, octets: bytes, *, max_keys: int = KEYS_MAX, max_octets: int = DOCUMENT_OCTETS_MAX) -> "KeySet":
        """Read a JWK set as it came from a key server, and admit its keys.

        Args:
            octets: the document.
            max_keys: as in ``from_jwks``.
            max_octets: a larger document is refused unread.

        Returns:
            as ``from_jwks``.

        Raises:
            KeySetError: too large, not strict JSON, or not a key set.
        """
        if len(octets) > max_octets:
            raise KeySetError(f"the key set is larger than {max_octets} octets")
        try:
            document = parse_object(octets)
        except StrictJsonError as error:
            raise KeySetError(f"the key set cannot be read: {error}") from None
        return cls.from_jwks(document, max_keys=max_keys)

    @classmethod
    def from_pem(cls, pem: str | bytes) -> "KeySet":
        r"""Make a set of the one public key in a PEM, which has no ``kid``.

        Args:
            pem: one ``PUBLIC KEY`` block; its line breaks may be missing or written ``\n``.

        Returns:
            a set that verifies tokens with that key, whatever ``kid`` they name.

        Raises:
            KeySetError: not exactly one public key, or one that is not admitted.
        """
        try:
            text = pem if isinstance(pem, str) else pem.decode("ascii")
            return cls((Key(None, *public_key_from_pem(text)),))
        except UnicodeDecodeError:
            raise KeySetError("a PEM is ASCII text") from None
        except KeyRefusedError as refused:
            raise KeySetError(str(refused)) from None

    def by_kid(self, kid: str) -> Key | None:
        """The key with this id.

        Args:
            kid: compared character by character.
        """
        return self._by_kid.get(kid)

    def select(self, kid: str | None, algorithm: str) -> Key | None:
        """The one key that a token's header points to, before anything is verified.

        Args:
            kid: the header's ``kid``. None: only the key that alone fits the algorithm will do.
            algorithm: the header's ``alg``; looked at only when there is no ``kid``.

        Returns:
            None if there is no such key, if more than one would fit, or if it is no longer live.
        """
        if kid is None:
            fitting = [key for key in self.keys if algorithm in key.algorithms]
            key = fitting[0] if len(fitting) == 1 else None
        else:
            key = self._by_kid.get(kid)
            if key is None and len(self.keys) == 1 and self.keys[0].kid is None:
                key = self.keys[0]
        return key if key is not None and key.live else None

    def replacing(self, old: "KeySet") -> "KeySet":
        """This set as the successor of another one.

        Args:
            old: the set in use so far; each of its keys that does not stay loses ``live``.

        Returns:
            a set in which every key that was live in ``old`` too is the old object, so that
            what it signed stays cached.
        """
        staying = [next((key for key in old.keys if key.live and key.is_same_as(new)), new) for new in self.keys]
        kept = {id(key) for key in staying}
        for key in old.keys:
            if id(key) not in kept:
                key.live = False
        return KeySet(staying, self.rejected)

    def without(self, name: str) -> "KeySet":
        """A set in which one key is no longer trusted. The key loses ``live``.

        Args:
            name: the key's ``kid`` or its fingerprint.

        Returns:
            the remaining keys; the same set if no key has that name.
        """
        gone = [key for key in self.keys if name in (key.kid, key.fingerprint)]
        if not gone:
            return self
        for key in gone:
            key.live = False
        return KeySet((key for key in self.keys if key not in gone), self.rejected)

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self.keys)

    def __repr__(self) -> str:
        return f"<KeySet of {len(self.keys)} keys, {len(self.rejected)} rejected>"


def _kid(member: object) -> str | None:
    kid = member.get("kid") if isinstance(member, dict) else None
    return kid if isinstance(kid, str) else None


def _admit(member: object, named: Counter[str]) -> Key:
    if not isinstance(member, dict):
        raise KeyRefusedError("it is not an object")
    kid = _kid(member)
    if kid is None and "kid" in member:
        raise KeyRefusedError("its kid is not a string")
    if kid is not None and named[kid] > 1:
        raise KeyRefusedError("another key of the set has the same kid")
    return Key(kid, *public_key_from_jwk(member))

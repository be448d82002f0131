"""The keys of the ledger: what seals entries, and what stands in for names.

They have nothing to do with the app secret at Stream. That one is replaced every few
months, and a chain must be provable for as long as it is kept.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tidegate import ownfiles
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.folder import make_private, read_private

KEY_FILE: Final = "ledger.key"
MAC_BYTES: Final = 16
_NAME_BYTES: Final = 12
_KEY_TEXT: Final = re.compile(r"[0-9a-f]{64}\n?")
_CACHED_LABELS: Final = ("session", "subject", "user_id", "address")


class LedgerKey:
    """One secret, and the keys that follow from it.

    Args:
        secret: at least 32 octets that nobody can guess.

    Attributes:
        id: names the key without telling anything of it.
    """

    __slots__ = ("_names", "_seals", "id")

    def __init__(self, secret: bytes) -> None:
        root = hashlib.blake2b(secret, digest_size=32, person=b"tidegate ledger").digest()
        self.id = _derived(root, b"id")[:4].hex()
        self._seals = hashlib.blake2b(digest_size=MAC_BYTES, key=_derived(root, b"seals"))
        # BLAKE2 takes the key in when the first octet after it comes. With one here, each copy has that behind it.
        self._seals.update(b"\0")
        names = _derived(root, b"names")
        self._names = {
            label: hashlib.blake2b(digest_size=_NAME_BYTES, key=names, person=label.encode())
            for label in _CACHED_LABELS
        }
        for keyed in self._names.values():
            keyed.update(b"\0")  # as above

    def seal(self, before: bytes, body: bytes) -> bytes:
        """The seal of an entry: 16 octets that bind it to everything before it.

        Args:
            before: the seal of the entry before.
            body: of this one.
        """
        keyed = self._seals.copy()
        keyed.update(before + body)
        return keyed.digest()

    def genesis(self, chain: str) -> bytes:
        """What the first entry of a chain is bound to."""
        return self.seal(b"tidegate genesis", chain.encode())

    def sign(self, text: bytes) -> bytes:
        """A seal over something that is no entry."""
        return self.seal(b"tidegate  record", text)

    def name(self, label: str, text: str) -> str:
        """What stands in for a name: equal for equal names, and of no use without the key.

        Args:
            label: ``session``, ``subject``, ``user_id`` or ``address``.
            text: the name.
        """
        keyed = self._names[label].copy()
        keyed.update(text.encode() if text.isascii() else text.encode(errors="surrogatepass"))
        return keyed.hexdigest()

    def __repr__(self) -> str:
        return f"LedgerKey(id={self.id!r})"


class LedgerKeys:
    """The key that seals, and those that sealed before it.

    Args:
        keys: the one that seals first.
    """

    __slots__ = ("_by_id", "sealing")

    def __init__(self, keys: Sequence[LedgerKey]) -> None:
        self.sealing = keys[0]
        self._by_id = {key.id: key for key in reversed(keys)}

    def find(self, key_id: str) -> LedgerKey | None:
        """The key of this id, if it is one of these."""
        return self._by_id.get(key_id)

    def all(self) -> tuple[LedgerKey, ...]:
        """Every one of them."""
        return tuple(self._by_id.values())


def ledger_keys(given: Sequence[str], state_dir: Path, *, make: bool) -> LedgerKeys:
    """The keys that the settings name, or the one that was made here at the first start.

    Args:
        given: of the settings; the first seals, the others still prove.
        state_dir: where the key lies that was made here. It still proves after a key was set.
        make: make it where there is none.

    Raises:
        LedgerError: there is no key, or it cannot be read or kept.
    """
    path = state_dir / KEY_FILE
    kept = _kept(path)
    if kept is None and make and not given:
        make_private(state_dir)
        try:
            ownfiles.add(path, secrets.token_hex(32).encode() + b"\n")
        except FileExistsError:  # of another process that started meanwhile
            pass
        except OSError as error:
            raise LedgerError(f"{path.name} cannot be kept: {error.strerror}") from error
        kept = _kept(path)
    keys = [*map(_key, given), *([] if kept is None else [kept])]
    if not keys:
        raise LedgerError(f"there is no key: neither TIDEGATE_LEDGER_KEY nor {KEY_FILE} in the state directory")
    return LedgerKeys(keys)


def keys_in(path: Path) -> LedgerKeys:
    """The keys of a file: the one of a state directory, or one with what TIDEGATE_LEDGER_KEY holds.

    Raises:
        LedgerError: it cannot be read, or holds none.
    """
    try:
        texts = path.read_text(encoding="utf-8").strip().split(",")
    except (OSError, UnicodeDecodeError):
        raise LedgerError(f"{path.name} cannot be read") from None
    if not all(texts):
        raise LedgerError(f"{path.name} holds no key")
    return LedgerKeys([_key(text.strip()) for text in texts])


def _key(text: str) -> LedgerKey:
    return LedgerKey(text.encode())


def _kept(path: Path) -> LedgerKey | None:
    octets = read_private(path, largest=128)
    if octets is None:
        return None
    text = octets.decode("ascii", errors="replace")
    if _KEY_TEXT.fullmatch(text) is None:
        raise LedgerError(f"{path.name} does not hold a key of the ledger")
    return _key(text.strip())


def _derived(root: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(purpose, key=root, digest_size=32).digest()

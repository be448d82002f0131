"""What the verifier's own tests say often."""

from support.signing import ALGORITHMS
from tidegate.identity.jws import verify, verify_with_key
from tidegate.identity.keys import KeySet

__all__ = ["ALL", "key_set", "verify", "verify_with_key"]

ALL = frozenset(ALGORITHMS)


def key_set(*members):
    return KeySet.from_jwks({"keys": list(members)})

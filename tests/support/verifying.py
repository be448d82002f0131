"""What the verifier's own tests say often."""

from support.signing import ALGORITHMS
from tidegate.identity.keys import KeySet

ALL = frozenset(ALGORITHMS)


def key_set(*members):
    return KeySet.from_jwks({"keys": list(members)})

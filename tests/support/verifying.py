"""What the verifier's own tests say often."""

from support.signing import ALGORITHMS
from tidegate.identity.jws import DEFAULT, parse
from tidegate.identity.keys import KeySet

ALL = frozenset(ALGORITHMS)


def key_set(*members):
    return KeySet.from_jwks({"keys": list(members)})


def verify(compact, keys, algorithms, *, limits=DEFAULT):
    """The payload of a token that is read and verified."""
    return verify_with_key(compact, keys, algorithms, limits=limits)[0]


def verify_with_key(compact, keys, algorithms, *, limits=DEFAULT):
    """The same, and the key that signed."""
    token = parse(compact, limits)
    return token.payload, token.verify(keys, algorithms)

"""What the verifier's own tests say often."""

import pytest

from support.signing import ALGORITHMS
from tidegate.identity import jws
from tidegate.identity.keys import KeySet

ALL = frozenset(ALGORITHMS)


def key_set(*members):
    return KeySet.from_jwks({"keys": list(members)})


def refused(compact, keys, algorithms=ALL, error=jws.TokenMalformed, why=None, **options):
    """The refusal of a token, which must be exactly `error` and say `why`."""
    with pytest.raises(error, match=why) as caught:
        jws.verify(compact, keys, algorithms, **options)
    assert type(caught.value) is error
    return caught.value

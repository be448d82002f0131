"""RSA keys for tests without the wait: of a handful of primes every pair makes another key.

They are real keys that no two owners share, and as secrets they are worth nothing: tests make some hundreds of them.
"""

import itertools
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import rsa

_EXPONENT = 65537
_BITS = 2048
_AT_ONCE = 6
"""Keys made the long way at a time: twelve primes, so sixty-six keys."""

_generate = rsa.generate_private_key


def _pairs() -> Iterator[tuple[int, int]]:
    while True:
        made = (_generate(_EXPONENT, _BITS).private_numbers() for _ in range(_AT_ONCE))
        yield from itertools.combinations([prime for numbers in made for prime in (numbers.p, numbers.q)], 2)


_next_pair = _pairs().__next__


def generate_private_key(public_exponent: int, key_size: int, backend: object = None) -> rsa.RSAPrivateKey:
    """A key as `rsa.generate_private_key` makes it; the usual ones in a millisecond.

    Args:
        public_exponent: 65537 for a usual one.
        key_size: bits; 2048 for a usual one.
        backend: has had no meaning for years.
    """
    if (public_exponent, key_size) != (_EXPONENT, _BITS):
        return _generate(public_exponent, key_size, backend)
    p, q = _next_pair()
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)

"""Public keys that anybody can break, recognised by arithmetic alone. Nothing here runs per token."""

import math
from typing import Final

_SMALL_PRIMES: Final = tuple(n for n in range(3, 168) if all(n % d for d in range(2, n)))
_SMALL_PRIME_PRODUCT: Final = 2 * math.prod(_SMALL_PRIMES)

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
# y coordinates of the points of order 4, 1, 2 and 8 (two): RFC 8032's curve has cofactor 8.
_ORDER_8: Final = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_ORDER_Y: Final = frozenset({0, 1, _P - 1, _ORDER_8, _P - _ORDER_8})


def _powers(generator: int, prime: int) -> frozenset[int]:
    found = {1}
    power = generator % prime
    while power not in found:
        found.add(power)
        power = power * generator % prime
    return frozenset(found)


_ROCA_RESIDUES: Final = tuple((prime, _powers(65537, prime)) for prime in _SMALL_PRIMES)


def has_small_factor(modulus: int) -> bool:
    """Whether a prime up to 167 divides an RSA modulus.

    Args:
        modulus: n.

    Returns:
        True for a modulus that was never the product of two large primes.
    """
    return math.gcd(modulus, _SMALL_PRIME_PRODUCT) != 1


def is_roca(modulus: int) -> bool:
    """Whether an RSA modulus bears the fingerprint of CVE-2017-15361 ("ROCA").

    The faulty library made primes of the form k·M + (65537^a mod M) with M a product of the
    first primes, so its moduli are powers of 65537 modulo each of them: a discrete logarithm
    exists in every one of those small groups. A sound modulus passes all of them by chance
    less than once in a hundred million.

    Args:
        modulus: n.

    Returns:
        True for a key that can be factored with modest means.
    """
    return all(modulus % prime in residues for prime, residues in _ROCA_RESIDUES)


def is_sound_ed25519(octets: bytes) -> bool:
    """Whether 32 octets are a usable Ed25519 public key (RFC 8032, section 5.1.3).

    Under a key of small order one signature fits every message, and OpenSSL loads such keys.

    Args:
        octets: the encoded point.

    Returns:
        False unless they are the canonical encoding of a point on the curve whose order is
        not one of 1, 2, 4 and 8.
    """
    y = int.from_bytes(octets, "little") & ((1 << 255) - 1)
    if y >= _P or y in _SMALL_ORDER_Y:
        return False
    x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    return pow(x_squared, (_P - 1) // 2, _P) == 1

"""RSA moduli as the library with CVE-2017-15361 (ROCA) made them.

Its primes have the form k·M + (65537^a mod M) with M the product of the first primes, as many
as the size of the key asks for. The numbers k and a below were searched for once; that what
they give is prime is checked by a test.
"""

import math

PRIMES = [n for n in range(2, 702) if all(n % d for d in range(2, math.isqrt(n) + 1))]

# Bits of a prime: how many first primes M has, and (k, a) of two primes.
_FOUND = {
    256: (39, (113929345381, 1081446767), (98912595887, 2008394700)),
    1024: (126, (9061036420266614, 2724768392), (7122854176171266, 641939353)),
}


def roca_primes(bits):
    """Two weak primes of 256 or 1024 bits."""
    count, *pairs = _FOUND[bits]
    product = math.prod(PRIMES[:count])
    return [k * product + pow(65537, a, product) for k, a in pairs]


def roca_modulus(bits=1024):
    """Their product."""
    return math.prod(roca_primes(bits))

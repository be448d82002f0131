import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from support.signing import ALGORITHMS as ALL_BY_NAME
from support.signing import private_key, signature
from tidegate.identity.algorithms import ALGORITHMS, check_for, fitting


def test_the_list_is_closed():
    assert set(ALL_BY_NAME) == ALGORITHMS
    assert not {name for name in ALGORITHMS if name.startswith("HS") or name.lower() == "none"}


@pytest.mark.parametrize("algorithm", ALL_BY_NAME)
def test_an_algorithm_fits_the_keys_of_its_family_only(algorithm):
    families = [{name for name in ALL_BY_NAME if name[:2] in prefixes} for prefixes in ({"RS", "PS"}, {"Ed"})]
    family = next((family for family in families if algorithm in family), {algorithm})
    for other in ALL_BY_NAME:
        assert (algorithm in fitting(private_key(other).public_key())) == (other in family)


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP224R1(), ec.BrainpoolP256R1()])
def test_other_curves_fit_nothing(curve):
    assert fitting(ec.generate_private_key(curve).public_key()) == frozenset()


@pytest.mark.parametrize("algorithm", ALL_BY_NAME)
@pytest.mark.parametrize("other", ALL_BY_NAME)
def test_a_check_accepts_signatures_of_its_own_algorithm_only(algorithm, other):
    private = private_key(algorithm)
    if other not in fitting(private.public_key()):
        return
    check = check_for(other, private.public_key())
    assert check(signature(algorithm, private, b"signed"), b"signed") == (algorithm == other or "Ed" in algorithm[:2])
    assert not check(signature(algorithm, private, b"signed"), b"other")

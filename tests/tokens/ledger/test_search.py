"""What is found, and that nothing is found whose seal is wrong."""

import asyncio

import pytest

from support.issuing import NOW
from support.ledgers import KEY, KEYS, Scribe, issued, refused, session, summed
from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.reading import file_chains
from tidegate.tokens.ledger.search import holders, search, wanted

HOUR = 3_600


@pytest.fixture
def folder(tmp_path):
    scribe = Scribe(tmp_path / "ledger")
    ada, grace = session("ada"), session("grace", act={"sub": "user_support"})
    scribe.write(
        issued(NOW, whose=ada, request="r-0"),
        issued(NOW + HOUR, whose=grace, request="r-1", address="198.51.100.1"),
        refused(NOW + HOUR, reason="subject_banned", whose=ada),
        refused(NOW + 2 * HOUR),
        issued(NOW + 3 * HOUR, whose=ada, request="r-4", address="198.51.100.2"),
    )
    scribe.leave()
    return tmp_path / "ledger"


def found(folder, given=None, **span):
    async def gather():
        looked_for = wanted(KEYS, given or {}, **span)
        return [entry.n async for entry in search(file_chains(folder), KEYS, looked_for)]

    return asyncio.run(gather())


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"user_id": "ada"}, [1, 3, 5]),
        ({"user_id": "ada", "event": "issued"}, [1, 5]),
        ({"address": "198.51.100.1"}, [2]),
        ({"request": "r-4"}, [5]),
        ({"reason": "subject_banned"}, [3]),
        ({"user_id": "nobody"}, []),
        ({"user_id": None, "reason": "token_expired"}, [4]),
        ({"session": session().who.session_id}, [1, 2, 3, 5]),
    ],
)
def test_what_fits(folder, given, numbers):
    assert found(folder, given) == numbers


def test_a_span_has_both_ends(folder):
    assert found(folder, since=NOW + HOUR, until=NOW + 2 * HOUR) == [2, 3, 4]
    assert found(folder, since=NOW + HOUR + 0.001, until=NOW + 2 * HOUR - 0.001) == []


def test_hashed_names_are_found_by_the_name(tmp_path):
    scribe = Scribe(tmp_path / "ledger")
    from support.ledgers import sealed

    asyncio.run(scribe.sink.append(sealed(scribe.chain, [issued(whose=session("ada")), issued()], hashed=True)))
    scribe.leave()

    assert found(tmp_path / "ledger", {"user_id": "ada", "address": "203.0.113.7"}) == [1, 2]
    assert found(tmp_path / "ledger", {"user_id": KEY.name("user_id", "ada")}) == [1, 2]
    assert found(tmp_path / "ledger", {"user_id": "grace"}) == []


def test_nothing_is_found_behind_a_wrong_seal(folder):
    (path,) = folder.glob("*/*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"r-1"', b'"r-9"'))
    with pytest.raises(LedgerError, match="holds up to entry 1"):
        found(folder, {"user_id": "ada"})


def who(folder, first, last):
    held = asyncio.run(holders(file_chains(folder), KEYS, (NOW + first, NOW + last)))
    return {one.user_id: one for one in held}


def test_who_could_have_held_a_token(folder):
    # Tokens run from five seconds before their issuance for an hour.
    assert set(who(folder, 0, 60)) == {"ada"}
    assert set(who(folder, HOUR - 5, HOUR - 5)) == {"ada", "grace"}
    assert set(who(folder, HOUR - 4, HOUR)) == {"grace"}
    assert set(who(folder, 2 * HOUR - 4, 3 * HOUR - 6)) == set()
    both = who(folder, 0, 4 * HOUR)
    assert (both["ada"].tokens, both["ada"].addresses) == (2, {"203.0.113.7", "198.51.100.2"})
    assert (both["ada"].first_iat, both["ada"].last_exp) == (NOW - 5, NOW + 4 * HOUR - 5)
    assert both["grace"].actors == {"user_support"}
    assert both["grace"].subject == session().who.subject


def test_sums_are_found_by_what_they_say_and_are_nobodys_token(folder):
    before = who(folder, 0, 4 * HOUR)
    scribe = Scribe(folder)
    scribe.write(summed(NOW + HOUR + 0.5), summed(NOW + HOUR + 0.5, "token_malformed", issuer="none"))
    scribe.leave()

    assert found(folder, {"event": "summed"}) == [6, 7]
    assert found(folder, {"reason": "token_expired"}) == [4, 6]
    assert found(folder, {"event": "summed", "issuer": "none"}) == [7]
    assert found(folder, since=NOW + HOUR + 0.4, until=NOW + HOUR + 0.6) == [6, 7]
    assert who(folder, 0, 4 * HOUR) == before

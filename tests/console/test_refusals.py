"""The ring of refusals is bounded, and holds nothing that was not verified."""

from tidegate.console.refusals import Refusals
from tidegate.tokens.ledger.model import OperatedNote, RefusedNote, SummedNote


class Named:
    user_id = "ada"


def refused(place, session=None):
    return RefusedNote(float(place), f"r{place}", "203.0.113.7", None, b"agent", "token_expired", "clerk", session)


def test_the_newest_stands_first_and_the_oldest_goes():
    ring = Refusals(10, named=True)
    ring.take([refused(place) for place in range(25)])

    assert [one.request for one in ring.last(3)] == ["r24", "r23", "r22"]
    assert len(ring.last(100)) == 10


def test_a_person_is_named_only_where_the_session_was_verified_and_the_ledger_names_people():
    for named, session, shown in ((True, Named(), "ada"), (True, None, None), (False, Named(), None)):
        ring = Refusals(10, named=named)
        ring.take([refused(1, session)])
        assert ring.last(1)[0].user_id == shown


def test_sums_and_refused_calls_of_operators_are_there_and_explained():
    ring = Refusals(10, named=True)
    ring.take(
        [
            SummedNote(1.0, 2.0, "token_malformed", "none", 77),
            OperatedNote(3.0, "r", "127.0.0.1", None, "operator_role_refused", "vera", "POST", "/x", 403),
            OperatedNote(4.0, "r", "127.0.0.1", None, "none", "otto", "POST", "/x", 200),
        ]
    )

    assert [(one.reason, one.count, one.issuer) for one in ring.last(9)] == [
        ("operator_role_refused", 1, "operator"),
        ("token_malformed", 77, "none"),
    ]
    assert ring.last(9)[1].title == "The session token is malformed."

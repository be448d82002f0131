"""Whatever a caller writes, an entry is one line of printable ASCII that says what it is meant to say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.issuing import NOW
from support.ledgers import GENERATION, KEY, LINE, issued, operated, refused, session, summed
from tidegate.errors import Reason
from tidegate.tokens.ledger.chain import Chain
from tidegate.tokens.ledger.encoding import Encoder, stamp
from tidegate.tokens.ledger.model import FIELDS, Event, Head, parse

HOSTILE = st.text(st.characters() | st.sampled_from('"\\\n\r\x1b\x7f\x9b\u2028\u202e\ud800{},:'), max_size=60)

ACTOR = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=40)


def line_of(note, *, hashed=False):
    return Chain(KEY, Head("0" * 16, 0, b"\0" * 16)).seal(Encoder(KEY, hashed=hashed).note(1, note)).encode("ascii")


@given(agent=st.binary(max_size=400), address=HOSTILE, request=HOSTILE, actor=ACTOR)
def test_no_text_of_a_caller_ends_a_line_or_a_member(agent, address, request, actor):
    whose = session(act={"sub": actor})
    line = line_of(issued(agent=agent, address=address, request=request, whose=whose))

    assert LINE.fullmatch(line)
    members = json.loads(line)
    assert members["agent"] == agent[:256].decode("latin-1")
    assert members["address"] == address
    assert members["request"] == request
    assert [name for name in FIELDS if name in members] == [name for name in members if name != "mac"]


def test_an_issuance_says_who_got_what_and_not_the_token():
    line = line_of(issued(whose=session("ada", act={"sub": "user_support"})))

    assert json.loads(line) == {
        "n": 1,
        "time": stamp(NOW),
        "event": "issued",
        "reason": "none",
        "issuer": "clerk",
        "subject": session().who.subject,
        "user_id": "ada",
        "session": KEY.name("session", session().who.session_id),
        "act": "user_support",
        "address": "203.0.113.7",
        "agent": "app/1.0",
        "request": "r-1",
        "generation": GENERATION.id,
        "iat": int(NOW) - 5,
        "exp": int(NOW) + 3595,
        "mac": json.loads(line)["mac"],
    }
    assert b"stream.token" not in line


def test_a_refusal_says_why_and_whose_where_that_is_known():
    stranger = json.loads(line_of(refused()))
    known = json.loads(line_of(refused(reason="subject_banned", whose=session("ada"))))

    assert (stranger["reason"], stranger["issuer"], "subject" in stranger) == ("token_expired", "clerk", False)
    assert stranger["trace"] == "0" * 31 + "1"
    assert (known["reason"], known["user_id"], known["subject"]) == ("subject_banned", "ada", session().who.subject)


@pytest.mark.parametrize("hashed", [False, True])
def test_a_sum_says_why_and_how_many_and_names_nobody(hashed):
    line = line_of(summed(NOW + 0.25, count=8_412), hashed=hashed)

    assert LINE.fullmatch(line)
    members = json.loads(line)
    assert members.pop("mac")
    assert list(members.items()) == [
        ("n", 1),
        ("time", stamp(NOW + 0.25)),
        ("event", "summed"),
        ("reason", "token_expired"),
        ("issuer", "clerk"),
        ("count", 8_412),
    ]


@given(operator=st.none() | HOSTILE, route=HOSTILE, method=HOSTILE)
def test_an_operators_call_says_who_did_what(operator, route, method):
    line = line_of(operated(operator=operator, route=route, method=method))

    assert LINE.fullmatch(line)
    members = json.loads(line)
    assert members.pop("mac")
    assert (members.get("operator"), members["route"], members["method"]) == (operator, route, method)
    assert (members["event"], members["status"], members["request"]) == ("operated", 200, "r-3")
    assert [name for name in FIELDS if name in members] == list(members)
    assert b"127.0.0.1" not in line_of(operated(), hashed=True)


def test_hashed_names_cannot_be_read_and_are_equal_for_equal_names():
    whose = session("ada-the-user-id", act={"sub": "user_support"})
    first, second = (line_of(issued(now, whose=whose), hashed=True) for now in (NOW, NOW + 60))

    for name in (b"ada-the-user-id", whose.who.subject.encode(), b"203.0.113.7", b"user_support"):
        assert name not in first
    for name in ("subject", "user_id", "address", "act", "session"):
        assert json.loads(first)[name] == json.loads(second)[name]
    assert json.loads(first)["user_id"] == KEY.name("user_id", "ada-the-user-id")
    assert json.loads(first)["act"] == KEY.name("subject", "user_support")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_written_as_it_is(reason):
    assert json.loads(line_of(refused(reason=reason.value)))["reason"] == reason.value


@given(st.floats(0, 4e9))
def test_times_sort_as_texts(now):
    assert stamp(now) <= stamp(now + 0.001)
    assert len(stamp(now)) == 24


def test_a_mark_of_the_ledgers_own_has_a_count():
    body = Encoder(KEY, hashed=False).mark(7, NOW, Event.LOST, 3)
    entry = parse("c", body.encode() + b"}")

    assert (entry.n, entry.event, entry.count, entry.user_id) == (7, "lost", 3, None)

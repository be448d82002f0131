"""Subject to user id and back."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import Reason, Refusal
from tidegate.tokens.mapping import LONGEST, SubjectMapping, is_user_id

NAMESPACES = st.one_of(st.none(), st.from_regex(r"[a-z0-9]{1,16}", fullmatch=True))
SUBJECTS = st.one_of(
    st.text(min_size=1, max_size=60),
    st.from_regex(r"user_[A-Za-z0-9]{5,30}", fullmatch=True),
    st.from_regex(r"tg-[a-z0-9@-]{0,20}", fullmatch=True),
    st.from_regex(r"[a-z]{2,9}\|[0-9]{4,12}", fullmatch=True),
)
PAIRS = st.tuples(NAMESPACES, SUBJECTS)


@pytest.mark.parametrize(
    ("namespace", "subject", "user_id"),
    [
        (None, "user_2abcDEF", "user_2abcDEF"),
        (None, "auth0|x", "tg--auth0@7cx"),
        (None, "ada@example.com", "tg--ada@40example@2ecom"),
        (None, "tg-mine", "tg--tg-mine"),
        (None, "tg--a", "tg--tg--a"),
        ("partner", "user_2abc", "tg-partner-user_2abc"),
        ("partner", "a-b", "tg-partner-a-b"),
        (None, "né", "tg--n@c3@a9"),
    ],
)
def test_known_pairs(namespace, subject, user_id):
    mapping = SubjectMapping()
    assert mapping.user_id(namespace, subject) == user_id
    assert mapping.subject(user_id) == (namespace, subject)


@given(PAIRS, st.booleans())
def test_every_id_is_one_that_stream_takes_and_leads_back(pair, capitals):
    mapping = SubjectMapping(escape_capitals=capitals)
    with contextlib.suppress(Refusal):
        user_id = mapping.user_id(*pair)
        assert is_user_id(user_id)
        assert mapping.subject(user_id) == pair
        assert not capitals or user_id == user_id.lower()


@given(st.lists(PAIRS, max_size=30, unique=True))
def test_two_subjects_never_share_an_id(pairs):
    mapping = SubjectMapping()
    ids = [mapping.user_id(*pair) for pair in pairs if len(pair[1].encode("utf-8", "replace")) < 60]
    assert len(ids) == len(set(ids))


@given(st.text(alphabet="tg-@0123456789abcdefX_.é", max_size=20))
def test_what_no_subject_has_is_refused(text):
    mapping = SubjectMapping()
    try:
        namespace, subject = mapping.subject(text)
    except ValueError:
        return
    assert mapping.user_id(namespace, subject) == text


@pytest.mark.parametrize(
    "text", ["tg-@canary-1", "tg--@41", "tg--@zz", "tg-", "tg--", "a.b", "", "tg--user", "tg--@ff"]
)
def test_ids_that_are_not_canonical_lead_to_nobody(text):
    with pytest.raises(ValueError, match="not an id"):
        SubjectMapping().subject(text)


def test_adding_a_second_issuer_changes_nobody():
    mapping = SubjectMapping()
    before = mapping.user_id(None, "user_1")
    assert mapping.user_id("second", "user_1") != before
    assert mapping.user_id(None, "user_1") == before


def test_too_long_is_unmappable():
    mapping = SubjectMapping()
    assert mapping.user_id(None, "a" * LONGEST) == "a" * LONGEST
    with pytest.raises(Refusal) as refused:
        mapping.user_id(None, "|" * 100)
    assert refused.value.reason is Reason.SUBJECT_UNMAPPABLE
    with pytest.raises(Refusal):
        mapping.user_id(None, "a" * (LONGEST + 1))


@pytest.mark.parametrize("subject", ["\ud800", "a\udfff", ""])
def test_what_is_no_text_is_unmappable(subject):
    with pytest.raises(Refusal) as refused:
        SubjectMapping().user_id(None, subject)
    assert refused.value.reason is Reason.SUBJECT_UNMAPPABLE


@pytest.mark.parametrize("namespace", ["", "UPPER", "a-b", "a" * 17, "@x"])
def test_a_namespace_is_of_its_alphabet(namespace):
    with pytest.raises(ValueError, match="namespace"):
        SubjectMapping().user_id(namespace, "a")


def test_assigned_ids_are_kept_and_nobody_else_takes_them():
    mapping = SubjectMapping(assigned={(None, "user_1"): "old-7", ("two", "x"): "old-8"})
    assert mapping.user_id(None, "user_1") == "old-7"
    assert mapping.user_id("two", "x") == "old-8"
    stranger = mapping.user_id(None, "old-7")
    assert stranger != "old-7"
    assert mapping.subject(stranger) == (None, "old-7")
    assert mapping.subject("old-7") == (None, "user_1")
    assert mapping.subject("old-8") == ("two", "x")
    with pytest.raises(ValueError, match="not an id"):
        mapping.subject("user_1")


@given(
    st.dictionaries(PAIRS, st.from_regex(r"[a-z0-9_]{1,12}", fullmatch=True), max_size=8), st.lists(PAIRS, max_size=8)
)
def test_assigned_ids_never_merge_two_people(assigned, others):
    try:
        mapping = SubjectMapping(assigned=assigned)
    except ValueError:
        assert len(set(assigned.values())) < len(assigned)
        return
    # Subjects that look like assigned ids are the dangerous ones.
    everybody = {*assigned, *others, *((None, user_id) for user_id in assigned.values())}
    ids = {}
    for pair in everybody:
        try:
            user_id = mapping.user_id(*pair)
        except Refusal:
            continue
        assert ids.setdefault(user_id, pair) == pair
        assert mapping.subject(user_id) == pair


def test_where_capitals_do_not_count_an_assigned_id_is_taken_however_it_is_written():
    mapping = SubjectMapping(escape_capitals=True, assigned={(None, "user_1"): "Bob"})
    assert mapping.user_id(None, "user_1") == "Bob"
    assert mapping.user_id(None, "bob") == "tg--bob"
    assert mapping.subject("tg--bob") == (None, "bob")
    with pytest.raises(ValueError, match="not an id"):
        mapping.subject("bob")
    for other in ("bOB", "TG-x"):
        with pytest.raises(ValueError, match="assigned"):
            SubjectMapping(escape_capitals=True, assigned={(None, "user_1"): "Bob", (None, "user_2"): other})
    assert SubjectMapping(assigned={(None, "user_1"): "Bob"}).user_id(None, "bob") == "bob"


@pytest.mark.parametrize("user_id", ["tg-x", "a.b", "", "é"])
def test_an_assigned_id_must_be_possible(user_id):
    with pytest.raises(ValueError, match="assigned"):
        SubjectMapping(assigned={(None, "a"): user_id})


def test_two_subjects_cannot_be_assigned_one_id():
    with pytest.raises(ValueError, match="same user id"):
        SubjectMapping(assigned={(None, "a"): "x", (None, "b"): "x"})


@pytest.mark.parametrize(
    ("user_id", "capitals", "folded"),
    [("bob", True, True), ("Bob", True, False), ("tg-x", False, False), ("a.b", False, False), ("", False, False)],
)
def test_what_a_claim_may_name(user_id, capitals, folded):
    assert SubjectMapping().may_claim(user_id) is capitals
    assert SubjectMapping(escape_capitals=True).may_claim(user_id) is folded

"""What providers' events mean, and which ones do not concern us."""

import pytest

from tidegate.tokens.webhooks.events import Act, EventUnreadable, clerk, generic, supabase

UNTIL = "2026-03-01T12:00:00Z"


def auth(table, kind, record=None, old=None):
    return {"schema": "auth", "table": table, "type": kind, "record": record, "old_record": old}


@pytest.mark.parametrize(
    ("reader", "body", "expected"),
    [
        (clerk, {"type": "session.ended", "data": {"user_id": "u"}}, (Act.REVOKE, "u", None)),
        (clerk, {"type": "session.removed", "data": {"user_id": "u"}}, (Act.REVOKE, "u", None)),
        (clerk, {"type": "session.revoked", "data": {"user_id": "u"}}, (Act.REVOKE, "u", None)),
        (clerk, {"type": "user.deleted", "data": {"id": "u", "deleted": True}}, (Act.BAN, "u", None)),
        (clerk, {"type": "user.updated", "data": {"id": "u", "banned": True}}, (Act.BAN, "u", None)),
        (clerk, {"type": "user.updated", "data": {"id": "u", "banned": False}}, (Act.SYNC, "u", None)),
        (supabase, auth("sessions", "DELETE", old={"user_id": "u"}), (Act.REVOKE, "u", None)),
        (supabase, auth("users", "DELETE", old={"id": "u"}), (Act.BAN, "u", None)),
        (supabase, auth("users", "UPDATE", {"id": "u", "deleted_at": UNTIL}), (Act.BAN, "u", None)),
        (supabase, auth("users", "UPDATE", {"id": "u", "banned_until": UNTIL}), (Act.BAN, "u", 1_772_366_400)),
        (supabase, auth("users", "UPDATE", {"id": "u", "banned_until": None}), (Act.SYNC, "u", None)),
        (generic, {"type": "session.ended", "subject": "u"}, (Act.REVOKE, "u", None)),
        (generic, {"type": "user.banned", "subject": "u"}, (Act.BAN, "u", None)),
        (generic, {"type": "user.banned", "subject": "u", "until": UNTIL}, (Act.BAN, "u", 1_772_366_400)),
        (generic, {"type": "user.deleted", "subject": "u"}, (Act.BAN, "u", None)),
        (generic, {"type": "user.updated", "subject": "u"}, (Act.SYNC, "u", None)),
    ],
)
def test_what_concerns_us(reader, body, expected):
    assert reader(body) == expected


@pytest.mark.parametrize(
    ("reader", "body"),
    [
        (clerk, {}), (clerk, {"type": "organization.created", "data": {}}), (clerk, {"type": ["user.deleted"]}),
        (clerk, {"type": "session.created", "data": {"user_id": "u"}}),
        (supabase, {"table": "users", "type": "DELETE", "schema": "public", "old_record": {"id": "u"}}),
        (supabase, auth("users", "INSERT", {"id": "u"})), (supabase, auth("sessions", "UPDATE", {"user_id": "u"})),
        (generic, {"type": "user.created", "subject": "u"}), (generic, {"type": 7}),
    ],
)  # fmt: skip
def test_what_does_not(reader, body):
    assert reader(body) is None


@pytest.mark.parametrize(
    ("reader", "body"),
    [
        (clerk, {"type": "user.deleted"}), (clerk, {"type": "session.ended", "data": {"user_id": 7}}),
        (clerk, {"type": "user.updated", "data": "x"}), (supabase, auth("users", "DELETE", old={"id": ""})),
        (generic, {"type": "user.deleted", "subject": "x" * 256}),
        (generic, {"type": "user.banned", "subject": "u", "until": "soon"}),
        (generic, {"type": "user.banned", "subject": "u", "until": 7}),
    ],
)  # fmt: skip
def test_what_says_too_little(reader, body):
    with pytest.raises(EventUnreadable):
        reader(body)

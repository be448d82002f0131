"""The closed table of reasons."""

from tidegate.errors import REASONS, Challenge, Reason, Refusal


def test_every_reason_has_its_row_and_there_are_no_others():
    assert set(REASONS) == set(Reason)


def test_every_row_says_what_it_must():
    for reason, spec in REASONS.items():
        assert 400 <= spec.status < 600, reason
        assert spec.title.endswith("."), reason
        assert spec.client.endswith("."), reason
        assert (spec.status == 401) == (spec.challenge is not Challenge.NONE), reason


def test_a_refusal_carries_its_row():
    refusal = Refusal(Reason.NOT_FOUND, "Nothing.", retry_after=None)
    assert refusal.spec is REASONS[Reason.NOT_FOUND]
    assert str(refusal) == "not_found: Nothing."

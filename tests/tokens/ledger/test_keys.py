import stat

import pytest

from tidegate.tokens.ledger.errors import LedgerError
from tidegate.tokens.ledger.keys import KEY_FILE, keys_in, ledger_keys

GIVEN = ("0" * 32, "1" * 32)


def test_a_key_is_made_once_and_found_again(tmp_path):
    made = ledger_keys((), tmp_path / "state", make=True)
    found = ledger_keys((), tmp_path / "state", make=True)

    assert made.sealing.id == found.sealing.id
    assert stat.S_IMODE((tmp_path / "state" / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "state").iterdir()] == [KEY_FILE]
    assert keys_in(tmp_path / "state" / KEY_FILE).sealing.id == made.sealing.id


def test_what_the_settings_name_seals_and_everything_older_proves(tmp_path):
    made = ledger_keys((), tmp_path, make=True)
    keys = ledger_keys(GIVEN, tmp_path, make=True)

    assert keys.sealing.id == ledger_keys(GIVEN[:1], tmp_path / "none", make=True).sealing.id
    for one in (made.sealing.id, ledger_keys(GIVEN[1:], tmp_path / "none", make=True).sealing.id):
        assert keys.find(one) is not None
    assert keys.find("00000000") is None


def test_a_key_that_is_set_is_not_written_down(tmp_path):
    ledger_keys(GIVEN, tmp_path, make=True)

    assert list(tmp_path.iterdir()) == []


def test_without_a_key_nothing_is_proved(tmp_path):
    with pytest.raises(LedgerError, match="TIDEGATE_LEDGER_KEY"):
        ledger_keys((), tmp_path, make=False)


@pytest.mark.parametrize("text", ["", "0" * 63, "g" * 64, "0" * 200])
def test_a_damaged_key_file_is_not_replaced(tmp_path, text):
    (tmp_path / KEY_FILE).write_text(text)
    with pytest.raises(LedgerError, match=KEY_FILE):
        ledger_keys((), tmp_path, make=True)

    assert (tmp_path / KEY_FILE).read_text() == text

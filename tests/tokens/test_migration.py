"""The file of user ids given out before."""

import pytest

from tidegate.tokens.migration import MapFileError, read_assigned

NAMESPACES = {"clerk": None, "partner": "partner"}


def written(tmp_path, text):
    path = tmp_path / "ids.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def test_lines_become_assignments(tmp_path):
    path = written(
        tmp_path,
        '{"subject": "user_1", "user_id": "7"}\n\n{"issuer": "partner", "subject": "a|b", "user_id": "8"}\n'
        '{"issuer": "clerk", "subject": "user_2", "user_id": "9"}\n',
    )
    assert read_assigned(path, NAMESPACES) == {
        (None, "user_1"): "7",
        ("partner", "a|b"): "8",
        (None, "user_2"): "9",
    }


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"subject": "a"}',
        '{"subject": "", "user_id": "7"}',
        '{"subject": 1, "user_id": "7"}',
        '{"subject": "a", "user_id": "7", "more": 1}',
        '{"subject": "a", "user_id": "7", "issuer": "nobody"}',
        '{"subject": "a", "user_id": "7", "issuer": null}',
        '{"subject": "user_1", "user_id": "other"}',
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path, line):
    path = written(tmp_path, '{"subject": "user_1", "user_id": "7"}\n' + line)
    with pytest.raises(MapFileError, match="line 2"):
        read_assigned(path, NAMESPACES)


def test_a_missing_file(tmp_path):
    with pytest.raises(MapFileError, match="cannot be read"):
        read_assigned(tmp_path / "nowhere", NAMESPACES)

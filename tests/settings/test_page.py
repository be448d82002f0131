import re
from pathlib import Path

from tidegate.settings import IssuerConfig, page
from tidegate.settings.model import VARIABLES

COMMITTED = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_committed_page_is_what_the_declarations_make():
    assert COMMITTED.read_text("utf-8") == page.render(), "run: python -m tidegate.settings.page > docs/settings.md"


def test_every_variable_and_member_is_on_it():
    text = page.render()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert {name for line in rows for name in re.findall(r"`([A-Z0-9_]{3,})`", line)} >= set(VARIABLES)
    assert {name for name in IssuerConfig.model_fields if f"\n| `{name}` |" in text} == set(IssuerConfig.model_fields)


def test_every_row_says_something():
    for line in page.render().splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) in {3, 4, 7}
            assert all(cells), line

from pathlib import Path

from tidegate.cli.exits import MEANINGS
from tidegate.cli.page import render

ROOT = Path(__file__).parents[2]


def test_the_page_in_the_documentation_is_the_one_that_is_made():
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == render(), (
        "make it anew: python -m tidegate.cli.page > docs/cli.md"
    )


def test_it_has_every_command_and_every_status():
    page = render()

    for command in (
        *("serve", "demo", "sandbox", "sandbox rotate", "sandbox fail", "sandbox fault", "sandbox heal", "session"),
        *("token", "verify", "version", "config show", "config check"),
    ):
        assert f"\n## `tidegate {command}`\n" in page
    for status in MEANINGS:
        assert f"\n| {status.value} | " in page
    assert "| `--reason TEXT` | required |" in page
    assert "## `tidegate config`\n" not in page


def test_the_navigation_leads_to_it():
    assert ": cli.md" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")

import ast
import re
from pathlib import Path

from tidegate.cli.checks_page import render
from tidegate.errors import Reason
from tidegate.identity import claims
from tidegate.identity.explain import table
from tidegate.identity.model import CheckName
from tidegate.settings.model import VARIABLES

ROOT = Path(__file__).parents[2]


def test_the_page_in_the_documentation_is_the_one_that_is_made():
    assert (ROOT / "docs" / "checks.md").read_text(encoding="utf-8") == render(), (
        "make it anew: python -m tidegate.cli.checks_page > docs/checks.md"
    )


def test_every_check_is_on_it_in_order_and_the_user_id_comes_last():
    assert re.findall(r"^\| `([a-z-]+)` \|", render(), re.MULTILINE) == [*CheckName, "user-id"]


def test_every_setting_that_a_check_names_is_one():
    named = {name for row in table() for name in re.findall(r"\b[A-Z0-9]+(?:_[A-Z0-9]+)+\b", row.setting + row.mend)}
    assert named
    assert named <= set(VARIABLES)


def raised():
    """Check and reason of every refusal that the judge of claims writes out."""
    for node in ast.walk(ast.parse(Path(claims.__file__).read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ClaimRefused":
            check, reason = node.args[:2]
            if isinstance(check, ast.Attribute) and isinstance(reason, ast.Attribute):
                yield CheckName[check.attr], Reason[reason.attr]


def test_every_reason_that_the_judge_gives_stands_beside_its_check():
    reasons = {row.name: row.reasons for row in table()}
    found = set(raised())
    assert len(found) >= 9
    for check, reason in found:
        assert reason in reasons[check], (check, reason)


def test_every_check_has_a_reason_and_a_mend():
    assert all(row.reasons and row.mend and row.asks for row in table())


def test_the_navigation_leads_to_it():
    assert ": checks.md" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")

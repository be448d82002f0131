"""The page of reasons and the table of reasons are equal."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tidegate.errors import Reason

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reasons.md").read_text()


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reasons_page", ROOT / "tools/reasons_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_reason_has_its_section_in_the_order_of_the_table(tool: ModuleType) -> None:
    assert tool.documented(PAGE) == [reason.value for reason in Reason]


def test_the_facts_under_each_heading_are_those_of_the_table(tool: ModuleType) -> None:
    assert tool.rewritten(PAGE) == PAGE


def test_each_section_gives_a_cause_and_a_mend() -> None:
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    both = re.compile(r"\*\*Cause\.\*\* \S.*\n\n\*\*Mend\.\*\* \S")

    assert len(sections) == len(Reason)
    assert [section.partition("\n")[0] for section in sections if not both.search(section)] == []


def test_a_changed_fact_would_be_seen(tool: ModuleType) -> None:
    changed = PAGE.replace("**401**", "**400**", 1)

    assert tool.rewritten(changed) == PAGE

"""The page of causes and the table of causes are equal."""

import importlib.util
import re
from pathlib import Path

from tidegate.watch.probes.causes import CAUSES, Cause, spec_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/causes.md").read_text()


def test_the_page_is_made_from_the_table() -> None:
    spec = importlib.util.spec_from_file_location("causes_page", ROOT / "tools/causes_page.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.rendered() == PAGE, "make it anew: python tools/causes_page.py"


def test_every_cause_has_its_text_and_its_mend() -> None:
    assert set(CAUSES) == set(Cause)
    assert [cause for cause, known in CAUSES.items() if not re.fullmatch(r"[A-Z].*\.", known.text)] == []
    assert [cause for cause, known in CAUSES.items() if not known.mends] == [Cause.NOT_YET_CHECKED]


def test_the_commands_and_pages_that_mends_name_are_there() -> None:
    named = {page for known in CAUSES.values() for mend in known.mends for page in re.findall(r"docs/\S+\.md", mend)}
    assert named
    assert [page for page in sorted(named) if not (ROOT / page).is_file()] == []


def test_a_name_of_a_later_version_is_no_error() -> None:
    assert spec_of("") is None
    assert spec_of("purple") is None
    assert spec_of("stream_errors") is CAUSES[Cause.STREAM_ERRORS]

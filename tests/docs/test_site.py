"""The documentation needs no network to be read; `make docs` builds it first, where a warning is an error."""

import re
from pathlib import Path

import pytest

from support.markdown import ROOT
from tidegate.errors import Reason

LOADED = re.compile(r"""<(?:script|img|iframe|source)[^>]*\ssrc="([^"]+)"|<link[^>]*\shref="([^"]+)\"""")
pytestmark = pytest.mark.site


@pytest.fixture
def site() -> Path:
    return ROOT / "site"


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    loaded = {one or other for page in pages for one, other in LOADED.findall(page.read_text())}

    assert len(pages) > len(Reason)
    assert [target for target in loaded if re.match(r"(?:[a-z]+:)?//", target)] == []
    assert len(loaded) > 1


def test_each_reason_has_an_address_that_leads_to_its_section(site: Path) -> None:
    sections = (site / "reasons/index.html").read_text()

    for reason in Reason:
        assert f'url=../#{reason.value}"' in (site / f"reasons/{reason.value}/index.html").read_text()
        assert f'id="{reason.value}"' in sections


def test_both_pictures_are_shown(site: Path) -> None:
    page = (site / "architecture/index.html").read_text()

    for name in ("rooms", "exchange"):
        assert f"pictures/{name}.svg" in page
        assert (site / f"pictures/{name}.svg").read_text().startswith("<svg")

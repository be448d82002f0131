"""The documentation builds without a warning and needs no network to be read."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.markdown import ROOT
from tidegate.errors import Reason

LOADED = re.compile(r"""<(?:script|img|iframe|source)[^>]*\ssrc="([^"]+)"|<link[^>]*\shref="([^"]+)\"""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site")
    run = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(directory)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return directory


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

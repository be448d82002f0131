"""The bound of what a crash can lose: pages, setting and metric say the same."""

import math
import re
from pathlib import Path

import pytest

from tidegate.app.ledger import ledger_of
from tidegate.app.lifespan import Background
from tidegate.clock import SystemClock
from tidegate.metrics import REGISTRY
from tidegate.settings import Settings
from tidegate.settings.model import SPECS
from tidegate.tokens.ledger import service

VARIABLE = "TIDEGATE_LEDGER_WINDOW_MS"
METRIC = "tidegate_ledger_window_seconds"
PARTS = {0.1: "a tenth", 0.2: "a fifth", 0.25: "a quarter", 0.5: "half"}


def shown(state_dir: Path, **changed) -> float:
    ledger_of(Settings(state_dir=state_dir, **changed), None, Background(), SystemClock())
    return REGISTRY.get_sample_value(METRIC)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    folder = Path(__file__).parents[2] / "docs"
    names = ("how-to/ledger.md", "concepts/ledger.md", "decisions/0014-ledger.md", "limits.md", "settings.md")
    return {name: (folder / name).read_text() for name in names}


def test_the_metric_is_the_setting(tmp_path):
    assert shown(tmp_path) == Settings().ledger_window_ms / 1000
    assert shown(tmp_path, ledger_window_ms=20) == 0.02


def test_with_sync_no_issuance_can_be_lost_and_without_a_ledger_there_is_no_bound(tmp_path):
    assert shown(tmp_path, ledger_durability="sync") == 0
    assert math.isnan(shown(tmp_path, ledger="off"))


def test_the_pages_state_the_settings_default_and_the_metric(pages):
    (row,) = re.findall(
        rf"`batch` \(default\) \| at most `{VARIABLE}`, (\d+) ms, after its answer", pages["how-to/ledger.md"]
    )
    assert int(row) == Settings().ledger_window_ms
    assert Settings().ledger_durability == "batch"
    assert f"| `{VARIABLE}` | `{row}` |" in pages["settings.md"]
    for name in ("how-to/ledger.md", "concepts/ledger.md", "limits.md"):
        assert f"`{METRIC}`" in pages[name], name


def test_what_of_it_is_spent_on_waiting_is_said_alike_everywhere(pages):
    part = PARTS[service._LINGER_PART]
    assert f"{part} of it" in SPECS["ledger_window_ms"].meaning
    for name in ("concepts/ledger.md", "settings.md"):
        assert f"{part} of it is spent" in pages[name], name
    assert f"{part} of `{VARIABLE}`" in pages["decisions/0014-ledger.md"]

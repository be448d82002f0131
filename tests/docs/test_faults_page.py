"""The page of faults is the run that was kept, and that run shows every scenario raising what it has to."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from support.scenarios import BY_NAME

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("faults_page", ROOT / "tools/faults_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_that_of_the_latest_run(tool: ModuleType) -> None:
    """If this fails: python tools/faults_page.py."""
    assert tool.page(tool.latest()) == tool.PAGE.read_text(encoding="utf-8")


def test_the_run_has_every_scenario_and_each_raised_what_it_has_to(tool: ModuleType) -> None:
    run = json.loads(tool.latest().read_text(encoding="utf-8"))
    results = {result["scenario"]: result for result in run["scenarios"]}

    assert results.keys() == BY_NAME.keys()
    assert len(results) >= 20
    for name, scenario in BY_NAME.items():
        raised = {alert["name"]: alert for alert in results[name]["alerts"]}
        assert results[name]["passed"], name
        assert bool(raised) is bool(scenario.expects), name
        if scenario.expects:
            assert raised[scenario.expects]["blame"] == scenario.blame.value, name
            assert raised[scenario.expects]["seconds"] <= scenario.within_s, name


def test_lost_events_were_seen_within_a_minute_while_every_call_succeeded(tool: ModuleType) -> None:
    run = json.loads(tool.latest().read_text(encoding="utf-8"))
    (lost,) = (result for result in run["scenarios"] if result["scenario"] == "events_lost")

    assert lost["alerts"][0]["name"] == "CanaryDeliveryFailing"
    assert lost["alerts"][0]["seconds"] < 60


def test_nothing_was_raised_while_nothing_went_wrong(tool: ModuleType) -> None:
    calm = json.loads(tool.latest().read_text(encoding="utf-8"))["calm"]

    assert calm["raised"] == []
    assert calm["healthy_s"] >= 180

"""Playing a scenario: what is raised, how soon, and whom it blames."""

import asyncio
import contextlib
import tempfile
from pathlib import Path
from typing import Any

from support.pace import PacedClock
from support.rehearsal import Stage, staged
from support.scenarios import Scenario, posted

WELL_WITHIN_S = 240.0
BEYOND_S = 20.0


async def until_well(stage: Stage) -> bool:
    until = stage.clock.monotonic() + WELL_WITHIN_S
    while not stage.is_well() and stage.clock.monotonic() < until:
        await asyncio.sleep(1)
    return stage.is_well()


async def play(scenario: Scenario, clock: PacedClock) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        async with contextlib.AsyncExitStack() as around:
            settings, held = {}, None
            if scenario.around is not None:
                settings, held = await around.enter_async_context(scenario.around(folder))
            stage = await around.enter_async_context(staged(clock, folder / "state", **scenario.settings, **settings))
            stage.held["around"] = held
            well = scenario.from_start or await until_well(stage)
            try:
                return await _watched(scenario, stage, well=well)
            finally:
                if scenario.end is not None:
                    await scenario.end(stage)


async def _watched(scenario: Scenario, stage: Stage, *, well: bool) -> dict[str, Any]:
    before, series = sorted(stage.ever()), stage.runtime.watching.series
    driving = asyncio.ensure_future(scenario.drive(stage)) if scenario.drive else None
    began = stage.clock.monotonic()
    beginning = asyncio.ensure_future(scenario.begin(stage))
    seen: dict[str, dict[str, Any]] = {}
    until = began + scenario.within_s
    while stage.clock.monotonic() < until:
        for name, alert in stage.firing().items():
            seconds = round(stage.clock.monotonic() - began, 1)
            seen.setdefault(name, {"name": name, "seconds": seconds, "severity": alert.severity.value})
            seen[name] |= {"blame": alert.blame.value, "text": alert.text}
        if scenario.expects in seen:
            until = min(until, began + seen[scenario.expects]["seconds"] + BEYOND_S)
        await asyncio.sleep(0.5)
    for task in filter(None, (driving, beginning)):
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "how": scenario.how,
        "expects": scenario.expects,
        "within_s": scenario.within_s,
        "well_before": well,
        "raised_before": before,
        "alerts": sorted(seen.values(), key=lambda one: one["seconds"]),
        "calls": {name: sum(series.window(name, 300)) for name in ("stream.calls", "stream.failed")},
        "health": list(stage.runtime.watching.watch.health().warnings),
        "passed": _passed(scenario, seen),
    }


def _passed(scenario: Scenario, seen: dict[str, dict[str, Any]]) -> bool:
    if not scenario.expects:
        return not seen
    return scenario.expects in seen and seen[scenario.expects]["blame"] == scenario.blame.value


async def healthy(seconds: float, clock: PacedClock) -> dict[str, Any]:
    """Nothing goes wrong, and people ask for tokens meanwhile."""
    with tempfile.TemporaryDirectory() as directory:
        async with staged(clock, Path(directory), limit_address_per_minute=10_000) as stage:
            well = await until_well(stage)
            before, until, asked = stage.ever(), stage.clock.monotonic() + seconds, 0
            while stage.clock.monotonic() < until:
                assert await posted(stage, stage.sandbox.provider.session("ada")) == 200
                await asyncio.sleep(1)
                asked += 1
            raised = sorted(stage.ever() | before)
            passed = well and not raised
            return {"healthy_s": seconds, "well": well, "exchanges": asked, "raised": raised, "passed": passed}

"""Looking at pages in Chromium: what they did that they should not, what axe finds, and pictures of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page

from support.markdown import ROOT

AXE = ROOT / ".cache/axe/node_modules/axe-core/axe.min.js"
PICTURES = ROOT / "docs/pictures"
SEES = (
    ("light", {"color_scheme": "light", "viewport": {"width": 1280, "height": 860}}),
    ("dark", {"color_scheme": "dark", "viewport": {"width": 1280, "height": 860}}),
    ("phone", {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}),
)


@contextmanager
def watched(chromium: Browser, *others: str, **options: object) -> Iterator[tuple[BrowserContext, list[str]]]:
    """A context, and whatever it should not have done: errors, violations of the policy, requests to elsewhere.

    Args:
        chromium: the browser.
        others: begins of further addresses that it may ask.
        options: of the context.
    """
    context, faults = chromium.new_context(**options), []
    ours = ("http://127.0.0.1:", *others)
    context.on("request", lambda one: None if one.url.startswith(ours) else faults.append(one.url))
    context.on("weberror", lambda one: faults.append(str(one.error)))
    context.on("console", lambda one: faults.append(one.text) if one.type in {"error", "warning"} else None)
    try:
        yield context, faults
    finally:
        context.close()


def axe(page: Page) -> list[str]:
    """What axe finds that is serious or worse, of WCAG 2.2 up to AA and of good practice."""
    found = page.context.new_cdp_session(page).send(
        "Runtime.evaluate",
        {"expression": f"{AXE.read_text()};axe.run()", "awaitPromise": True, "returnByValue": True},
    )
    value = found["result"]["value"]
    assert value["passes"], found
    return [
        f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}"
        for one in value["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


def keep(page: Page, name: str) -> None:
    """Take a picture of the page; where it is asked for, it becomes the one of the documentation."""
    taken = page.screenshot(animations="disabled")
    assert taken.startswith(b"\x89PNG")
    if os.environ.get("TIDEGATE_PICTURES"):
        (PICTURES / name).write_bytes(taken)
    assert (PICTURES / name).is_file(), f"TIDEGATE_PICTURES=1 takes {name}"

import ast
from pathlib import Path

import tidegate.sandbox
from tidegate.sandbox.coverage import IDENTITY, STREAM, Source
from tidegate.sandbox.faults import FaultKind
from tidegate.sandbox.page import render
from tidegate.sandbox.provider import Failure
from tidegate.sandbox.stream import ENDPOINTS
from tidegate.sandbox.stream_limits import PER_MINUTE

ROOT = Path(__file__).parents[2]
ROOM = Path(tidegate.sandbox.__file__).parent
FLOOR = {"tidegate.errors", "tidegate.clock", "tidegate.ids", "tidegate.ownfiles"}


def test_the_page_is_the_generated_one():
    """If this fails: python -m tidegate.sandbox.page > docs/sandbox.md."""
    assert (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8") == render()


def test_every_call_is_on_the_page():
    titles = {coverage.title for coverage in STREAM}

    assert {f"{method} {path}" for method, path in ENDPOINTS} <= titles
    assert {name for name, _ in ENDPOINTS.values()} == set(PER_MINUTE)


def test_every_way_of_failing_is_on_the_page():
    assert all(f"`{kind.value}`" in render() for kind in (*FaultKind, *Failure))


def test_gaps_are_owned_up_to():
    behaviours = [behaviour for coverage in (*STREAM, *IDENTITY) for behaviour in coverage.behaviours]

    assert sum(behaviour.source is Source.GAP for behaviour in behaviours) >= 10
    assert all(behaviour.text.endswith((".", ")")) and "|" not in behaviour.text for behaviour in behaviours)


def test_it_is_a_second_implementation():
    imported = set()
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported.add(node.module)
            elif isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
    own = {name for name in imported if name.startswith("tidegate") and not name.startswith("tidegate.sandbox")}

    assert own <= FLOOR
    assert not any(name.startswith(("stream_chat", "getstream", "jwt", "joserfc")) for name in imported)

"""A test says in its own body what must hold: a reader, and a tool, need not look into what it calls."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

EXPECTING = {"raises", "warns"}


def found_in(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node


def demands(node: ast.AST) -> bool:
    """Whether this is an `assert` or a `pytest.raises` (or `warns`)."""
    if isinstance(node, ast.Assert):
        return True
    called = node.func if isinstance(node, ast.Call) else None
    return (
        isinstance(called, ast.Attribute)
        and called.attr in EXPECTING
        and isinstance(called.value, ast.Name)
        and called.value.id == "pytest"
    )


def silent(source: str) -> list[str]:
    """The tests that demand nothing in their own body."""
    return [test.name for test in found_in(source) if not any(demands(node) for node in ast.walk(test))]


def test_every_test_demands_something_in_its_own_body(root: Path) -> None:
    sources = {path: path.read_text() for path in sorted((root / "tests").rglob("test_*.py"))}

    assert sum(len(list(found_in(source))) for source in sources.values()) > 1_000
    assert {str(path.relative_to(root)): found for path, source in sources.items() if (found := silent(source))} == {}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("assert one() == 1", []),
        ("with pytest.raises(ValueError): one()", []),
        ("for it in things(): assert it", []),
        ("one()", ["test_one"]),
        ("check(one(), 1)", ["test_one"]),
        ("raises(ValueError)", ["test_one"]),
    ],
)
def test_the_check_sees_a_test_that_leaves_it_to_others(body: str, found: list[str]) -> None:
    assert silent(f"async def test_one():\n    {body}") == found

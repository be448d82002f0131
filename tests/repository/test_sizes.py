"""The size budget: a part that outgrows it is two parts."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

LONGEST_FILE = 400
LONGEST_FUNCTION = 40
MEDIAN_FUNCTION = 10


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Each function of a module with its length in lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def sources(root: Path) -> list[Path]:
    return [*sorted((root / "src").rglob("*.py")), root / "stream_token_service.py"]


def test_no_file_is_longer_than_the_budget(root: Path) -> None:
    lengths = {str(path.relative_to(root)): len(path.read_text().splitlines()) for path in sources(root)}

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_longer_than_the_budget(root: Path) -> None:
    lengths = {
        f"{path.relative_to(root)}:{name}": lines
        for path in sources(root)
        for name, lines in functions(path.read_text())
    }

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}
    assert statistics.median(lengths.values()) < MEDIAN_FUNCTION


def test_the_measure_sees_a_long_function() -> None:
    source = "def long():\n" + "    pass\n" * LONGEST_FUNCTION

    assert list(functions(source)) == [("1 long", LONGEST_FUNCTION + 1)]

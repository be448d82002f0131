"""Reading our own pages: their fenced blocks, and the commands in these."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r"^```(?P<language>\w*)(?: title=\"(?P<title>[^\"]*)\")?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block and where it stands."""

    page: str
    line: int
    language: str
    title: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page that a reader sees, the ones at the root first."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of one page, in order."""
    text = page.read_text(encoding="utf-8")
    name = str(page.relative_to(ROOT))
    return [
        Block(name, text.count("\n", 0, match.start()) + 1, match["language"], match["title"], match["text"])
        for match in _FENCE.finditer(text)
    ]


def all_blocks(language: str) -> list[Block]:
    """The blocks of one language on all pages."""
    return [block for page in pages() for block in blocks(page) if block.language == language]


def commands(block: Block) -> Iterator[str]:
    """The commands of a shell block, continued lines joined, comments left out."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield re.sub(r"\s+", " ", line.strip())

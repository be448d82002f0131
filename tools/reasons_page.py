"""Write the facts of docs/reasons.md anew from the table of reasons; the paragraphs stay as they are."""

import re
import sys
from pathlib import Path
from typing import Final

from tidegate.errors import REASONS, Challenge, Reason, ReasonSpec

PAGE: Final = Path(__file__).parents[1] / "docs/reasons.md"
_SECTION: Final = re.compile(r"^## `(?P<reason>\w+)`\n\n(?P<facts>[^\n]*)\n", re.MULTILINE)


def facts(spec: ReasonSpec) -> str:
    """The line that stands under a reason's heading."""
    challenge = "" if spec.challenge is Challenge.NONE else f", `WWW-Authenticate: {spec.challenge.value}`"
    return f"**{spec.status}**{challenge}. *{spec.title}* The app: {spec.client[0].lower()}{spec.client[1:]}"


def rewritten(page: str) -> str:
    """The page with the line of facts under each heading as the table has it."""
    return _SECTION.sub(lambda match: f"## `{match['reason']}`\n\n{facts(REASONS[Reason(match['reason'])])}\n", page)


def documented(page: str) -> list[str]:
    """The reasons that have a section, in the page's order."""
    return [match["reason"] for match in _SECTION.finditer(page)]


def main() -> int:
    """Rewrite the page and say which reasons have no section yet."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(rewritten(page), encoding="utf-8")
    missing = [reason.value for reason in Reason if reason.value not in documented(page)]
    if missing:
        print("without a section:", ", ".join(missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

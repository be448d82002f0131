"""Write docs/causes.md from the table of causes."""

import sys
from pathlib import Path
from typing import Final

from tidegate.watch.probes.causes import CAUSES, Cause
from tidegate.watch.probes.model import Blame

PAGE: Final = Path(__file__).parents[1] / "docs/causes.md"

_WHOSE: Final = {
    Blame.OURS: "ours",
    Blame.PROVIDER: "the identity provider's",
    Blame.STREAM: "Stream's",
    Blame.NETWORK: "the network's",
    Blame.NOBODY: "nobody's, or as the text says",
}

_HEAD: Final = """# Causes

<!-- Made by `python tools/causes_page.py` from the table of causes. -->

What `/api/chat/health`, `GET /operator/v1/health` and `tidegate probes` can name. The fault is what it usually
is; a probe that saw more says so, and how sure it is: [how it finds out](how-to/probes.md#whose-fault). "Health" is
what the cause makes of the service's status.
"""


def rendered() -> str:
    """The page."""
    return "\n".join([_HEAD, *map(_section, Cause)])


def _section(cause: Cause) -> str:
    known = CAUSES[cause]
    mends = "".join(f"- {mend}\n" for mend in known.mends) or "- Nothing is to be done.\n"
    return f"## `{cause}`\n\n{known.text} Health: {known.status}. Whose fault: {_WHOSE[known.blame]}.\n\n{mends}"


def main() -> int:
    """Write it."""
    PAGE.write_text(rendered(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

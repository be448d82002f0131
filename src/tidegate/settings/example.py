"""The file to start from: ``python -m tidegate.settings.example > .env.example``."""

import sys
import textwrap
from collections.abc import Iterator
from typing import Final

from tidegate.settings.model import SECTIONS, SPECS, Settings
from tidegate.settings.sources import FILE_VARIABLE
from tidegate.settings.spec import Section

_WIDTH: Final = 100
_FIRST: Final = ("api_key", "api_secret", "clerk_publishable_key")
_HEAD: Final = f"""\
# Made by `python -m tidegate.settings.example`. Copy it to .env, which git ignores, and fill in what you need.
# In development a .env in the working directory is read by itself; elsewhere name it: {FILE_VARIABLE}=.env
# What is not set, or set to nothing, has its default. docs/settings.md says more.

# With Clerk these three are all. With none of them, development starts with the sandbox.
"""


def render() -> str:
    """The whole file.

    Returns:
        lines of ``NAME=value`` and comments; every setting is there, and setting nothing is its meaning.
    """
    first = "".join(f"{SPECS[field].variables[0]}=\n" for field in _FIRST)
    return "".join((_HEAD, first, *_sections()))


def _sections() -> Iterator[str]:
    for section in SECTIONS:
        heading = (section.__doc__ or "").strip().removesuffix(".")
        yield f"\n# ---- {heading} ----\n"
        yield from _settings(section)


def _settings(section: type[Section]) -> Iterator[str]:
    defaults = Settings()
    for field in section.model_fields:
        spec = SPECS[field]
        first, *others = spec.variables
        also = f" Or under another name: {', '.join(others)}." if others else ""
        meaning = f"{spec.meaning.replace('`', '')} ({spec.kind.form()}){also}"
        value = "" if spec.default else spec.kind.write(getattr(defaults, field))
        yield "\n" + "".join(f"# {line}\n" for line in textwrap.wrap(meaning, _WIDTH))
        yield f"#{first}={value}\n"


if __name__ == "__main__":
    sys.stdout.write(render())

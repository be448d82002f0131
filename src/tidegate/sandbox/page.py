"""Writes the page about the sandbox: ``python -m tidegate.sandbox.page > docs/sandbox.md``."""

import sys
from collections.abc import Iterable, Iterator
from typing import Final

from tidegate.sandbox.coverage import IDENTITY, STREAM, Coverage, Source

_INTRODUCTION: Final = """\
# The sandbox

<!-- Generated: python -m tidegate.sandbox.page > docs/sandbox.md -->

For development and tests Tidegate brings two stand-ins, which listen on loopback only: an identity provider in the
shape of Clerk, under `/idp` (and in other providers' shapes, under `/as`), and the part of Stream's server API that
Tidegate calls, under `/stream`. Keys, API key and secret are made at random at each start and are good nowhere else.
Staging and production refuse the sandbox.

It is not a chat server: it has one channel and a socket for the [canary](how-to/canary.md) alone, every other user is
refused there, and nothing that is said is kept. None of Stream's software is in it. A second implementation checks the
first, so it shares no code with the verifier, the signer and the client that it is used to test.

`tidegate session` finds a running sandbox by the file `sandbox.json` in the state folder (`TIDEGATE_STATE_DIR`). The
file holds the token of the control routes, so only its owner can read it, and it goes when the sandbox stops. The
control routes, under `/_sandbox`, demand that token and a `Host` that is loopback.

How each behaviour was established: **documentation** (public pages of Stream or Clerk), **client source** (Stream's
BSD-licensed Go client and command line, their code and tests), **standard** (a published one, named), **sandbox**
(its own, nothing of the kind exists at the original), **gap** (nothing public settles it; the sandbox had to choose,
and Tidegate must not depend on the choice).
"""


def _section(title: str, subjects: Iterable[Coverage]) -> Iterator[str]:
    yield f"\n## {title}\n"
    for subject in subjects:
        name = f"`{subject.title}`" if subject.title.split(" ")[0].isupper() else subject.title
        yield f"\n### {name}\n\n| behaviour | established by |\n| --- | --- |\n"
        for behaviour in subject.behaviours:
            source = f"**{behaviour.source.value}**" if behaviour.source is Source.GAP else behaviour.source.value
            yield f"| {behaviour.text} | {source} |\n"


def render() -> str:
    """The page, in Markdown."""
    sections = (*_section("Stream's stand-in", STREAM), *_section("The identity provider", IDENTITY))
    return _INTRODUCTION + "".join(sections)


if __name__ == "__main__":
    sys.stdout.write(render())

"""The documentation page of the checks: ``python -m tidegate.cli.checks_page > docs/checks.md``."""

import re
import sys
from collections.abc import Iterator
from typing import Final

from tidegate.cli.judging import USER_ID, USER_ID_ASKS, USER_ID_MEND, USER_ID_SETTING
from tidegate.errors import Reason
from tidegate.identity.explain import table

_HEAD: Final = """\
# Checks of a session

<!-- Made by `python -m tidegate.cli.checks_page` from the table by which `tidegate verify` explains. -->

Every session goes through these checks, in this order; the first that fails gives the reason of the refusal, and what
comes after it is not looked at. `tidegate verify` goes through them with one token and says what each found:

```bash
.venv/bin/tidegate session | .venv/bin/tidegate verify
.venv/bin/tidegate verify --details
```

The token is read from standard input, does not leave the machine, and is neither shown nor logged. `--at` judges it as
of another time, `--json` is for programs.

Without a network, judge with keys that were saved where there was one; a JWK set from elsewhere or a public key in PEM
form will do too:

```bash
.venv/bin/tidegate issuer keys --save keys.json
.venv/bin/tidegate verify --keys keys.json
```

Not asked by `tidegate verify`, because only the running service knows: whether the key was
[distrusted](how-to/operate.md#refuse-an-issuers-key) by another replica, limits, revocations and bans. Nor is how the
request came: over HTTPS, from which origin.

| check | what must hold | reasons | setting | mend |
| --- | --- | --- | --- | --- |
"""

_VARIABLE: Final = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")
_NONE: Final = "none"


def render() -> str:
    """The whole page.

    Returns:
        Markdown that ends in a line break.
    """
    return _HEAD + "".join(_rows())


def _rows() -> Iterator[str]:
    for row in table():
        yield _row(row.name, row.asks, row.reasons, row.setting, row.mend)
    yield _row(USER_ID, USER_ID_ASKS, (Reason.SUBJECT_UNMAPPABLE,), USER_ID_SETTING, USER_ID_MEND)


def _row(name: str, asks: str, reasons: tuple[Reason, ...], setting: str, mend: str) -> str:
    linked = ", ".join(f"[`{reason}`](reasons.md#{reason})" for reason in reasons)
    return f"| `{name}` | {asks} | {linked} | {_coded(setting) or _NONE} | {_coded(mend)} |\n"


def _coded(text: str) -> str:
    return _VARIABLE.sub(lambda found: f"`{found[0]}`", text)


if __name__ == "__main__":
    sys.stdout.write(render())

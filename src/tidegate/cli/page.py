"""The documentation page of the command line: ``python -m tidegate.cli.page > docs/cli.md``."""

import inspect
import sys
from collections.abc import Iterator
from typing import Any, Final

import typer

from tidegate.cli.application import app
from tidegate.cli.exits import MEANINGS

_HEAD: Final = """\
# Command line

<!-- Made by `python -m tidegate.cli.page` from the declarations in `src/tidegate/cli/`. -->

`tidegate COMMAND --help` shows the same in a terminal. Results go to standard output, everything else to standard
error. No command shows a secret or a session token, but for those whose purpose it is: `tidegate session` and
`tidegate token` print the token that they make, `tidegate sandbox` the credentials of the sandbox.

## Exit statuses

The same for every command.

| status | meaning |
| --- | --- |
"""


def render() -> str:
    """The whole page.

    Returns:
        Markdown that ends in a line break.
    """
    statuses = "".join(f"| {status.value} | {meaning} |\n" for status, meaning in MEANINGS.items())
    return f"{_HEAD}{statuses}{''.join(_commands(typer.main.get_command(app), 'tidegate'))}"


def _commands(command: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - typer does not name the types of its commands
    """The sections of all commands under one, in the order in which they were added; a command before its own."""
    for name, child in command.commands.items():
        below = getattr(child, "commands", {})
        if not below or child.invoke_without_command:
            yield _section(child, f"{path} {name}")
        if below:
            yield from _commands(child, f"{path} {name}")


def _section(command: Any, path: str) -> str:  # noqa: ANN401 - the same
    parts = [f"\n## `{path}`\n\n{inspect.cleandoc(command.help)}\n"]
    rows = [_row(one) for one in command.params if one.name != "help" and not getattr(one, "hidden", False)]
    if rows:
        parts.append("\n| | default | meaning |\n| --- | --- | --- |\n")
        parts += rows
    return "".join(parts)


def _row(parameter: Any) -> str:  # noqa: ANN401 - the same
    if parameter.param_type_name == "argument":
        shown = parameter.metavar or parameter.name.upper()
    else:
        value = "" if getattr(parameter, "is_flag", False) else f" {parameter.metavar or parameter.name.upper()}"
        shown = f"{parameter.opts[0]}{value}"
    meaning = parameter.help or ""
    if parameter.envvar:
        meaning += f" Also the variable `{parameter.envvar}`."
    return f"| `{_cell(shown)}` | {_default(parameter)} | {_cell(meaning)} |\n"


def _default(parameter: Any) -> str:  # noqa: ANN401 - the same
    if parameter.required:
        return "required"
    told = parameter.default is not None and not getattr(parameter, "is_flag", False)
    return f"`{parameter.default}`" if told else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(render())

"""Serving as the command does it, without the parser of commands: that would stay in memory as long as the service."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from tidegate.cli.exits import CommandFailed

if TYPE_CHECKING:
    from tidegate.app.build import Runtime
    from tidegate.app.listen import PortTaken
    from tidegate.app.server import Started
    from tidegate.sandbox.server import SandboxServer
    from tidegate.settings import Settings


def serve_until_ended(
    *,
    env_file: Path | None = None,
    overrides: Mapping[str, str] = MappingProxyType({}),
    next_free_port: bool = False,
) -> None:
    """Run the service until SIGTERM or Ctrl-C.

    Args:
        env_file: a file of settings named on the command line.
        overrides: field to text, from the command line.
        next_free_port: where the port is taken, take the next free one.

    Raises:
        CommandFailed: the port is taken.
    """
    from tidegate import logs
    from tidegate.app import run
    from tidegate.app.listen import PortTaken

    loaded = run.load_or_exit(env_file=env_file, overrides=overrides)
    run.configure_logs(loaded)
    as_json = logs.wants_json(loaded.settings.log_format, sys.stderr)
    try:
        run.serve(loaded, next_free_port=next_free_port, on_started=run.announce if as_json else _greet)
    except PortTaken as taken:
        raise port_taken(taken, loaded.settings) from None


def port_taken(taken: "PortTaken", settings: "Settings") -> CommandFailed:
    """The error that says how to get another port.

    Args:
        taken: what could not be listened on.
        settings: of the service.
    """
    if taken.port == settings.port:
        mend = "stop that program, or choose another address with --bind HOST:PORT, or add --next-free-port"
    else:
        mend = "stop that program, or choose another address for the operator's listener with TIDEGATE_OPS_BIND"
    return CommandFailed(str(taken), mend)


def _greet(started: "Started", runtime: "Runtime", sandbox: "SandboxServer | None") -> None:
    """The banner, on standard error as the log is."""
    from tidegate.cli.screen import Screen
    from tidegate.cli.suggestions import gate_url, lines_to_try, sandbox_lines

    screen = Screen(sys.stderr)
    url = gate_url(started.main, tls=runtime.settings.tls_certificate_file is not None)
    screen.blank()
    screen.title(f"Tidegate listens on {url} ({runtime.settings.environment.value})")
    if started.ops is not None:
        screen.line(f"The operator's listener is on {gate_url(started.ops)}", indent=2)
    if sandbox is not None:
        screen.blank()
        screen.lines(sandbox_lines(sandbox), indent=2)
        screen.blank()
        screen.line("Try it in another terminal, in this directory:", indent=2)
        screen.lines(lines_to_try(url, runtime.settings.state_dir), indent=4)
    screen.blank()
    screen.line("Ctrl-C ends it.", indent=2)
    screen.blank()

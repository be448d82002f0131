"""``tidegate demo``: one exchange told step by step, then the service left running."""

import contextlib
import io
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TextIO

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import USUAL_STATE_DIR, runtime_file

if TYPE_CHECKING:
    from tidegate.app.build import Runtime
    from tidegate.app.server import Started
    from tidegate.cli.demo_steps import Scene, Step
    from tidegate.cli.screen import Screen
    from tidegate.sandbox.server import SandboxServer

_LOG_DELAY_SECONDS: Final = 0.3
"""After this long the lines about the demo's own requests have been written, and so dropped."""

_NO_TERMINAL: Final = "The output is no terminal, so the demo ends here; 'tidegate serve' keeps a sandbox running."


def demo(
    once: Annotated[
        bool, typer.Option("--once", metavar="", help="End after the last step; so it does where there is no terminal.")
    ] = False,
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Of the service; if taken, the next free one.")
    ] = 8000,
) -> None:
    """See a session become a Stream token, step by step, over real sockets.

    Nothing needs to be configured, and nothing that is configured counts: the sandbox stands in for the identity
    provider and for Stream. Afterwards the service goes on running, with lines to paste into another terminal.
    """
    from tidegate import logs
    from tidegate.app import run
    from tidegate.cli.screen import Screen
    from tidegate.settings import load

    logs.configure("error", as_json=False)
    screen = Screen()
    ends = once or not sys.stdout.isatty()
    story = Story(screen, ends=ends, parting="" if once else _NO_TERMINAL, requests=_HeldBack(sys.stdout))
    with _state_dir() as state_dir, contextlib.redirect_stdout(story.requests):
        # An empty environment and an empty file: a .env that lies here is not read either.
        variables = {"TIDEGATE_BIND": f"127.0.0.1:{port}", "TIDEGATE_STATE_DIR": str(state_dir)}
        loaded = load(variables, env_file=Path(os.devnull))
        run.serve(loaded, next_free_port=True, on_started=story.begin)
    if story.failed:
        raise CommandFailed(f"the demo failed at step {story.failed}", status=Exit.FAILED)


@contextlib.contextmanager
def _state_dir() -> Iterator[Path]:
    """The usual state directory; one that goes with the demo where a sandbox runs already, whose sessions go on."""
    from tidegate.errors import TidegateError
    from tidegate.sandbox import commanding

    try:
        commanding.command(runtime_file(USUAL_STATE_DIR), "GET", "/")
    except TidegateError:
        yield USUAL_STATE_DIR
        return
    with tempfile.TemporaryDirectory(prefix="demo-", dir=USUAL_STATE_DIR) as own:
        yield Path(own).relative_to(Path.cwd()) if Path(own).is_absolute() else Path(own)


class _HeldBack(io.TextIOBase):
    """The service's lines about requests: dropped while the steps are told, written afterwards."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.open = False

    def write(self, text: str) -> int:
        return self._stream.write(text) if self.open else len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()


class Story:
    """Tells the steps beside the running service, in a thread of its own.

    Args:
        screen: where it is told.
        ends: whether the service is ended after the last step; after a step that failed it always is.
        parting: the last line where it is ended after steps that held: why; "" where that was asked for.
        requests: the service's own lines.

    Attributes:
        failed: number and name of the step that failed; "" while none has.
    """

    def __init__(self, screen: "Screen", *, ends: bool, parting: str, requests: _HeldBack) -> None:
        self._screen = screen
        self._ends = ends
        self._parting = parting
        self.requests = requests
        self.failed = "0, the start"

    def begin(self, started: "Started", runtime: "Runtime", sandbox: "SandboxServer | None") -> None:
        """Called when the service listens; returns at once."""
        threading.Thread(target=self._tell, args=(started, runtime, sandbox), name="demo", daemon=True).start()

    def _tell(self, started: "Started", runtime: "Runtime", sandbox: "SandboxServer | None") -> None:
        try:
            self._tell_all(started, runtime, sandbox)
        finally:
            if self._ends or self.failed:
                signal.raise_signal(signal.SIGINT)  # the service ends in good order

    def _tell_all(self, started: "Started", runtime: "Runtime", sandbox: "SandboxServer | None") -> None:
        from tidegate.cli.demo_steps import STEPS, Scene, new_client
        from tidegate.cli.suggestions import gate_url, lines_to_try

        if sandbox is None or sandbox.runtime_file is None:
            raise RuntimeError("the demo runs with the sandbox")
        url = gate_url(started.main)
        self._introduce(url, asked=runtime.settings.port, port=started.main[1], sandbox=sandbox)
        with new_client() as http:
            scene = Scene(url, sandbox.issuer_url, sandbox.stream_url, sandbox.runtime_file, http)
            self.failed = tell(STEPS, scene, self._screen)
        if self.failed:
            return
        if self._ends:
            if self._parting:
                self._screen.line(self._parting)
            return
        self._screen.title(f"The service goes on running on {url}. In another terminal, in this directory:")
        self._screen.lines(lines_to_try(url, runtime.settings.state_dir), indent=2)
        self._screen.line(f"For a browser: {url}/docs. Ctrl-C ends it.")
        self._screen.blank()
        time.sleep(_LOG_DELAY_SECONDS)
        self.requests.open = True

    def _introduce(self, url: str, *, asked: int, port: int, sandbox: "SandboxServer") -> None:
        self._screen.title("Tidegate: a session goes in, a Stream token comes out.")
        if asked not in (0, port):
            self._screen.line(f"Port {asked} is taken; the next free one is {port}.")
        self._screen.line(f"service            {url}", indent=2)
        self._screen.line(f"identity provider  {sandbox.issuer_url} (sandbox)", indent=2)
        self._screen.line(f"Stream             {sandbox.stream_url} (sandbox)", indent=2)
        self._screen.blank()


def tell(steps: "tuple[Step, ...]", scene: "Scene", screen: "Screen") -> str:
    """Go through the steps until one does not hold.

    Args:
        steps: in their order; each needs what those before it have learnt.
        scene: what they know.
        screen: where each is shown, with what it saw and how long it took.

    Returns:
        number and name of the step that failed, or "".
    """
    from tidegate.cli.screen import verdict

    for number, step in enumerate(steps, 1):
        began = time.perf_counter()
        seen, instead = _try(step, scene)
        took = f"{(time.perf_counter() - began) * 1000:.0f} ms"
        screen.parts(f"{number:>2}", verdict(not instead), step.says, f"({took})")
        screen.lines(seen, indent=8, style="dim")
        if instead:
            screen.line(instead, indent=8, style="bold red")
            return f"{number} ({step.says}): {instead}"
    screen.blank()
    screen.line(f"All {len(steps)} steps held.", style="bold green")
    screen.blank()
    return ""


def _try(step: "Step", scene: "Scene") -> tuple[list[str], str]:
    """What a step saw, and what it met instead of what it says."""
    import httpx2

    from tidegate.errors import TidegateError

    seen: list[str] = []
    try:
        seen.extend(step.tries(scene))
    except (TidegateError, httpx2.HTTPError) as error:
        return seen, str(error) or type(error).__name__
    except (KeyError, TypeError, ValueError) as error:
        return seen, f"an answer of another form came back ({type(error).__name__})"
    return seen, ""

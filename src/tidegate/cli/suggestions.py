"""Lines to paste into another terminal, which work there as they stand."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tidegate.sandbox.server import SandboxServer

_STATE_VARIABLE: Final = "TIDEGATE_STATE_DIR"
_USUAL_STATE_DIR: Final = Path(".tidegate")
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to reach a service bound so


def program() -> str:
    """How this program is called from the working directory: a path inside it, a name that is found, else the path."""
    script = Path(sys.argv[0])
    if script.name == "__main__.py":
        beside = Path(sys.executable).with_name("tidegate")
        return f"{_shown(Path(sys.executable))} -m tidegate" if not beside.is_file() else _shown(beside)
    return _shown(script)


def _shown(path: Path) -> str:
    """A path relative to the working directory where it lies inside, the bare name where that finds it, else whole."""
    found = Path(shutil.which(str(path)) or path).absolute()
    try:
        return shlex.quote(str(found.relative_to(Path.cwd())))
    except ValueError:
        named = shutil.which(path.name)
        return path.name if named and Path(named).absolute() == found else shlex.quote(str(found))


def session_command(state_dir: Path) -> str:
    """The command that prints a fresh session of the sandbox.

    Args:
        state_dir: where the sandbox's runtime file is.
    """
    assumed = Path(os.environ.get(_STATE_VARIABLE, "") or _USUAL_STATE_DIR)
    place = "" if assumed == state_dir else f" --state-dir {shlex.quote(str(state_dir))}"
    return f"{program()} session{place}"


def gate_url(address: tuple[str, int], *, tls: bool = False) -> str:
    """The URL of a listener as this machine reaches it.

    Args:
        address: host and port that it listens on.
        tls: whether it speaks HTTPS.
    """
    host = _EVERYWHERE.get(address[0], address[0])
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{address[1]}"


def lines_to_try(url: str, state_dir: Path) -> Iterator[str]:
    """Requests for a service with the sandbox behind it.

    Args:
        url: of the service.
        state_dir: where the sandbox's runtime file is.
    """
    bearer = f'-H "Authorization: Bearer $({session_command(state_dir)})"'
    yield f"curl -X POST {bearer} {url}/stream/token"
    yield f"curl -X POST {bearer} {url}/api/chat/token"
    yield f"curl {url}/api/chat/health"


def sandbox_lines(sandbox: "SandboxServer") -> Iterator[str]:
    """What to know where the sandbox stands in.

    Args:
        sandbox: running.
    """
    yield "Nothing is configured, so the sandbox stands in:"
    yield f"  identity provider  {sandbox.issuer_url}"
    yield f"  Stream             {sandbox.stream_url}"
    yield "Its sessions and tokens are real in form and worth nothing elsewhere. To use your own,"
    yield "set STREAM_API_KEY, STREAM_API_SECRET and CLERK_PUBLISHABLE_KEY (or TIDEGATE_OIDC_ISSUER)."

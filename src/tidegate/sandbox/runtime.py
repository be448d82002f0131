"""The runtime file: how ``tidegate session`` finds a sandbox that runs in another process.

It holds the control token, so it is readable by its owner alone, it appears whole
or not at all, and a sandbox removes it at its end only if no later one has replaced it.
"""

import ipaddress
import os
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import orjson

from tidegate.errors import TidegateError
from tidegate.ownfiles import replace

FILE_NAME: Final = "sandbox.json"
FILE_OCTETS: Final = 8192
_OTHERS: Final = 0o077


class RuntimeFileError(TidegateError):
    """The runtime file is missing, unsafe, or not what a sandbox writes."""


@dataclass(frozen=True, slots=True)
class Running:
    """Where a running sandbox is.

    Attributes:
        url: of the server, no slash at the end.
        issuer_url: of the identity provider.
        stream_url: the base URL of Stream's stand-in.
        control_token: the bearer token of ``/_sandbox``.
        pid: of the process.
    """

    url: str
    issuer_url: str
    stream_url: str
    control_token: str = field(repr=False)
    pid: int = field(default_factory=os.getpid)


def write(path: Path, running: Running) -> None:
    """Write the file, mode 0600, in one step; its folder is made with mode 0700.

    Args:
        path: of the file.
        running: what it says.

    Raises:
        OSError: the folder or the file cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace(path, orjson.dumps(asdict(running)))


def read(path: Path) -> Running:
    """What the file says.

    Args:
        path: of the file.

    Raises:
        RuntimeFileError: it is missing, others may read it, or it names anything but a loopback address.
    """
    try:
        with path.open("rb") as file:
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
                raise RuntimeFileError(f"{path} can be read by others; it must have mode 0600")
            octets = file.read(FILE_OCTETS + 1)
    except OSError as error:
        raise RuntimeFileError(
            f"no sandbox is running: {path} cannot be read ({error.strerror}); start 'tidegate demo' or "
            "'tidegate serve' in this directory, or set TIDEGATE_STATE_DIR to the state directory of one that runs"
        ) from None
    running = _running(octets)
    if running is None:
        raise RuntimeFileError(f"{path} is not what a sandbox writes")
    if not is_loopback(urlsplit(running.url).hostname):
        raise RuntimeFileError(f"{path} names an address that is not loopback")
    return running


def remove(path: Path, running: Running) -> bool:
    """Remove the file, if it is still the one that ``running`` wrote.

    Args:
        path: of the file.
        running: as written.

    Returns:
        whether it was removed.
    """
    with suppress(RuntimeFileError, OSError):
        if read(path) == running:
            path.unlink()
            return True
    return False


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address is this machine's own.

    Args:
        host: without a port; a name other than ``localhost`` never counts, whatever it resolves to.
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _running(octets: bytes) -> Running | None:
    with suppress(orjson.JSONDecodeError):
        value = orjson.loads(octets[:FILE_OCTETS])
        if not isinstance(value, dict) or value.keys() != {spec.name for spec in fields(Running)}:
            return None
        pid = value.pop("pid")
        if isinstance(pid, int) and all(isinstance(text, str) for text in value.values()):
            return Running(**value, pid=pid)
    return None

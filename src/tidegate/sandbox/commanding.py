"""The client of the routes under ``/_sandbox``: light, since a command waits for nothing else."""

import http.client
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from tidegate.errors import TidegateError
from tidegate.sandbox import runtime
from tidegate.sandbox.removed import REMOVED

PREFIX: Final = "/_sandbox"
TIMEOUT_SECONDS: Final = 5.0
ANSWER_OCTETS: Final = 4 * 1024 * 1024
ARGUMENTS: Final = frozenset({"person", "algorithm", "kid", "header"})
_BESIDE_CLAIMS: Final = ARGUMENTS | {"as", "cookie"}
_SUCCESS: Final = range(200, 300)


class ControlError(TidegateError):
    """The sandbox could not be asked, or refused."""


def command(runtime_file: Path, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Command the sandbox that a runtime file names.

    Args:
        runtime_file: as a sandbox wrote it.
        method: HTTP method.
        path: below ``/_sandbox``, beginning with a slash.
        body: of the command.

    Returns:
        the answer.

    Raises:
        RuntimeFileError: the file names no sandbox.
        ControlError: nothing answers there, or it refuses.
    """
    running = runtime.read(runtime_file)
    try:
        status, octets = _asked(running, method, PREFIX + path, orjson.dumps(dict(body or {})))
    except (OSError, http.client.HTTPException):
        raise ControlError(f"the sandbox of {runtime_file} does not answer at {running.url}; start it again") from None
    value = _read(octets)
    if status not in _SUCCESS:
        raise ControlError(f"the sandbox refused ({status}): {value.get('error', 'no reason given')}")
    return value


def _asked(running: runtime.Running, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    """Status and body. The address is plain http to loopback (`runtime.read` sees to that); no proxy is asked."""
    place = urlsplit(running.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=TIMEOUT_SECONDS)
    headers = {"Authorization": f"Bearer {running.control_token}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(ANSWER_OCTETS)
    finally:
        connection.close()


def _read(octets: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(octets)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise ControlError("what answers there is not a sandbox")
    return value


def fetch_session(runtime_file: Path, **claims: object) -> str:
    """A fresh session token from the sandbox that runs in another process.

    Args:
        runtime_file: as that sandbox wrote it.
        claims: as for :meth:`IdentityProvider.session`, ``REMOVED`` among the values too; ``as`` names a shape, and
            ``cookie`` asks for it as the header ``Cookie`` has it.

    Returns:
        the session.

    Raises:
        RuntimeFileError: the file names no sandbox.
        ControlError: nothing answers there, or it refuses.
    """
    arguments = {name: value for name, value in claims.items() if name in _BESIDE_CLAIMS}
    given = {name: value for name, value in claims.items() if name not in _BESIDE_CLAIMS and value is not REMOVED}
    without = [name for name, value in claims.items() if value is REMOVED]
    answer = command(runtime_file, "POST", "/session", {**arguments, "claims": given, "without": without})
    token = answer.get("token")
    if not isinstance(token, str):
        raise ControlError("what answers there is not a sandbox")
    return token

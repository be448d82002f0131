"""Looking up what the production checklist must know of the machine."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from tidegate.settings import rules
from tidegate.settings.checklist import Facts
from tidegate.settings.hidden import secrets_of
from tidegate.settings.load import Loaded


def gather(loaded: Loaded, environ: Mapping[str, str] | None = None) -> Facts:
    """Look at the files and variables that the settings name.

    Args:
        loaded: the settings.
        environ: the process environment; the real one if None.

    Returns:
        what was seen. Nothing is made or changed.
    """
    settings = loaded.settings
    variables = os.environ if environ is None else environ
    return Facts(
        env_file_mode=_mode(settings.env_file),
        tls_key_mode=_mode(settings.tls_key_file),
        state_dir_mode=_mode(settings.state_dir),
        state_dir_writable=_is_writable(settings.state_dir),
        public_secrets=tuple(problem.variable for problem in rules.check_public(variables, secrets_of(settings))),
    )


def _mode(path: Path | None) -> int | None:
    """Permission bits, or None where there is nothing. Windows has none worth looking at."""
    if path is None or os.name == "nt":
        return None
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def _is_writable(directory: Path) -> bool:
    """Whether a directory is there and can be written to, or could be made."""
    for place in (directory.absolute(), *directory.absolute().parents):
        if place.exists():
            return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return False

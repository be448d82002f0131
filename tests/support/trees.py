"""Source trees for the doctor, and repositories made by Git itself."""

import os
import subprocess
from pathlib import Path


def write(root: Path, path: str, content: str | bytes = "") -> Path:
    """A file with the folders that it needs."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def git(root: Path, *arguments: str) -> None:
    """Run Git, with no settings but its own."""
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
    who = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-c", "protocol.file.allow=always", *arguments]
    subprocess.run(command, cwd=root, check=True, capture_output=True, env=alone | who)

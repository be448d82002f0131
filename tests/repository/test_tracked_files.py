"""What is tracked works on any machine and tells nothing about the one it was made on."""

import re
from pathlib import Path

import pytest

# Put together here, so that this file does not hold what it forbids.
REGISTRY_HOST = re.compile(
    "|".join(("py" + r"pi\.(?:org|python)", "python" + "hosted", "npm" + r"js\.", "debian" + r"\.org"))
)
MACHINE_PATH = re.compile(
    "|".join(
        ("/ro" + "ot/", "/ho" + r"me/(?!someone\b)\w", "/opt/" + "(?:wheels|py)", "/wo" + r"rk/\w", "/tm" + r"p/\w")
    )
)
INDEX_OPTION = re.compile(
    r"^\s*--?(?:" + "find" + "-links|extra-" + "index-url|" + "index" + "-url|trusted" + "-host)", re.MULTILINE
)
FORBIDDEN = {"a registry's host": REGISTRY_HOST, "a machine's path": MACHINE_PATH, "an index option": INDEX_OPTION}


def offences(text: str) -> list[str]:
    return [f"{what}: {match[0]}" for what, pattern in FORBIDDEN.items() if (match := pattern.search(text))]


def test_no_tracked_file_names_a_registry_host_or_a_machine_path(root: Path, tracked: list[Path]) -> None:
    found = {}
    for path in tracked:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if hits := offences(text):
            found[str(path.relative_to(root))] = hits

    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "--find" + "-links wheels",
        "--index" + "-url=somewhere",
        "https://py" + "pi.org/simple",
        "see /ho" + "me/ada/project",
        "see /ro" + "ot/project",
    ],
)
def test_the_check_sees_what_it_forbids(text: str) -> None:
    assert len(offences(text)) >= 1


def test_local_settings_and_state_are_ignored_by_git(root: Path) -> None:
    ignored = (root / ".gitignore").read_text().splitlines()

    assert {".env", "/.tidegate/", "/.venv/"} <= set(ignored)


def test_no_text_ends_a_line_in_windows_fashion(tracked: list[Path]) -> None:
    read = {path.name: path.read_bytes() for path in tracked}

    assert [name for name, octets in read.items() if b"\r\n" in octets and b"\0" not in octets] == []

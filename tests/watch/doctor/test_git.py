"""Repositories: where they may be, and indexes that are none or hold too much."""

import os
import struct
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from support.trees import git, write
from tidegate.watch.doctor.gitindex import tracked
from tidegate.watch.doctor.service import look_at

SECRET = "w8e5r2t9y6u3i1o7p4a8s5d2f9g6h3j1k7l4z8x5c2v9b6n3m1q7"
INDEX = b"DIRC" + struct.pack(">II", 2, 1) + b"\0" * 60 + struct.pack(">H", 4) + b".env" + b"\0" * 6
"""Of a repository that holds ``.env``."""


def seen(root: Path) -> tuple[frozenset[str] | None, list[str]]:
    """What is found, and what is said of what was not looked at."""
    said: list[str] = []
    return tracked(root.resolve(), lambda _: True, said.append), said


def entry(dropped: int, added: bytes, length: int) -> bytes:
    """One of an index of version 4."""
    number = bytes([dropped]) if dropped < 0x80 else bytes([0x80 | (dropped >> 7) - 1, dropped & 0x7F])
    return b"\0" * 60 + struct.pack(">H", min(length, 0xFFF)) + number + added + b"\0"


def prefixed(*entries: bytes) -> bytes:
    return b"DIRC" + struct.pack(">II", 4, len(entries)) + b"".join(entries)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"DIRC",
        b"DIRC" + struct.pack(">II", 2, 2**32 - 1),
        b"DIRC" + struct.pack(">II", 4, 3) + b"\xff" * 300,
        b"DIRC" + struct.pack(">II", 4, 1) + b"\0" * 62 + b"\xff" * 1_000_000,
        b"DIRC" + struct.pack(">II", 9, 0),
        b"DIRC" + struct.pack(">II", 2, 1) + b"\0" * 62 + b"a\0",
        b"DIRC" + struct.pack(">II", 2, 1) + b"\0" * 60 + b"\x0f\xff" + b"a" * 5_000 + b"\0" * 8,
        prefixed(entry(0, b"ab", 2), entry(3, b"c", 1)),
    ],
)
def test_an_index_that_is_none_is_no_repository(tmp_path, octets):
    write(tmp_path, ".git/index", octets)

    assert seen(tmp_path) == (None, ["the Git repository: its index cannot be read"])


def test_a_small_index_that_unfolds_to_very_much_does_not(tmp_path):
    long = [entry(0, b"a" * 4_000, 4_000), *(entry(1, bytes([98 + number % 20]), 4_000) for number in range(20_000))]
    growing = [entry(0, b"a", 1 + number) for number in range(6_000)]
    for entries in (long, growing):
        write(tmp_path, ".git/index", prefixed(*entries))
        tracemalloc.start()
        try:
            assert seen(tmp_path) == (None, ["the Git repository: its index holds too much"])
            assert tracemalloc.get_traced_memory()[1] < 24 * 1024 * 1024, "80 MB, were it unfolded"
        finally:
            tracemalloc.stop()


def test_a_path_longer_than_any_makes_an_index_unreadable(tmp_path):
    write(tmp_path, ".git/index", prefixed(*(entry(0, b"a" * 64, 64 * (1 + number)) for number in range(65))))

    assert seen(tmp_path) == (None, ["the Git repository: its index cannot be read"])


def test_of_a_large_index_only_what_is_wanted_is_kept(tmp_path):
    entries = [entry(0, b".env", 4), entry(4, b"a" * 4_000, 4_000), *(entry(1, b"b", 4_000) for _ in range(3_000))]
    write(tmp_path, ".git/index", prefixed(*entries))

    assert tracked(tmp_path, lambda path: path == ".env") == {".env"}


def test_an_index_beyond_the_bound_is_left_out(tmp_path):
    with write(tmp_path, ".git/index").open("r+b") as file:
        file.truncate(65 * 1024 * 1024)

    assert seen(tmp_path) == (None, ["the Git repository: too large"])


def test_git_is_not_run(tmp_path, monkeypatch):
    git(tmp_path, "init", "-q")
    write(tmp_path, "a.ts")
    git(tmp_path, "add", "a.ts")
    monkeypatch.setattr(subprocess, "Popen", None)

    assert seen(tmp_path) == ({"a.ts"}, [])


@pytest.mark.parametrize("place", [".git", ".git/index"])
def test_a_pipe_where_the_repository_should_be_does_not_stop_it(tmp_path, place):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / place)
    write(tmp_path, "a.ts", "client.devToken(id)")

    survey = look_at(tmp_path, {})

    assert [one.rule for one in survey.findings] == ["dev-token"]
    assert survey.left_out["the Git repository: no regular file"] == 1


def test_a_pipe_in_a_folder_above_does_not_either(tmp_path):
    os.mkfifo(tmp_path / ".git")
    (tmp_path / "app").mkdir()

    assert seen(tmp_path / "app") == (None, ["the Git repository: no regular file"])


@pytest.mark.parametrize("kind", ["worktree", "submodule", "separate"])
def test_a_pointer_as_git_writes_them_is_followed(tmp_path, kind):
    main, other = tmp_path / "main", tmp_path / "other"
    for root in (main, other):
        root.mkdir()
        git(root, "init", "-q")
        git(root, "commit", "-q", "--allow-empty", "-m", "x")
    if kind == "worktree":
        git(main, "worktree", "add", "-q", str(tmp_path / "app"))
        root = tmp_path / "app"
    elif kind == "submodule":
        git(main, "submodule", "--quiet", "add", str(other), "libs/app")
        root = main / "libs" / "app"
    else:
        root = tmp_path / "app"
        git(tmp_path, "init", "-q", f"--separate-git-dir={root}/.data", "app")
    write(root, ".env", f"STREAM_API_SECRET={SECRET}\n")
    git(root, "add", "-f", ".env")

    survey = look_at(root, {})

    assert (root / ".git").is_file()
    assert [(one.rule, one.path) for one in survey.findings] == [("env-committed", ".env")]
    assert survey.left_out == {}


def test_a_worktree_whose_repository_names_it_from_there_is_followed(tmp_path):
    write(tmp_path, "main/.git/worktrees/app/index", INDEX)
    write(tmp_path, "main/.git/worktrees/app/gitdir", "../../../../app/.git\n")
    write(tmp_path, "app/.git", "gitdir: ../main/.git/worktrees/app\n")

    assert seen(tmp_path / "app") == ({".env"}, [])


@pytest.mark.parametrize(
    ("pointer", "why"),
    [
        ("gitdir: //server.example/share/x\n", "its pointer is none to a folder of this machine"),
        ("gitdir: \\\\server.example\\share\\x\n", "its pointer is none to a folder of this machine"),
        ("gitdir: /\\server.example/share\n", "its pointer is none to a folder of this machine"),
        ("gitdir: \\\\?\\C:\\x\n", "its pointer is none to a folder of this machine"),
        ("gitdir: a\nb\n", "its pointer is none to a folder of this machine"),
        ("gitdir: \n", "its pointer is none to a folder of this machine"),
        ("gitdir: \0\n", "its pointer is none to a folder of this machine"),
        ("nothing", "its pointer is none to a folder of this machine"),
        ("x" * 5_000, "too large"),
        ("gitdir: ../far\n", "its pointer leads out of the tree"),
        ("gitdir: {}/far\n", "its pointer leads out of the tree"),
        ("gitdir: ../far/worktrees/other\n", "its pointer leads out of the tree"),
        ("gitdir: ../far/worktrees/none\n", "its pointer leads out of the tree"),
        ("gitdir: ../far/worktrees/server\n", "its pointer leads out of the tree"),
        ("gitdir: ../far/worktrees/pipe\n", "its pointer leads out of the tree"),
        ("gitdir: link\n", "its pointer leads out of the tree"),
        ("gitdir: link/worktrees/other\n", "its pointer leads out of the tree"),
        ("gitdir: missing\n", "its pointer leads out of the tree"),
    ],
)
def test_a_pointer_that_leads_elsewhere_is_not_followed(tmp_path, pointer, why):
    write(tmp_path, "far/index", INDEX)
    backs = {"other": f"{tmp_path}/elsewhere/.git\n", "none": None, "server": "//server.example/app/.git\n"}
    for name, back in backs.items():
        write(tmp_path, f"far/worktrees/{name}/index", INDEX)
        if back is not None:
            write(tmp_path, f"far/worktrees/{name}/gitdir", back)
    write(tmp_path, "far/worktrees/pipe/index", INDEX)
    os.mkfifo(tmp_path / "far/worktrees/pipe/gitdir")
    write(tmp_path, "app/.git", pointer.format(tmp_path))
    (tmp_path / "app/link").symlink_to(tmp_path / "far")

    assert seen(tmp_path / "app") == (None, [f"the Git repository: {why}"])


@pytest.mark.parametrize("linked", [".git", ".git/index"])
def test_a_link_is_not_followed(tmp_path, linked):
    write(tmp_path, "far/index", INDEX)
    place = tmp_path / "app" / linked
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "far" if linked == ".git" else tmp_path / "far/index")

    files, (said,) = seen(tmp_path / "app")

    assert (files, said.startswith("the Git repository: ")) == (None, True)

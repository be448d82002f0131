"""Whole trees: secrets by their value, repositories, bounds, and what a tree could do to whoever looks at it."""

import os

import pytest

from support.trees import git, write
from tidegate.watch.doctor.gitindex import tracked
from tidegate.watch.doctor.model import Bounds
from tidegate.watch.doctor.service import look_at

SECRET = "w8e5r2t9y6u3i1o7p4a8s5d2f9g6h3j1k7l4z8x5c2v9b6n3m1q7"


def found(survey, rule):
    return [(one.path, one.line, one.name) for one in survey.findings if one.rule == rule]


def test_a_configured_secret_is_found_by_its_value_in_any_file(tmp_path):
    write(tmp_path, "lib/a.bin", b"\0\n\n" + SECRET.encode() + b"\0")
    write(tmp_path, "notes.txt", f"one\ntwo {SECRET}\n")
    write(tmp_path, "encoded.yml", "c2VjcmV0")

    survey = look_at(tmp_path, {SECRET: "STREAM_API_SECRET"})

    assert found(survey, "secret-value") == [
        ("lib/a.bin", 3, "STREAM_API_SECRET"),
        ("notes.txt", 2, "STREAM_API_SECRET"),
    ]
    assert SECRET not in repr(survey)


def test_the_secrets_of_the_apps_own_settings_are_looked_for_too(tmp_path):
    write(tmp_path, ".env.local", f"# ours\n\nSTREAM_API_SECRET={SECRET}\nNEXT_PUBLIC_NAME=chat\n")
    write(tmp_path, ".next/static/chunks/app.js", f'var a="{SECRET}"')

    survey = look_at(tmp_path, {})

    assert found(survey, "secret-value") == [(".next/static/chunks/app.js", 1, "STREAM_API_SECRET")]
    assert found(survey, "env-committed") == []


def test_a_short_text_and_a_placeholder_are_no_secrets(tmp_path):
    write(tmp_path, ".env", "STREAM_API_SECRET=your-stream-api-secret\nDB_PASSWORD=postgres\n")
    write(tmp_path, "a.ts", "postgres your-stream-api-secret short")

    assert look_at(tmp_path, {"short": "STREAM_API_SECRET"}).findings == []


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("below", ["", "apps/web"])
def test_settings_with_a_secret_in_the_repository_are_found(tmp_path, version, below):
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "index.version", version)
    root = tmp_path / below
    for name in (".env", ".env.example", ".env.local", "src/a.ts", "src/ab.ts", "src/abc.ts"):
        write(root, name, f"A=1\nSTREAM_API_SECRET={SECRET}\n" if name != ".env.example" else "STREAM_API_SECRET=\n")
    git(root, "add", "-f", ".env", ".env.example", "src")

    survey = look_at(root, {})

    assert found(survey, "env-committed") == [(".env", 2, "STREAM_API_SECRET")]
    assert tracked(root, lambda _: True) == {".env", ".env.example", "src/a.ts", "src/ab.ts", "src/abc.ts"}


def test_folders_of_others_are_passed_by(tmp_path):
    for folder in ("node_modules/x", ".git", ".venv/lib", ".next/server", ".next/cache", "packages/a/node_modules"):
        write(tmp_path, f"{folder}/a.js", "client.devToken(id)")
    write(tmp_path, "src/a.js", "client.devToken(id)")

    assert [one.path for one in look_at(tmp_path, {}).findings] == ["src/a.js"]


def test_links_lead_nowhere(tmp_path):
    outside = tmp_path / "outside"
    write(outside, "a.js", "client.devToken(id)")
    root = tmp_path / "app"
    write(root, "b.js")
    (root / "out").symlink_to(outside)
    (root / "a.js").symlink_to(outside / "a.js")
    (root / "loop").symlink_to(root)

    survey = look_at(root, {})

    assert (survey.findings, survey.files, survey.left_out) == ([], 1, {"a symbolic link": 3})


def test_a_pipe_does_not_stop_it(tmp_path):
    os.mkfifo(tmp_path / "a.js")

    assert look_at(tmp_path, {}).left_out == {"no regular file": 1}


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (Bounds(files=2), "too many files"),
        (Bounds(file_octets=3), "too large"),
        (Bounds(octets=6), "too much in all"),
        (Bounds(depth=1), "too deep"),
        (Bounds(findings=0), "further findings of dev-token"),
    ],
)
def test_what_is_beyond_a_bound_is_left_out_and_said(tmp_path, bounds, why):
    for path in ("a.js", "b.js", "c/d.js", "c/e/f.js"):
        write(tmp_path, path, "a" if path != "a.js" else "devToken(1)" if "dev-token" in why else "aaaa")

    survey = look_at(tmp_path, {}, bounds=bounds)

    assert why in survey.left_out
    assert survey.findings == []


def test_progress_is_told(tmp_path):
    for number in range(5):
        write(tmp_path, f"{number}.js")
    told = []

    look_at(tmp_path, {}, progress=lambda done, of: told.append((done, of)))

    assert told == [(number, 5) for number in range(5)]


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(NotADirectoryError):
        look_at(write(tmp_path, "a.js"), {})

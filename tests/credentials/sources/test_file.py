"""Pairs from files: whole, of one moment, and nothing of them in an error."""

import contextlib
import json
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.credentials import Pair
from tidegate.credentials.sources import Pairs, SourceError, source_of
from tidegate.credentials.sources.document import parse
from tidegate.credentials.sources.file import FileSource
from tidegate.settings import Settings

ONE = {"STREAM_API_KEY": "key-one", "STREAM_API_SECRET": "secret-one"}
TWO = {"TIDEGATE_NEXT_API_KEY": "key-two", "TIDEGATE_NEXT_API_SECRET": "secret-two"}
PAIR_ONE, PAIR_TWO = Pair("key-one", "secret-one"), Pair("key-two", "secret-two")


def mounted(directory, version, names):
    """What Kubernetes does: a new folder, and one link that is swapped."""
    place = directory / f"..{version}"
    place.mkdir()
    for name, text in names.items():
        (place / name).write_text(text + "\n")
    (directory / "..new").symlink_to(place.name)
    (directory / "..new").replace(directory / "..data")
    for name in names:
        if not (directory / name).is_symlink():
            (directory / name).symlink_to(f"..data/{name}")


def test_a_document(tmp_path):
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps(ONE | {"comment": 3}))
    source = source_of(Settings(credentials_source=f"file:{path}"))
    assert source.name == f"file {path}"
    assert source.read() == Pairs(PAIR_ONE)
    other = tmp_path / "other.json"
    other.write_text(json.dumps(ONE | TWO))
    other.replace(path)
    assert source.read() == Pairs(PAIR_ONE, PAIR_TWO)


def test_a_link_that_is_swapped_is_seen(tmp_path):
    mounted(tmp_path, "1", ONE)
    source = FileSource(tmp_path)
    assert source.read() == Pairs(PAIR_ONE)
    mounted(tmp_path, "2", ONE | TWO)
    assert source.read() == Pairs(PAIR_ONE, PAIR_TWO)


def test_a_plain_directory(tmp_path):
    for name, text in ONE.items():
        (tmp_path / name).write_text(text)
    assert FileSource(tmp_path).read() == Pairs(PAIR_ONE)


def test_a_key_is_never_read_with_the_secret_of_another_moment(tmp_path):
    mounted(tmp_path, "0", {"STREAM_API_KEY": "key-0", "STREAM_API_SECRET": "secret-0"})
    stop = threading.Event()

    def swap():
        number = 1
        while not stop.is_set() and number < 300:
            mounted(tmp_path, str(number), {"STREAM_API_KEY": f"key-{number}", "STREAM_API_SECRET": f"secret-{number}"})
            number += 1

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen = 0
    try:
        while swapping.is_alive():
            try:
                pair = FileSource(tmp_path).read().current
            except SourceError:
                continue
            seen += 1
            assert pair.api_key.removeprefix("key-") == pair.secret.removeprefix("secret-")
    finally:
        stop.set()
        swapping.join()
    assert seen


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ('{"STREAM_API_KEY": "key-o', "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no STREAM_API_KEY"),
        ('{"STREAM_API_KEY": "key-one"}', "only one of"),
        ('{"STREAM_API_KEY": "key-one", "STREAM_API_KEY": "key-two", "STREAM_API_SECRET": "x"}', "twice"),
        ('{"STREAM_API_KEY": 3, "STREAM_API_SECRET": "secret-one"}', "not a text"),
        ('{"STREAM_API_KEY": "key-one", "STREAM_API_SECRET": "\\ud800"}', "not UTF-8"),
        (json.dumps(ONE | {"TIDEGATE_NEXT_API_KEY": "key-two"}), "only one of"),
        ("[" * 60_000, "not JSON"),
        ('{"STREAM_API_KEY": "' + "k" * 70_000 + '"}', "more than 65536 octets"),
    ],
)
def test_half_a_pair_is_none_and_nothing_of_it_is_said(tmp_path, text, said):
    path = tmp_path / "pairs.json"
    path.write_text(text)
    with pytest.raises(SourceError) as caught:
        FileSource(path).read()
    assert said in str(caught.value)
    assert "secret-one" not in str(caught.value)
    assert "key-one" not in str(caught.value)


@given(st.binary(max_size=300))
def test_whatever_a_document_holds_it_is_pairs_or_an_error(octets):
    with contextlib.suppress(SourceError):
        assert parse(octets).current.secret


def test_what_is_not_there_or_never_ends(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        FileSource(tmp_path / "none").read()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError):
        FileSource(tmp_path / "pipe").read()

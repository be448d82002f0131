"""The commands of rotation, against a running service over sockets."""

import json

import pytest
from pydantic import SecretStr

from support.environments import KEY, SECRET
from support.gate import put_sqlite_file, settings_for
from support.operating import KEYS, OPERATOR
from support.serving import served
from tidegate import logs
from tidegate.app.build import build
from tidegate.credentials import Generation, Pair
from tidegate.sandbox.server import SandboxServer
from tidegate.settings import fingerprints


@pytest.fixture
def rotating(tmp_path, monkeypatch):
    """A sandbox, and the generation of a second pair that the service beside it knows of."""
    logs.configure("error", as_json=False)
    put_sqlite_file(tmp_path)
    with SandboxServer() as server:
        key, secret = server.sandbox.stream.add_pair()
        settings = settings_for(
            server, tmp_path, operator_keys=KEYS, next_api_key=key, next_api_secret=SecretStr(secret)
        )
        runtime = build(settings)
        with served(runtime.app, runtime.ops) as url:
            monkeypatch.setenv("TIDEGATE_OPERATOR_URL", url)
            monkeypatch.setenv("TIDEGATE_OPERATOR_KEY", OPERATOR)
            yield server.sandbox.stream, Generation(Pair(key, secret)).id


def states(tidegate):
    said = json.loads(tidegate("keys", "status", "--json").out)
    return {one["generation"]: one["state"] for one in said["generations"]}


def test_one_pair_follows_another(tidegate, rotating):
    stream, new = rotating
    (old,) = states(tidegate).keys() - {new}
    shown = tidegate("keys", "add")
    assert shown.status == 0, shown.err
    assert "verified" in shown.out
    done = tidegate("keys", "promote", new)
    assert done.status == 0, done.err
    assert done.out.startswith(f"{new} signs. The generation before drains until ")
    early = tidegate("keys", "retire", old)
    assert early.status == 1
    assert "--now" in early.err
    assert tidegate("keys", "retire", old, "--now").status == 0
    assert states(tidegate) == {old: "retired", new: "primary"}
    assert stream.api_secret not in shown.out + done.out + early.err


def test_what_stream_does_not_take_is_not_promoted(tidegate, rotating):
    stream, new = rotating
    stream.further_pairs.clear()
    ended = tidegate("keys", "promote", new, "--wait", "1")
    assert ended.status == 1
    assert "Stream did not take" in ended.err


def test_fingerprints(tidegate, monkeypatch):
    monkeypatch.setenv("STREAM_API_KEY", KEY)
    monkeypatch.setenv("STREAM_API_SECRET", SECRET)
    assert tidegate("keys", "fingerprint").out.strip() == ",".join(fingerprints.both(KEY, SECRET))


def test_without_a_pair_there_is_nothing_to_print(tidegate):
    assert tidegate("keys", "fingerprint").status == 2

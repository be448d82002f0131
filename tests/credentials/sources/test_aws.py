"""Pairs from AWS Secrets Manager, against a server process that speaks its API."""

import json
import re
import subprocess
import sys
import threading

import pytest
from botocore import session

from tidegate.credentials import Pair
from tidegate.credentials.sources import Pairs, SourceError, source_of
from tidegate.settings import Settings

PAIRS = {"STREAM_API_KEY": "key-one", "STREAM_API_SECRET": "secret-one"}


@pytest.fixture(scope="module")
def endpoint():
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield next(found[0] for line in process.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        finally:
            process.terminate()
            threading.Thread(target=process.stderr.read, daemon=True).start()
            process.wait(10)


@pytest.fixture
def aws(endpoint, monkeypatch):
    for name, text in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, text)
    client = session.get_session().create_client("secretsmanager")
    yield client
    for secret in client.list_secrets()["SecretList"]:
        client.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


def source():
    return source_of(Settings(credentials_source="aws:chat/stream"))


def test_the_current_version_is_read_each_time(aws):
    aws.create_secret(Name="chat/stream", SecretString=json.dumps(PAIRS))
    reading = source()
    first = reading.read()
    assert (first.current.api_key, first.current.secret, first.following) == ("key-one", "secret-one", None)
    assert first.current.made_at is not None
    following = {"TIDEGATE_NEXT_API_KEY": "key-two", "TIDEGATE_NEXT_API_SECRET": "secret-two"}
    aws.put_secret_value(SecretId="chat/stream", SecretString=json.dumps(PAIRS | following))
    later = reading.read()
    assert later == Pairs(
        Pair("key-one", "secret-one", later.current.made_at), Pair("key-two", "secret-two", later.current.made_at)
    )


def test_a_secret_that_is_not_there(aws):
    with pytest.raises(SourceError, match="ResourceNotFoundException"):
        source().read()
    assert aws is not None


def test_a_binary_secret_is_no_document(aws):
    aws.create_secret(Name="chat/stream", SecretBinary=b"secret-one")
    with pytest.raises(SourceError, match="binary"):
        source().read()


def test_a_server_that_is_down_is_an_error_soon(aws, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    reading = source_of(Settings(credentials_source="aws:chat/stream", credentials_timeout_ms=200))
    with pytest.raises(SourceError, match="EndpointConnectionError"):
        reading.read()
    assert aws is not None


def test_without_a_region_nothing_is_configured(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(SourceError, match="NoRegionError"):
        source()

"""The commands of the guide that this service comes from, as they stand there."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from support.processes import ROOT, Service, running

SCRIPT = [sys.executable, str(ROOT / "stream_token_service.py")]
UVICORN = [sys.executable, "-m", "uvicorn", "stream_token_service:app", "--app-dir", str(ROOT), "--port", "0"]
SECRET = "h2c8v5n1x7b4m9q6w3e0r5t8y1u4i7o2"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return configured(tmp_path)


def configured(directory: Path) -> Path:
    (directory / ".env").write_text(f"STREAM_API_KEY=k4tq7w2mzr9x\nSTREAM_API_SECRET={SECRET}\n")
    return directory


@pytest.fixture(scope="module", params=[SCRIPT, UVICORN], ids=["python", "uvicorn"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service as each command of the guide starts it."""
    with running(configured(tmp_path_factory.mktemp("service")), request.param) as started:
        yield started


def test_without_an_issuer_each_command_starts_and_says_what_to_add(service: Service) -> None:
    answer = httpx2.post(f"{service.url}/stream/token", headers={"Authorization": "Bearer a.b.c"})
    ready = httpx2.get(f"{service.url}/readyz")

    assert answer.status_code == 503
    assert answer.json()["reason"] == "issuer_not_configured"
    assert "CLERK_PUBLISHABLE_KEY" in answer.json()["detail"]
    assert ready.status_code == 503
    log = service.log.read_text()
    assert "CLERK_PUBLISHABLE_KEY" in log
    assert SECRET not in log


def test_the_script_keeps_the_limits_and_under_bare_uvicorn_the_start_log_names_those_that_are_absent(
    service: Service, request: pytest.FixtureRequest
) -> None:
    absent = "bounds neither the size nor the time of request headers" in service.log.read_text()

    assert absent == ("uvicorn" in request.node.name.partition("[")[2])
    if not absent:
        assert httpx2.get(f"{service.url}/", headers={"X-Large": "x" * 20_000}).status_code == 431


def test_with_nothing_configured_a_session_of_the_sandbox_becomes_a_token(tmp_path: Path) -> None:
    with running(tmp_path, UVICORN) as service:
        answer = httpx2.post(f"{service.url}/stream/token", headers={"Authorization": f"Bearer {service.session()}"})

    assert answer.status_code == 200
    assert answer.json().keys() >= {"token", "user_id"}


def test_settings_that_are_wrong_end_the_start_with_a_line_for_each(directory: Path) -> None:
    (directory / ".env").write_text("STREAM_API_KEY=demo-key\nSTREAM_API_SECRET=short\n")

    with pytest.raises(AssertionError, match="STREAM_API_KEY") as refused, running(directory, SCRIPT):
        pass

    assert "STREAM_API_SECRET" in str(refused.value)

"""One service for all examples, as `make demo` leaves it: nothing configured, so with the sandbox."""

import time
from collections.abc import Iterator

import httpx2
import pytest

from support.processes import Service, running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as started:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if httpx2.get(f"{started.url}/api/chat/health").headers["x-health-status"] == "healthy":
                break
            time.sleep(0.1)
        yield started


@pytest.fixture(scope="session")
def session(service: Service) -> str:
    """A session of the service's sandbox, as the examples get it from ``tidegate session``."""
    return service.session("--life", "600")

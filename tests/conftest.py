"""What every test shares: one event loop kind, and no socket beyond loopback."""

import ipaddress
import os
import socket
import sys

import hypothesis
import pytest

# A time limit for each example would measure the machine. `make stress` looks longer: HYPOTHESIS_PROFILE=thorough.
hypothesis.settings.register_profile("quick", max_examples=60, deadline=None)
hypothesis.settings.register_profile("thorough", max_examples=1_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def _loopback_only(event: str, args: tuple[object, ...]) -> None:
    """Refuse to leave the machine: a unit test that needs the network is a wrong test."""
    if event != "socket.connect":
        return
    sock, address = args
    if not isinstance(sock, socket.socket) or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = address[0] if isinstance(address, tuple) else ""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise PermissionError(f"a test tried to connect to {host}, which is not loopback")


sys.addaudithook(_loopback_only)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"

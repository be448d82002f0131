"""What tests of identity have in common; a module that needs another one makes its own of the same name."""

import pytest

from support.key_life import Server
from tidegate.clock import ManualClock
from tidegate.identity import jws
from tidegate.identity.keydisk import KeyDisk


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def server():
    """A key server without a network."""
    return Server()


@pytest.fixture
def disk(tmp_path):
    return KeyDisk(tmp_path)


@pytest.fixture
def no_header_is_remembered():
    jws._headers.clear()

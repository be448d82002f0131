import asyncio
import socket
import time

import httpx2
import pytest

from tidegate.clock import ManualClock
from tidegate.sandbox import Sandbox, SandboxServer, runtime, serve
from tidegate.sandbox.server import bind, url_of

KEYS_PATH = "/.well-known/jwks.json"


def test_it_starts_quickly_and_stops(web):
    spans = []
    for _ in range(3):
        started = time.monotonic()
        with SandboxServer() as server:
            spans.append(time.monotonic() - started)
            assert web.get(server.issuer_url + KEYS_PATH).status_code == 200
    assert min(spans) < 0.5

    with pytest.raises(httpx2.ConnectError):
        web.get(server.issuer_url + KEYS_PATH)


def test_it_is_one_address_with_three_parts():
    with SandboxServer() as server:
        assert server.issuer_url == f"{server.url}/idp"
        assert server.stream_url == f"{server.url}/stream"
        assert server.url.startswith("http://127.0.0.1:")


def test_two_at_a_time_are_strangers():
    with SandboxServer() as one, SandboxServer() as other:
        assert one.url != other.url
        assert one.sandbox.credentials() != other.sandbox.credentials()
        assert one.sandbox.provider.kid() != other.sandbox.provider.kid()
        assert one.sandbox.running().control_token != other.sandbox.running().control_token


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "sandbox.example", "", "::"])
def test_it_listens_on_loopback_alone(host):
    with pytest.raises(ValueError, match="loopback only"):
        bind(host, 0)


def test_no_answer_waits_for_an_acknowledgement():
    with bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # by which asyncio decides on TCP_NODELAY


def test_a_port_that_is_taken():
    with bind("127.0.0.1", 0) as taken, pytest.raises(OSError, match="in use"):
        SandboxServer(port=taken.getsockname()[1]).start()


def test_an_address_of_ipv6_stands_in_brackets():
    class Listening:  # a machine may have no IPv6
        def getsockname(self):
            return "::1", 81, 0, 0

    assert url_of(Listening()) == "http://[::1]:81"


def test_the_runtime_file_lives_as_long_as_the_server(tmp_path):
    server = SandboxServer(state_dir=tmp_path)
    with server:
        assert runtime.read(server.runtime_file) == server.sandbox.running()
    assert not server.runtime_file.exists()


def test_a_later_sandbox_keeps_its_file(tmp_path):
    with SandboxServer(state_dir=tmp_path) as later:
        with SandboxServer(state_dir=tmp_path):
            pass
        with SandboxServer(state_dir=tmp_path) as third:
            runtime.write(third.runtime_file, later.sandbox.running())
        assert runtime.read(later.runtime_file) == later.sandbox.running()


def test_a_state_folder_that_cannot_be_written(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    server = SandboxServer(state_dir=blocked)

    with pytest.raises(OSError, match=r".+"):
        server.start()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) != 0


@pytest.mark.anyio
async def test_serving_inside_a_running_loop():
    sandbox = Sandbox(ManualClock())
    address = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(sandbox, listening=address.set_result))
    url = await asyncio.wait_for(address, 2)
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{url}/idp{KEYS_PATH}")
    assert (answer.status_code, answer.headers["date"]) == (200, "Tue, 14 Nov 2023 22:13:20 GMT")

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(url.rsplit(":", 1)[1]))) != 0


def test_a_clock_that_is_held():
    clock = ManualClock()
    with SandboxServer(Sandbox(clock)) as server, httpx2.Client(trust_env=False) as client:
        first = client.get(server.issuer_url + KEYS_PATH).headers["date"]
        clock.advance(3600)
        assert client.get(server.issuer_url + KEYS_PATH).headers["date"] > first

"""The listeners as wholes: start, both doors, signals, ports."""

import asyncio
import contextlib
import signal
import socket
import ssl
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from support.doors import DoorSettings, Wire, app, door, script
from tidegate.app import server
from tidegate.app.listen import CannotListenError, PortTaken, open_socket, split_bind

GET = b"GET /here HTTP/1.1\r\nHost: a\r\n\r\n"


class Program:
    """The listeners in a process of their own, which can be sent signals."""

    def __init__(self, process):
        self.process = process

    @classmethod
    async def start(cls, **options):
        program = cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", script(**options), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
        )
        word, main, ops = (await program.line()).split()
        assert word == "started"
        program.address, program.ops = ("127.0.0.1", int(main)), ("127.0.0.1", int(ops))
        return program

    async def line(self):
        return (await asyncio.wait_for(self.process.stdout.readline(), 20)).decode().strip()

    async def end(self):
        rest, errors = await asyncio.wait_for(self.process.communicate(), 20)
        return rest.decode().split(), self.process.returncode, errors.decode()


@pytest.mark.anyio
async def test_both_listeners_answer_and_an_idle_connection_does_not_delay_the_end():
    program = await Program.start()
    wire = await Wire.to(program)
    await wire.say(GET)
    assert (await wire.answer())[0] == 200
    other = Wire(*await asyncio.open_connection(*program.ops))
    await other.say(GET)
    assert (await other.answer())[0] == 200
    program.process.send_signal(signal.SIGINT)
    said, code, errors = await program.end()
    assert (said, code, errors) == (["stopping", "ended"], 0, "")
    await wire.close()
    await other.close()


@pytest.mark.anyio
async def test_a_request_in_flight_is_answered_after_sigterm_and_nobody_new_is_let_in():
    program = await Program.start()
    wire = await Wire.to(program)
    await wire.say(b"GET /hold?0.6 HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.sleep(0.1)
    program.process.send_signal(signal.SIGTERM)
    assert await program.line() == "stopping"
    await asyncio.sleep(0.25)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*program.address)
    status, headers, _ = await wire.answer()
    assert (status, headers["connection"]) == (200, "close")
    said, code, _ = await program.end()
    assert (said, code) == (["ended"], 0)
    await wire.close()


@pytest.mark.anyio
async def test_the_drain_has_a_limit():
    program = await Program.start(seconds=1)
    wire = await Wire.to(program)
    await wire.say(b"GET /hold?60 HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.sleep(0.1)
    program.process.send_signal(signal.SIGTERM)
    said, code, _ = await program.end()
    assert (said, code) == (["stopping", "ended"], 0)
    await wire.close()


@pytest.mark.anyio
async def test_a_second_signal_does_not_wait():
    program = await Program.start(seconds=60)
    wire = await Wire.to(program)
    await wire.say(b"GET /hold?60 HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.sleep(0.1)
    program.process.send_signal(signal.SIGTERM)
    assert await program.line() == "stopping"
    program.process.send_signal(signal.SIGTERM)
    said, code, errors = await program.end()
    assert code == 0
    assert "stopping_at_once" in said
    assert "lifespan" not in errors
    await wire.close()


class Slow:
    """An application whose requests and whose end take until they are let go, and what became of them."""

    def __init__(self):
        self.told, self.asked, self.ending, self.let_go = [], asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self.told.append("ending")
            self.ending.set()
            await self.let_go.wait()
            self.told.append("ended")
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.asked.set()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.told.append("cut off")
            raise
        self.told.append("answered")


@contextlib.asynccontextmanager
async def slow():
    """A server of a slow application, and the application; the rest of both is let go at the end."""
    application = Slow()
    config = server.make_config(application, DoorSettings(), bind="127.0.0.1:0")
    with contextlib.closing(server.open_socket(config.host, config.port)) as listener:
        running = server._Server(config, listener)
        await running.open()
        yield running, application
        application.let_go.set()
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_a_second_signal_does_not_wait_for_an_end_that_has_begun(monkeypatch):
    monkeypatch.setattr(server, "_FORCED_SECONDS", 0.05)
    async with slow() as (running, application), asyncio.timeout(5):
        ending = asyncio.create_task(running.end())
        await application.ending.wait()
        with capture_logs() as logs:
            running.hurry()
            running.hurry()
            await ending
            running.hurry()
        assert application.told == ["ending"]
    assert [line["event"] for line in logs] == ["not_ended_in_time"]


@pytest.mark.anyio
@pytest.mark.parametrize("when", ["before the request", "before the drain", "in the drain"])
async def test_after_a_second_signal_nothing_is_answered_behind_the_application_s_end(when):
    async with slow() as (running, application), asyncio.timeout(5):
        wire = await Wire.to(running)
        if when == "before the request":
            running.hurry()
        await wire.say(GET)
        await application.asked.wait()
        if when == "before the drain":
            running.hurry()
        ending = asyncio.create_task(running.end())
        await asyncio.sleep(0)
        if when == "in the drain":
            running.hurry()
        await application.ending.wait()
        application.let_go.set()
        await ending
        await wire.close()
    assert application.told == ["cut off", "ending", "ended"]


@pytest.mark.anyio
async def test_the_application_ends_when_the_operators_calls_have():
    async with slow() as (running, application), asyncio.timeout(5):
        config = server.make_config(application, DoorSettings(), bind="127.0.0.1:0", lifespan=False)
        with contextlib.closing(server.open_socket(config.host, config.port)) as listener:
            ops = server._Server(config, listener)
            await ops.open()
            wire = await Wire.to(ops)
            await wire.say(GET)
            await application.asked.wait()
            ending = asyncio.create_task(running.end(ops))
            await asyncio.sleep(0.15)  # when the main listener is closed
            application.let_go.set()
            await ending
            with pytest.raises(ConnectionRefusedError):
                await Wire.to(ops)
            await wire.close()
    assert application.told == ["answered", "ending", "ended"]


@pytest.mark.anyio
async def test_a_taken_port_is_an_error_of_its_own_and_nothing_starts():
    started = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        main = server.make_config(app, DoorSettings(), bind=f"127.0.0.1:{port}")
        with pytest.raises(PortTaken) as caught:
            await server.serve_all(main, None, on_started=started.append)
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", port)
    assert str(port) in str(caught.value)
    assert started == []


@pytest.mark.anyio
async def test_a_taken_port_of_the_operators_listener_is_found_before_anything_starts():
    with socket.create_server(("127.0.0.1", 0)) as other:
        main = server.make_config(app, DoorSettings(), bind="127.0.0.1:0")
        ops = server.make_config(app, DoorSettings(), bind=f"127.0.0.1:{other.getsockname()[1]}", lifespan=False)
        with pytest.raises(PortTaken):
            await server.serve_all(main, ops)


@pytest.mark.anyio
async def test_the_next_free_port_is_taken_when_asked_for():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        program = await Program.start(main=f"127.0.0.1:{port}", next_free=True)
    assert port < program.address[1] <= port + 64
    program.process.send_signal(signal.SIGTERM)
    assert (await program.end())[1] == 0


def test_an_address_that_is_not_ours_is_an_error_of_its_own():
    with pytest.raises(CannotListenError, match=r"203\.0\.113\.7"):
        open_socket("203.0.113.7", 0)


@pytest.mark.parametrize(
    ("bind", "expected"),
    [("127.0.0.1:8000", ("127.0.0.1", 8000)), ("[::1]:0", ("::1", 0)), ("localhost:65535", ("localhost", 65535))],
)
def test_addresses_to_listen_on(bind, expected):
    assert split_bind(bind) == expected


@pytest.mark.parametrize("bind", ["", "8000", ":8000", "::1:8000", "a:", "a:-1", "a:65536", "a:٣", "[::1]"])
def test_malformed_addresses_are_refused(bind):
    with pytest.raises(CannotListenError):
        split_bind(bind)


@pytest.mark.anyio
async def test_a_start_that_fails_is_an_error(caplog):
    async def broken(scope, receive, send):
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no keys"})

    main = server.make_config(broken, DoorSettings(), bind="127.0.0.1:0")
    with pytest.raises(server.StartFailedError):
        await server.serve_all(main, None)
    assert "no keys" in caplog.text


@pytest.mark.anyio
async def test_an_application_can_tell_that_the_bounds_are_there():
    seen = {}

    async def curious(scope, receive, send):
        seen.setdefault(scope["type"], scope.get("state"))
        await app(scope, receive, send)

    async with door(application=curious) as running:
        wire = await Wire.to(running)
        await wire.say(GET)
        await wire.answer()
        await wire.close()
    assert seen["http"] == {"guarded": True}


def test_tls_files_are_passed_on():
    missing = DoorSettings(tls_certificate_file="absent.pem", tls_key_file="absent.key")
    config = server.make_config(app, missing, bind="127.0.0.1:0")
    with pytest.raises((FileNotFoundError, ssl.SSLError)):
        config.load()


def self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gate.example")])
    now = datetime.now(UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    (folder / "gate.pem").write_bytes(certificate.sign(key, SHA256()).public_bytes(Encoding.PEM))
    (folder / "gate.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return DoorSettings(tls_certificate_file=folder / "gate.pem", tls_key_file=folder / "gate.key")


def test_tls_is_at_least_1_2_with_forward_secrecy_and_authenticated_encryption(tmp_path):
    config = server.make_config(app, self_signed(tmp_path), bind="127.0.0.1:0")
    config.load()
    assert config.ssl.minimum_version >= ssl.TLSVersion.TLSv1_2
    ciphers = config.ssl.get_ciphers()
    assert ciphers
    assert all(cipher["aead"] and cipher["name"].startswith(("ECDHE-", "TLS_")) for cipher in ciphers)


def test_the_event_loop_is_uvloops_where_there_is_one():
    async def module():
        return type(asyncio.get_running_loop()).__module__

    assert server.run(module()).startswith("uvloop")

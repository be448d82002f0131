"""Certificates as they are shown: real handshakes on loopback, with authorities of our own."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tidegate.clock import ManualClock, SystemClock
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.certificates import CertificateProbe, in_file, shown_by, shown_elsewhere
from tidegate.watch.probes.model import Blame, State

pytestmark = pytest.mark.anyio
DAY = 86_400.0
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])


def certificate(path, begins, ends, *, address="127.0.0.1"):
    """A self-signed certificate for loopback, valid between two numbers of days from now; its file, key included."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=begins))
        .not_valid_after(now + dt.timedelta(days=ends))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    kept = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(built.public_bytes(serialization.Encoding.PEM) + kept)
    return path


@contextlib.asynccontextmanager
async def showing(path):
    """A server that shows a certificate; its place."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[:2]


def trusting(path):
    return lambda: ssl.create_default_context(cafile=path)


async def outcome_of(path, *, blame=Blame.STREAM, trusted=None, clock=None):
    async with showing(path) as place:
        read = shown_by(place, trusting(trusted or path))
        return await CertificateProbe("certificate:x", "Stream", blame, read, clock or SystemClock()).run()


@pytest.mark.parametrize(
    ("begins", "ends", "state"),
    [
        (-10, 80, State.OK),
        (-80, 13, State.WARNING),
        (-89, 1, State.FAILING),
        (-1, 5, State.OK),  # of six days five are left
        (-5, 1, State.WARNING),
    ],
)
async def test_how_long_a_certificate_has(tmp_path, begins, ends, state):
    outcome = await outcome_of(certificate(tmp_path / "one.pem", begins, ends))
    assert outcome.state is state
    assert outcome.figures["left_seconds"] == pytest.approx(ends * DAY, abs=60)
    assert (outcome.cause == Cause.CERTIFICATE_EXPIRING) is (state is not State.OK)
    assert outcome.blame is (Blame.NOBODY if state is State.OK else Blame.STREAM)


async def test_one_that_has_expired(tmp_path):
    outcome = await outcome_of(certificate(tmp_path / "one.pem", -90, -1))
    assert (outcome.state, outcome.cause, outcome.blame) == (State.FAILING, Cause.CERTIFICATE_EXPIRED, Blame.STREAM)


async def test_one_that_somebody_between_us_might_have_made(tmp_path):
    known = certificate(tmp_path / "known.pem", -1, 80)
    outcome = await outcome_of(certificate(tmp_path / "other.pem", -1, 80), trusted=known)
    assert (outcome.state, outcome.cause) == (State.FAILING, Cause.CERTIFICATE_REFUSED)
    assert outcome.blame is Blame.NETWORK
    other = certificate(tmp_path / "named.pem", -1, 80, address="127.0.0.9")
    assert (await outcome_of(other, blame=Blame.OURS)).blame is Blame.OURS


async def test_one_that_is_not_valid_yet_may_be_our_clock(tmp_path):
    outcome = await outcome_of(certificate(tmp_path / "one.pem", 2, 80))
    assert (outcome.cause, outcome.blame) == (Cause.CERTIFICATE_REFUSED, Blame.OURS)
    assert "clock" in outcome.text


async def test_a_server_that_cannot_be_reached_is_another_probe_s_to_tell(unused_port):
    probe = CertificateProbe("x", "Stream", Blame.STREAM, shown_by(("127.0.0.1", unused_port)), SystemClock())
    outcome = await probe.run()
    assert (outcome.state, outcome.blame) == (State.UNKNOWN, Blame.NOBODY)


async def test_our_own_from_its_file(tmp_path):
    path = certificate(tmp_path / "own.pem", -80, 10)
    probe = CertificateProbe("certificate:own", "this service", Blame.OURS, in_file(path), SystemClock())
    outcome = await probe.run()
    assert (outcome.state, outcome.blame) == (State.WARNING, Blame.OURS)
    path.unlink()
    assert (await probe.run()).state is State.UNKNOWN
    path.write_text("no certificate")
    assert (await probe.run()).state is State.UNKNOWN


async def test_a_file_that_has_expired(tmp_path):
    path = certificate(tmp_path / "own.pem", -1, 5)
    later = ManualClock(SystemClock().now() + 6 * DAY)
    outcome = await CertificateProbe("certificate:own", "this service", Blame.OURS, in_file(path), later).run()
    assert (outcome.state, outcome.cause) == (State.FAILING, Cause.CERTIFICATE_EXPIRED)


async def test_that_of_a_key_server_that_is_not_where_the_issuer_is(tmp_path):
    path = certificate(tmp_path / "keys.pem", -80, 3)
    async with showing(certificate(tmp_path / "issuer.pem", -1, 80)) as issuer, showing(path) as (host, port):
        known = [None]
        read = shown_elsewhere(lambda: known[0], issuer, trusting(path))
        whose = "the key server of issuer login"
        probe = CertificateProbe("certificate:keys:login", whose, Blame.PROVIDER, read, SystemClock())
        for url in (None, f"https://{issuer[0]}:{issuer[1]}/jwks", f"http://{host}:{port}/jwks"):
            known[0] = url
            outcome = await probe.run()
            assert (outcome.state, dict(outcome.figures)) == (State.OK, {})
        known[0] = f"https://{host}:{port}/jwks"
        outcome = await probe.run()
    assert (outcome.state, outcome.blame) == (State.WARNING, Blame.PROVIDER)
    assert outcome.text.startswith("The certificate of the key server of issuer login expires in 3.0 days")

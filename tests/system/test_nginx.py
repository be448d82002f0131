"""In production behind nginx, set up as the page on proxies shows."""

import ipaddress
import os
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from support.markdown import all_blocks
from support.processes import Service, running
from support.programs import program, server

pytestmark = pytest.mark.system
ISSUER = "https://login.example.com"
LIMIT = 30


@dataclass(frozen=True, slots=True)
class Behind:
    """nginx with the service behind it.

    Attributes:
        url: nginx's, by HTTPS.
        client: trusts nginx's certificate.
        service: as nginx sees it, by plain HTTP.
        key: the issuer's private key, PEM.
    """

    url: str
    client: httpx2.Client
    service: Service
    key: bytes

    def session(self, subject: str) -> dict[str, str]:
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": subject, "aud": "chat", "iat": now, "exp": now + 60}
        return {"Authorization": f"Bearer {jwt.encode(claims, self.key, 'RS256')}"}


def certificate(directory: Path) -> ssl.SSLContext:
    """Write a certificate for loopback and its key; the context that trusts it."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chat.example.com")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    (directory / "chat.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (directory / "chat.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    return ssl.create_default_context(cafile=str(directory / "chat.pem"))


def nginx_configuration(directory: Path, service: Service, port: int) -> Path:
    """The page's server block with our addresses and files in it, and what it needs around it."""
    (block,) = all_blocks("nginx")
    text = block.text.replace("server 127.0.0.1:8000;", f"server {service.url.removeprefix('http://')};")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
    text = re.sub(r"/etc/ssl/chat\.example\.com\.(pem|key)", rf"{directory}/chat.\1", text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    around = "".join(f"{kind}_temp_path {directory}/{kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    file = directory / "nginx.conf"
    file.write_text(
        f"{user}daemon off;\npid {directory}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{around}{text}}}\n"
    )
    return file


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def behind_nginx(factory: pytest.TempPathFactory, **more: str) -> Iterator[Behind]:
    """Start both, with more settings if there are any."""
    directory = factory.mktemp("nginx")
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    settings = {
        "STREAM_CHAT_ENVIRONMENT": "production",
        "STREAM_API_KEY": "k4tq7w2mzr9x",
        "STREAM_API_SECRET": "h2c8v5n1x7b4m9q6w3e0r5t8y1u4i7o2",
        "STREAM_CHAT_BASE_URL": "https://127.0.0.1:9",
        "TIDEGATE_OIDC_ISSUER": ISSUER,
        "TIDEGATE_OIDC_AUDIENCE": "chat",
        "TIDEGATE_OIDC_PEM": public.decode().replace("\n", "\\n"),
        "TIDEGATE_TRUSTED_PROXIES": "127.0.0.1/32",
        "TIDEGATE_OPS_BIND": "127.0.0.1:0",
        **more,
    }
    context = certificate(directory)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    port = free_port()

    def ready() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with running(factory.mktemp("service"), variables=settings) as service:
        file = nginx_configuration(directory, service, port)
        with (
            server([program("nginx"), "-p", str(directory), "-c", str(file)], directory, ready),
            httpx2.Client(verify=context) as client,
        ):
            yield Behind(f"https://127.0.0.1:{port}", client, service, private)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    with behind_nginx(tmp_path_factory) as both:
        yield both


def test_a_session_becomes_a_token_through_the_proxy(behind: Behind) -> None:
    answer = behind.client.post(f"{behind.url}/stream/token", headers=behind.session("ada"))

    assert (answer.status_code, answer.json().get("user_id")) == (200, "ada")
    assert answer.headers["cache-control"] == "no-store"


def test_past_the_proxy_a_token_is_not_given_over_plain_http(behind: Behind) -> None:
    answer = httpx2.post(f"{behind.service.url}/stream/token", headers=behind.session("ada"))

    assert (answer.status_code, answer.json()["reason"]) == (403, "https_required")


def test_probes_are_answered_on_either_way(behind: Behind) -> None:
    assert httpx2.get(f"{behind.service.url}/livez").status_code == 200
    assert behind.client.get(f"{behind.url}/readyz").status_code == 200


def test_in_production_metrics_and_documentation_are_not_to_be_had_through_the_proxy(behind: Behind) -> None:
    statuses = [behind.client.get(f"{behind.url}{path}").status_code for path in ("/metrics", "/openapi.json", "/docs")]

    assert statuses == [404, 404, 404]


def test_a_forged_forwarded_address_does_not_escape_the_limit(tmp_path_factory: pytest.TempPathFactory) -> None:
    statuses = []
    with behind_nginx(tmp_path_factory, TIDEGATE_LIMIT_ADDRESS_PER_MINUTE=str(LIMIT)) as behind:
        session = behind.session("bea")
        for number in range(3 * LIMIT):
            forged = {"X-Forwarded-For": f"198.51.100.{number}", "X-Real-IP": f"198.51.100.{number}"}
            answer = behind.client.post(f"{behind.url}/stream/token", headers={**session, **forged})
            statuses.append(answer.status_code)

    assert statuses[0] == 200
    assert 429 in statuses

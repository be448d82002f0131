"""The services that are compared: how each is started, and how it is asked."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from issuer import CACHE, ISSUER, ROOT
from load import Target
from process import Service

HERE = Path(__file__).resolve().parent
API_KEY = "benchkey12345"
API_SECRET = "bench-secret-" + "s" * 52
TUTORIAL_PORT, TIDEGATE_PORT, NGINX_PORT = 18_441, 18_442, 18_443
OPS_PORT = 18_444
STREAM_NOWHERE = "http://127.0.0.1:9"

UNLIMITED = "10000000"
"""Limits are on, but one load generator is one address: it may ask this often a minute."""


def first_token(pool: Path) -> str:
    with pool.open() as file:
        return file.readline().strip()


def _exchange(pool: Path) -> tuple[str, str, Mapping[str, str]]:
    return "POST", "/stream/token", {"Authorization": f"Bearer {first_token(pool)}"}


def tutorial(pool: Path) -> Service:
    """The tutorial service as its README starts it, without --reload."""
    return Service(
        "tutorial",
        [sys.executable, "-m", "uvicorn", "stream_token_service:app", "--port", str(TUTORIAL_PORT)],
        port=TUTORIAL_PORT,
        directory=HERE / "tutorial",
        environment={
            "STREAM_API_KEY": API_KEY,
            "STREAM_API_SECRET": API_SECRET,
            "CLERK_ISSUER": ISSUER,
            "CLERK_JWKS_URL": f"{ISSUER}/.well-known/jwks.json",
        },
        first_request=_exchange(pool),
    )


def _empty_state() -> Path:
    """A state directory with nothing in it: what an earlier round left would be read while this one is measured."""
    state = CACHE / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    return state


def tidegate(
    pool: Path,
    *,
    environment: Mapping[str, str] | None = None,
    without: str = "",
    stream: tuple[str, str, str] = (STREAM_NOWHERE, API_KEY, API_SECRET),
) -> Service:
    """The service as a team starts it, everything on.

    Args:
        pool: for the first request.
        environment: settings that differ.
        without: a part that only the bench can leave out, see variants.py.
        stream: base URL, key and secret.
    """
    command = ["-m", "tidegate", "serve"] if not without else [str(HERE / "variants.py"), without]
    base_url, key, secret = stream
    settings = {
        "PYTHONPATH": str(ROOT / "src"),
        "STREAM_CHAT_ENVIRONMENT": "development",
        "STREAM_API_KEY": key,
        "STREAM_API_SECRET": secret,
        "STREAM_CHAT_BASE_URL": base_url,
        "TIDEGATE_OIDC_ISSUER": ISSUER,
        "TIDEGATE_OIDC_JWKS_URL": f"{ISSUER}/.well-known/jwks.json",
        "TIDEGATE_BIND": f"127.0.0.1:{TIDEGATE_PORT}",
        "TIDEGATE_LIMIT_ADDRESS_PER_MINUTE": UNLIMITED,
        "TIDEGATE_STATE_DIR": str(_empty_state()),
    }
    return Service(
        "tidegate" + (f"-without-{without}" if without else ""),
        [sys.executable, *command],
        port=TIDEGATE_PORT,
        environment=settings | dict(environment or {}),
        first_request=_exchange(pool),
    )


_NGINX = """
daemon off;
worker_processes 1;
pid {cache}/nginx.pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log {cache}/nginx-access.log;
    client_body_temp_path {cache}/nginx-body;
    proxy_temp_path {cache}/nginx-proxy;
    fastcgi_temp_path {cache}/nginx-fastcgi;
    uwsgi_temp_path {cache}/nginx-uwsgi;
    scgi_temp_path {cache}/nginx-scgi;
    keepalive_requests 100000000;
    server {{
        listen 127.0.0.1:{port};
        location / {{ default_type application/json; return 200 '{page}'; }}
    }}
}}
"""


def _nginx_program() -> str | None:
    return shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


def has_nginx() -> bool:
    """Whether Debian's nginx is installed."""
    return _nginx_program() is not None


def nginx() -> Service:
    """nginx with a page as long as a token's answer, access log on."""
    page = '{"token":"' + "t" * 440 + '"}'
    configuration = CACHE / "nginx.conf"
    configuration.write_text(_NGINX.format(cache=CACHE, port=NGINX_PORT, page=page))
    return Service(
        "nginx",
        [str(_nginx_program()), "-e", "stderr", "-c", str(configuration)],
        port=NGINX_PORT,
        environment={},
        first_request=("GET", "/", {}),
    )


def target(service: Service, pool: Path) -> Target:
    """How a service is asked."""
    if service.name == "nginx":
        return Target(service.port, path="/", method="GET")
    return Target(service.port, pool=pool)

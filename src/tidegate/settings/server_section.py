"""Settings of the service itself: where it listens and what it bounds."""

from pathlib import Path
from typing import Annotated, Literal

from tidegate.settings import kinds as k
from tidegate.settings.spec import BYTES_MAX, COUNT_MAX, OFF, Section, spec


class ServerSection(Section):
    """The service."""

    state_dir: Annotated[
        Path, spec("TIDEGATE_STATE_DIR", k.File("a directory's path"), "Where key sets and run-time files are kept.")
    ] = Path(".tidegate")
    bind: Annotated[str, spec("TIDEGATE_BIND", k.Bind(), "Where the service listens.")] = "127.0.0.1:8000"
    ops_bind: Annotated[
        str, spec("TIDEGATE_OPS_BIND", k.Bind(), "Where the operator's listener is: metrics in production.")
    ] = "127.0.0.1:8001"
    public_url: Annotated[
        str | None,
        spec(
            "TIDEGATE_PUBLIC_URL",
            k.Url(),
            "Where apps reach this service; the certificate that is shown there is watched.",
        ),
    ] = None
    tls_certificate_file: Annotated[
        Path | None,
        spec("TIDEGATE_TLS_CERTIFICATE_FILE", k.File("a file's path"), "The certificate chain, to serve HTTPS itself."),
    ] = None
    tls_key_file: Annotated[
        Path | None, spec("TIDEGATE_TLS_KEY_FILE", k.File("a file's path"), "The certificate's private key.")
    ] = None
    trusted_proxies: Annotated[
        tuple[k.Network, ...],
        spec("TIDEGATE_TRUSTED_PROXIES", k.Networks(), "The proxies whose `X-Forwarded-*` headers are believed."),
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...],
        spec("TIDEGATE_CORS_ORIGINS", k.Origins(), "The web origins that may call; native apps need none."),
    ] = ()
    limit_address_per_minute: Annotated[
        int,
        spec(
            "TIDEGATE_LIMIT_ADDRESS_PER_MINUTE",
            k.Integer(1, COUNT_MAX, "a minute", OFF),
            "Requests of one client address (IPv6: of one /64).",
        ),
    ] = 600
    limit_subject_per_minute: Annotated[
        int, spec("TIDEGATE_LIMIT_SUBJECT_PER_MINUTE", k.Integer(1, COUNT_MAX, "a minute", OFF), "Tokens for one user.")
    ] = 60
    limit_issuer_per_minute: Annotated[
        int,
        spec("TIDEGATE_LIMIT_ISSUER_PER_MINUTE", k.Integer(1, COUNT_MAX, "a minute", OFF), "Tokens for one issuer."),
    ] = 0
    limit_total_per_minute: Annotated[
        int, spec("TIDEGATE_LIMIT_TOTAL_PER_MINUTE", k.Integer(1, COUNT_MAX, "a minute", OFF), "Tokens in all.")
    ] = 0
    limit_entries: Annotated[
        int,
        spec("TIDEGATE_LIMIT_ENTRIES", k.Integer(100, COUNT_MAX, "entries"), "How many callers each limit remembers."),
    ] = 200_000
    body_bytes: Annotated[
        int, spec("TIDEGATE_BODY_BYTES", k.Integer(1_024, BYTES_MAX, "bytes"), "The greatest size of a request's body.")
    ] = 65_536
    header_bytes: Annotated[
        int,
        spec("TIDEGATE_HEADER_BYTES", k.Integer(2_048, 131_072, "bytes"), "The greatest size of a request's headers."),
    ] = 16_384
    header_timeout_ms: Annotated[
        int,
        spec("TIDEGATE_HEADER_TIMEOUT_MS", k.Integer(100, 120_000, "ms"), "How long a request's headers may take."),
    ] = 10_000
    connections_max: Annotated[
        int, spec("TIDEGATE_CONNECTIONS_MAX", k.Integer(1, 1_000_000, "connections"), "How many clients at a time.")
    ] = 10_000
    connections_per_address: Annotated[
        int,
        spec(
            "TIDEGATE_CONNECTIONS_PER_ADDRESS",
            k.Integer(0, 1_000_000, "connections"),
            "How many of them one address may hold, loopback and trusted proxies aside; 0 for any number.",
        ),
    ] = 1_000
    shutdown_seconds: Annotated[
        int, spec("TIDEGATE_SHUTDOWN_SECONDS", k.Integer(0, 300, "s"), "How long requests may drain on shutting down.")
    ] = 20
    upstream_concurrency: Annotated[
        int, spec("TIDEGATE_UPSTREAM_CONCURRENCY", k.Integer(1, 1_000, "calls"), "How many calls to Stream at a time.")
    ] = 8
    upstream_connections: Annotated[
        int,
        spec("TIDEGATE_UPSTREAM_CONNECTIONS", k.Integer(1, 1_000, "connections"), "How many connections to Stream."),
    ] = 8
    probe_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_PROBE_SECONDS",
            k.Integer(5, 3_600, "s"),
            "How often Stream's health is probed, and a session route that fails.",
        ),
    ] = 30
    docs: Annotated[
        bool,
        spec("TIDEGATE_DOCS", k.Boolean(), "Serve `/docs` and `/openapi.json`.", "true outside production, else false"),
    ] = True
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        spec("TIDEGATE_LOG_LEVEL", k.Choice(("debug", "info", "warning", "error")), "The least level that is logged."),
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console"],
        spec("TIDEGATE_LOG_FORMAT", k.Choice(("auto", "json", "console")), "`auto` is JSON outside a terminal."),
    ] = "auto"
    documentation_url: Annotated[
        str,
        spec(
            "TIDEGATE_DOCUMENTATION_URL",
            k.Url("demand"),
            "Where you publish the page of each reason: the base of a problem's `type`. Unset: `type` is a name that "
            "leads nowhere, and alerts and the console name files below `docs/` in place of links.",
        ),
    ] = ""

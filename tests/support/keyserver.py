"""A key server on loopback that can be made slow, wrong, down, redirecting and endless."""

import contextlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

JWKS_PATH = "/jwks.json"
DISCOVERY_PATH = "/.well-known/openid-configuration"


class KeyServer:
    """Serves documents by path; `mode` decides how it misbehaves.

    Modes: ``good``, ``status`` (500), ``redirect``, ``drip`` (a byte now and then), ``silent`` (no answer),
    ``endless`` (a body without end), ``long`` (announces a huge body), ``compressed``, ``hang_up``.
    """

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.headers: dict[str, str] = {}
        self.mode = "good"
        self.requests: Counter[str] = Counter()
        self.request_headers: list[Mapping[str, str]] = []
        self.redirect_to = ""
        self.sent = 0
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"keys": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def jwks_url(self) -> str:
        return self.url + JWKS_PATH

    def serve(self, path: str, document: object) -> None:
        self.documents[path] = document if isinstance(document, bytes) else json.dumps(document).encode()

    def serve_keys(self, *jwks: Mapping[str, object]) -> None:
        self.serve(JWKS_PATH, {"keys": list(jwks)})

    def serve_discovery(self, **changes: object) -> None:
        self.serve(DISCOVERY_PATH, {"issuer": self.url, "jwks_uri": self.jwks_url} | changes)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    keys: KeyServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.keys.requests[self.path] += 1
        self.keys.request_headers.append(dict(self.headers.items()))
        with contextlib.suppress(OSError):
            getattr(self, f"_{self.keys.mode}")()

    def _good(self) -> None:
        body = self.keys.documents.get(self.path)
        self._answer(404 if body is None else 200, body or b"")

    def _status(self) -> None:
        self._answer(500, b"{}")

    def _redirect(self) -> None:
        self._answer(302, b"", Location=self.keys.redirect_to)

    def _hang_up(self) -> None:
        self.close_connection = True

    def _silent(self) -> None:
        self.keys.released.wait(5)
        self.close_connection = True

    def _drip(self) -> None:
        self._head(200, {"Content-Length": "1000"})
        while not self.keys.released.is_set():
            self.wfile.write(b" ")
            time.sleep(0.01)
        self.close_connection = True

    def _endless(self) -> None:
        self._head(200, {"Transfer-Encoding": "chunked"})
        while not self.keys.released.is_set():
            self.wfile.write(b"1000\r\n" + b" " * 0x1000 + b"\r\n")
            self.keys.sent += 0x1000

    def _long(self) -> None:
        self._head(200, {"Content-Length": "70000"})
        self.wfile.write(b" " * 70000)

    def _compressed(self) -> None:
        self._answer(200, b"{}", **{"Content-Encoding": "gzip"})

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self._head(status, {"Content-Length": str(len(body))} | self.keys.headers | headers)
        self.wfile.write(body)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

"""A website of an app's, for browsers to open."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def site() -> Iterator[tuple[str, list[bytes]]]:
    """A web server that serves whatever page is put into the list; its origin."""
    shown: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(shown[-1])

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_port}", shown
    finally:
        web.shutdown()
        thread.join()
        web.server_close()

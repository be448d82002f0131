"""Tidegate with one part swapped out, to see what the part costs. For the bench alone: the service has no such switch.

``variants.py PART`` swaps the part, then serves as ``tidegate serve`` does.
"""

import sys
from collections.abc import Callable

from tidegate import logs, tally
from tidegate.app import run, server
from tidegate.http import answer


def _nothing(*_: object, **__: object) -> None:
    return


def _metrics() -> None:
    """Counters and histograms keep nothing; what is read at a scrape is left alone."""
    tally.Count.inc = _nothing
    tally.Spread.observe = _nothing


def _log_line() -> None:
    logs.RequestLog.line = _nothing


def _headers() -> None:
    answer.SECURITY.clear()


def _shortcut() -> None:
    """Every request goes through ASGI, as under any other server."""
    bound_to = server.bound_to
    server.bound_to = lambda limits, answers, _, peers: bound_to(limits, answers, {}, peers)


PARTS: dict[str, Callable[[], None]] = {
    "metrics": _metrics,
    "log_line": _log_line,
    "security_headers": _headers,
    "shortcut": _shortcut,
}

if __name__ == "__main__":
    PARTS[sys.argv[1]]()
    sys.exit(run.serve_from_environment())

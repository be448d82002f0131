"""Tidegate with one part swapped out, to see what the part costs. For the bench alone: the service has no such switch.

``variants.py PART`` swaps the part, then serves as ``tidegate serve`` does.
"""

import sys
from collections.abc import Callable

import prometheus_client

from tidegate import logs
from tidegate.app import run
from tidegate.http import answer


def _nothing(*_: object, **__: object) -> None:
    return


def _metrics() -> None:
    """Counters and histograms keep nothing; what is read at a scrape is left alone."""
    prometheus_client.Counter.inc = _nothing  # type: ignore[method-assign]  # a swap is what this is
    prometheus_client.Histogram.observe = _nothing  # type: ignore[method-assign]


def _log_line() -> None:
    logs.RequestLog.line = _nothing  # type: ignore[method-assign]


def _headers() -> None:
    answer.SECURITY.clear()


def _eager() -> None:
    """Every request becomes a task, as under any other server."""
    run.EAGER = frozenset()  # type: ignore[misc]


PARTS: dict[str, Callable[[], None]] = {
    "metrics": _metrics,
    "log_line": _log_line,
    "security_headers": _headers,
    "eager_start": _eager,
}

if __name__ == "__main__":
    PARTS[sys.argv[1]]()
    sys.exit(run.serve_from_environment())

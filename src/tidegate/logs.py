"""Logs: readable in a terminal, JSON lines elsewhere, and nothing secret in either.

Everything rare goes through structlog. The line of each request is written by
`RequestLog`, which costs a tenth of that and writes in batches.
"""

import asyncio
import contextlib
import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Final, TextIO

import orjson
import structlog

from tidegate.clock import Clock, rfc3339

_SECRET_NAMES: Final = re.compile(r"token|secret|password|authorization|cookie|private|api_key$", re.IGNORECASE)
# Looked for at the beginning of a word only: at each letter of one, a long word without a dot would take minutes.
_JWT: Final = re.compile(
    r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{8,}\."
    # A signed token, or an encrypted one; with its key used directly, that one's second part is empty.
    r"(?:[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,2}"
    r"|\.[A-Za-z0-9_-]{12,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?)"
)
_PEM: Final = re.compile(r"-----BEGIN.*?(?:-----END[^-]*-----|\Z)", re.DOTALL)
_WEBHOOK: Final = re.compile(r"whsec_[A-Za-z0-9+/=_-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_HIDDEN: Final = "[hidden]"


def clean(text: str) -> str:
    """``text`` without anything that looks like a token or a key, control characters escaped."""
    text = _PEM.sub(_HIDDEN, _JWT.sub(_HIDDEN, _WEBHOOK.sub(_HIDDEN, text)))
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _scrub(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A last net: whoever logs must not log a secret, and if somebody does, it ends here."""
    for name, value in event.items():
        if name != "event" and _SECRET_NAMES.search(name) and not isinstance(value, int | float | None):
            event[name] = _HIDDEN
        elif name == "exception":
            event[name] = clean(str(value))
        elif not name.startswith("_"):  # structlog's own, for its next steps
            event[name] = _cleaned(value)
    return event


def _cleaned(value: object) -> object:
    """What is to be written, on one line; whatever is not known here is written as text, so it is cleaned as text."""
    match value:
        case None | bool() | int() | float():
            return value
        case list() | tuple() | set() | frozenset():
            return [_cleaned(item) for item in value]
        case dict():
            return {clean(str(name)): _cleaned(item) for name, item in value.items()}
        case _:
            return clean(str(value)).replace("\n", "\\n")


def wants_json(log_format: str, stream: TextIO) -> bool:
    """Whether lines are for machines: as set, or where the stream is no terminal.

    Args:
        log_format: ``auto``, ``json`` or ``console``.
        stream: where the lines go.
    """
    return log_format == "json" or (log_format == "auto" and not stream.isatty())


def configure(level: str, *, as_json: bool, stream: TextIO | None = None) -> None:
    """Set up logging for the process; the libraries' own logging goes the same way.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        as_json: JSON lines rather than lines for people.
        stream: where to; standard error, as it is at this moment, if None.
    """
    stream = stream or sys.stderr
    shared: list[Callable[..., Any]] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        _scrub,
    ]
    renderer = (
        structlog.processors.JSONRenderer(serializer=lambda event, **_: orjson.dumps(event, default=str).decode())
        if as_json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # They write addresses, with query parameters, and those of receivers are secrets.
    for name in ("httpx2", "httpcore2", "uvicorn.access", "urllib3", "requests", "requests_oauthlib"):
        logging.getLogger(name).setLevel(logging.WARNING)


class RequestLog:
    """One line for each request, written in batches of at most a fifth of a second.

    A crash can lose the lines of the last fifth of a second; `flush` at shutdown loses none. Every text of a line is
    from a closed set or hexadecimal, so nothing needs escaping.

    Args:
        clock: for the time stamps.
        stream: where to.
        as_json: JSON lines rather than lines for people.
        batch: so many lines are written at once, without waiting for more.
    """

    _DELAY = 0.2

    def __init__(self, clock: Clock, stream: TextIO, *, as_json: bool, batch: int = 512) -> None:
        self._clock = clock
        self._stream = stream
        self._as_json = as_json
        self._batch = batch
        self._lines: list[str] = []
        self._second = -1
        self._stamp = ""
        self._waiting = False

    def line(  # noqa: PLR0913, PLR0917 - one argument for each member of the line
        self,
        request_id: str,
        method: str,
        route: str,
        status: int,
        seconds: float,
        reason: str = "none",
        issuer: str = "none",
        subject: str | None = None,
        trace: str | None = None,
    ) -> None:
        """Note one answered request.

        Args:
            request_id: made here, or by a trusted proxy.
            method: as received, one of the known methods.
            route: the route's template, never the path as received.
            status: of the answer.
            seconds: from request to answer.
            reason: of a refusal.
            issuer: the configured issuer's name.
            subject: the user's pseudonym.
            trace: the W3C trace id, if the caller sent one.
        """
        now = self._clock.now()
        if int(now) != self._second:
            self._tick(now)
        if self._as_json:
            who = f',"subject":"{subject}"' if subject is not None else ""
            self._lines.append(
                f'{{"time":"{self._stamp}","event":"request","request_id":"{request_id}","method":"{method}",'
                f'"route":"{route}","status":{status},"duration_ms":{seconds * 1000:.3f},"reason":"{reason}",'
                f'"issuer":"{issuer}"{who}' + ("}\n" if trace is None else f',"trace_id":"{trace}"}}\n')
            )
        else:
            outcome = f"{status} {method} {route} {seconds * 1000:.2f}ms reason={reason} issuer={issuer}"
            self._lines.append(_for_people(self._stamp, outcome, subject, request_id))
        if not self._waiting or len(self._lines) >= self._batch:
            self._deliver()

    def __len__(self) -> int:
        """How many lines are held back."""
        return len(self._lines)

    def flush(self) -> None:
        """Write what is held back."""
        self._waiting = False
        if self._lines:
            text = "".join(self._lines)
            self._lines.clear()
            with contextlib.suppress(OSError, ValueError):  # a closed pipe must not end the service
                self._stream.write(text)
                self._stream.flush()

    def _tick(self, now: float) -> None:
        """The stamp of another second."""
        self._second = int(now)
        self._stamp = rfc3339(now)

    def _deliver(self) -> None:
        """Write at once when enough has come together, or see to it that it is written soon."""
        if len(self._lines) >= self._batch:
            self.flush()
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        self._waiting = True
        loop.call_later(self._DELAY, self.flush)


def _for_people(stamp: str, outcome: str, subject: str | None, request_id: str) -> str:
    who = f" subject={subject}" if subject is not None else ""
    return f"{stamp} {outcome}{who} request={request_id}\n"

"""Server-sent events (HTML standard, section 9.2): the parts of the page, as they change."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

import orjson

from tidegate import metrics
from tidegate.clock import Clock
from tidegate.console.asking import Asked
from tidegate.console.model import Visit
from tidegate.console.pages import mark_of, with_token
from tidegate.console.present import PARTS, Presenter
from tidegate.console.sources import Sources
from tidegate.console.visits import Visits
from tidegate.errors import Reason, Refusal
from tidegate.http.answer import Headers
from tidegate.http.operators import Role

PERIOD_S: Final = 1.0
"""Seconds between two looks; all pages that are open share them."""

STREAMS_OF_ONE: Final = 4
"""Live connections of one browser; a browser opens six to a host, and needs some for other things."""

FIGURES_S: Final = 10.0
"""Seconds after which the charts are drawn anew: their figures are sampled that often."""

_HEADERS: Final[Headers] = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]


class Live:
    """Keeps open pages up to date.

    Args:
        presenter: renders the parts.
        visits: whose end ends a stream.
        sources: for the clock, and the end of this replica.
        most: streams at once.
    """

    def __init__(self, presenter: Presenter, visits: Visits, sources: Sources, most: int) -> None:
        self._presenter = presenter
        self._visits = visits
        self._clock: Clock = sources.clock
        self._stopping = sources.stopping
        self._most = most
        self._open = 0
        self._rendered: dict[Role, tuple[float, dict[str, str]]] = {}
        metrics.CONSOLE_STREAMS.set_function(lambda: self._open)

    async def stream(self, asked: Asked) -> None:
        """Serve one page until it is closed, signed out, or this replica stops.

        Args:
            asked: by whom.

        Raises:
            Refusal: ``limit_operator``: too many are open.
        """
        visit = asked.signed_in
        with self._counted(visit):
            await asked.send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
            gone = asyncio.ensure_future(_gone(asked))
            try:
                async for event in self._events(visit, gone):
                    await asked.send({"type": "http.response.body", "body": event, "more_body": True})
            finally:
                gone.cancel()
            await asked.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self, visit: Visit, gone: "asyncio.Future[None]") -> AsyncIterator[bytes]:
        sent: dict[str, str] = {}
        title, drawn = "", self._clock.monotonic()
        yield b"retry: 2000\n\n" + event("clock", b"%.3f" % self._clock.now())
        while not gone.done() and not self._stopping():
            if not self._visits.lasts(visit):
                yield event("over", b"-")
                return
            for name, html in self._parts(visit.operator.role).items():
                if sent.get(name) != (mark := mark_of(html)):
                    sent[name] = mark
                    yield event("part", orjson.dumps({"id": name, "html": with_token(html, visit.csrf)}))
            if title != (title := self._presenter.title()):
                yield event("word", orjson.dumps(title))
            if self._clock.monotonic() - drawn >= FIGURES_S:
                drawn = self._clock.monotonic()
                yield event("figures", b"-")
            await asyncio.wait({gone}, timeout=PERIOD_S)

    def _parts(self, role: Role) -> dict[str, str]:
        """The parts as they are now, rendered once in a period for everybody of a role."""
        now = self._clock.monotonic()
        known = self._rendered.get(role)
        if known is None or now - known[0] >= PERIOD_S / 2:
            known = self._rendered[role] = (now, {name: self._presenter.part(name, role) for name in PARTS})
        return known[1]

    @contextlib.contextmanager
    def _counted(self, visit: Visit) -> Iterator[None]:
        if self._open >= self._most or visit.streams >= STREAMS_OF_ONE:
            raise Refusal(Reason.LIMIT_OPERATOR, "Too many pages of the console are open.", retry_after=10)
        self._open += 1
        visit.streams += 1
        try:
            yield
        finally:
            self._open -= 1
            visit.streams -= 1


def event(name: str, data: bytes) -> bytes:
    """One event.

    Args:
        name: of its kind.
        data: without a line break.
    """
    return b"event: %b\ndata: %b\n\n" % (name.encode("ascii"), data)


async def _gone(asked: Asked) -> None:
    while (await asked.receive())["type"] != "http.disconnect":
        pass

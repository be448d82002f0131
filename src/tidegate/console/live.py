"""Server-sent events (HTML standard, section 9.2): the parts of the page, as they change."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
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
from tidegate.http.answer import Headers
from tidegate.http.operators import Role

PERIOD_S: Final = 1.0
"""Seconds between two looks; all pages that are open share them."""

STREAMS_OF_ONE: Final = 4
"""Live connections of one browser; a browser opens six to a host, and needs some for other things. A further one takes
the place of its oldest."""

FIGURES_S: Final = 10.0
"""Seconds after which the charts are drawn anew: their figures are sampled that often."""

_HEADERS: Final[Headers] = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]


@dataclass(eq=False, slots=True)
class _Page:
    """One page that is kept up to date.

    Attributes:
        visit: whose.
        aside: done once it makes way for a later one.
    """

    visit: Visit
    aside: "asyncio.Future[None]"


class Live:
    """Keeps open pages up to date.

    Args:
        presenter: renders the parts.
        visits: whose end ends a stream.
        sources: for the clock, and the end of this replica.
        share: streams at once of one operator's name; a further one takes the place of the oldest of that name.
    """

    def __init__(self, presenter: Presenter, visits: Visits, sources: Sources, share: int) -> None:
        self._presenter = presenter
        self._visits = visits
        self._clock: Clock = sources.clock
        self._stopping = sources.stopping
        self._share = share
        self._open: dict[_Page, None] = {}
        self._rendered: dict[Role, tuple[float, dict[str, str]]] = {}
        metrics.CONSOLE_STREAMS.set_function(self._open.__len__)

    async def stream(self, asked: Asked) -> None:
        """Serve one page until it is closed, signed out, makes way for another one, or this replica stops.

        Args:
            asked: by whom.
        """
        with self._opened(asked.signed_in) as page:
            await asked.send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
            gone = asyncio.ensure_future(_gone(asked))
            try:
                async for event in self._events(page, gone):
                    await asked.send({"type": "http.response.body", "body": event, "more_body": True})
            finally:
                gone.cancel()
            await asked.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self, page: _Page, gone: "asyncio.Future[None]") -> AsyncIterator[bytes]:
        visit = page.visit
        sent: dict[str, str] = {}
        title, drawn = "", self._clock.monotonic()
        yield b"retry: 2000\n\n" + event("clock", b"%.3f" % self._clock.now())
        while not gone.done() and not self._stopping():
            if page.aside.done() or not self._visits.lasts(visit):
                yield event("aside" if page.aside.done() else "over", b"-")
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
            await asyncio.wait({gone, page.aside}, timeout=PERIOD_S)

    def _parts(self, role: Role) -> dict[str, str]:
        """The parts as they are now, rendered once in a period for everybody of a role."""
        now = self._clock.monotonic()
        known = self._rendered.get(role)
        if known is None or now - known[0] >= PERIOD_S / 2:
            known = self._rendered[role] = (now, {name: self._presenter.part(name, role) for name in PARTS})
        return known[1]

    @contextlib.contextmanager
    def _opened(self, visit: Visit) -> Iterator[_Page]:
        self._make_way([page for page in self._open if page.visit is visit], STREAMS_OF_ONE)
        name = visit.operator.name
        self._make_way([page for page in self._open if page.visit.operator.name == name], self._share)
        page = _Page(visit, asyncio.get_running_loop().create_future())
        self._open[page] = None
        try:
            yield page
        finally:
            self._open.pop(page, None)

    def _make_way(self, own: list[_Page], most: int) -> None:
        """Have the oldest of somebody's own pages make way for one more."""
        if len(own) >= most:
            del self._open[own[0]]
            own[0].aside.set_result(None)


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

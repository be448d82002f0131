"""The console, put together."""

from collections.abc import Mapping

from tidegate.console.actions import Actions
from tidegate.console.assets import Assets
from tidegate.console.gate import Access, ConsoleGate
from tidegate.console.live import Live
from tidegate.console.pages import Pages
from tidegate.console.present import Presenter
from tidegate.console.routes import Doors
from tidegate.console.sources import Sources
from tidegate.console.visits import Links, Visits


def assemble(sources: Sources, access: Access, lasting: Mapping[str, object]) -> tuple[ConsoleGate, Links]:
    """The application below ``/console``, and the links that lead to it.

    Args:
        sources: what there is to see and to act upon.
        access: who gets in.
        lasting: what every page shows.
    """
    assets, visits, links = Assets(), Visits(sources.clock, access.lives, access.sessions), Links(sources.clock)
    pages = Pages(assets.folder, {"provider": "", **lasting})
    presenter = Presenter(sources, pages)
    live = Live(presenter, visits, sources, access.streams)
    doors = Doors(pages, presenter, live, Actions(sources), visits, links, sources)
    return ConsoleGate(doors.all(), assets, visits, access, sources.clock, doors.error), links

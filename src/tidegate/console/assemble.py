"""The console, put together."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from tidegate.console.actions import Actions
from tidegate.console.assets import Assets
from tidegate.console.gate import Access, ConsoleGate
from tidegate.console.live import Live
from tidegate.console.oidc.client import Provider
from tidegate.console.oidc.model import Client
from tidegate.console.oidc.service import OidcSignIn
from tidegate.console.pages import Pages
from tidegate.console.present import Presenter
from tidegate.console.routes import Doors
from tidegate.console.sources import Sources
from tidegate.console.visits import LINKS_MOST, Links, Visits


def assemble(
    sources: Sources, access: Access, lasting: Mapping[str, object], client: Client | None = None
) -> tuple[ConsoleGate, Links]:
    """The application below ``/console``, and the links that lead to it.

    Args:
        sources: what there is to see and to act upon.
        access: who gets in.
        lasting: what every page shows.
        client: what we are at an OpenID Connect provider; None: there is none.
    """
    assets, links = Assets(), Links(sources.clock, access.share(LINKS_MOST))
    visits = Visits(sources.clock, access.lives, access.share(access.sessions))
    pages = Pages(assets.folder, {"provider": _host_of(client), **lasting})
    presenter = Presenter(sources, pages)
    live = Live(presenter, visits, sources, access.share(access.streams))
    provider = None if client is None else OidcSignIn(client, Provider(client), sources.clock)
    doors = Doors(pages, presenter, live, Actions(sources), visits, links, sources, provider)
    return ConsoleGate(doors.all(), assets, visits, access, sources.clock, doors.error), links


def _host_of(client: Client | None) -> str:
    return "" if client is None else urlsplit(client.issuer).hostname or ""

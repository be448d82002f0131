"""The console that the settings describe, made when somebody first opens it: until then it costs nothing."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter

from tidegate import __version__
from tidegate.app.lifespan import Background
from tidegate.app.operating import Recorder
from tidegate.app.watched import Watched
from tidegate.app.watching import Watching
from tidegate.clock import Clock
from tidegate.http.answer import AsgiApp, Receive, Scope, Send
from tidegate.http.hosts import HostRule
from tidegate.http.operators import PREFIX, Operator, Role, dependency
from tidegate.http.schema import Closed
from tidegate.limits import Gcra
from tidegate.settings import Environment, Settings

if TYPE_CHECKING:
    from tidegate.console.gate import ConsoleGate
    from tidegate.console.oidc.model import Client
    from tidegate.console.refusals import Refusals
    from tidegate.console.visits import Links

_ROOT: Final = "/console"


class LinkBody(Closed):
    """Answer of ``POST /operator/v1/console/links``."""

    path: str
    seconds: int


class Consoling:
    """Answers below ``/console``, and makes links to it.

    Args:
        watched: what there is to see, and to act upon.
        watching: the watch.
        background: whose end is the console's.
        clock: for all of it.
    """

    def __init__(self, watched: Watched, watching: Watching, background: Background, clock: Clock) -> None:
        self._watched = watched
        self._watching = watching
        self._background = background
        self._clock = clock
        self._refusals = self._listen()
        self._made: asyncio.Future[tuple[ConsoleGate, Links]] | None = None
        self._hosts: HostRule | None = None
        self._failures: Gcra | None = None
        self._record: Recorder | None = None

    def before(self, inner: AsgiApp, hosts: HostRule, failures: Gcra, record: Recorder) -> AsgiApp:
        """The operator's application with the console in front of it.

        Args:
            inner: answers every other path.
            hosts: names of the listener.
            failures: the limit of refused sign-ins.
            record: told of each call.
        """
        self._hosts, self._failures, self._record = hosts, failures, record

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not _is_console(scope["path"]):
                await inner(scope, receive, send)
                return
            gate, _ = await self._opened()
            await gate(scope, receive, send)

        return app

    def routes(self) -> APIRouter:
        """The operator's route to a link. A viewer may look at the console, so a viewer's key is enough for one."""
        routes = APIRouter(prefix=PREFIX, tags=["operators"])

        @routes.post("/console/links", summary="A link that signs a browser in to the console, once")
        async def link(acting: Annotated[Operator, dependency(Role.VIEWER)]) -> LinkBody:
            from tidegate.console.model import SIGN_IN, Visitor
            from tidegate.console.visits import LINK_SECONDS

            _, links = await self._opened()
            return LinkBody(path=f"{SIGN_IN}#{links.make(Visitor(acting, 'link'))}", seconds=LINK_SECONDS)

        return routes

    def _listen(self) -> "Refusals | None":
        settings, records = self._watched.settings, self._watched.records
        if not settings.operator_keys:
            return None
        from tidegate.console.refusals import Refusals

        refusals = Refusals(settings.console_refusals, named=not settings.ledger_hashed)
        return refusals if records.tell(refusals.take) else None

    async def _opened(self) -> "tuple[ConsoleGate, Links]":
        """The console; imported beside the event loop, so that no exchange waits for it."""
        if self._made is None:
            self._made = asyncio.ensure_future(asyncio.to_thread(self._make))
        return await asyncio.shield(self._made)

    def _make(self) -> "tuple[ConsoleGate, Links]":
        from tidegate.console.assemble import assemble
        from tidegate.console.gate import Access
        from tidegate.console.model import Lives
        from tidegate.console.sources import Sources

        if self._hosts is None or self._failures is None or self._record is None:
            raise RuntimeError("the console stands before no listener")
        seen, settings = self._watched, self._watched.settings
        sources = Sources(
            board=self._watching.board,
            runner=self._watching.runner,
            series=self._watching.series,
            alerts=self._watching.alerts,
            runbook=self._watching.alerts.notifier.place.runbook,
            issuers=seen.issuers.issuers,
            distrust=seen.distrust,
            rotation=seen.rotation,
            max_age_days=settings.credential_max_age_days,
            standing=seen.standing.service,
            refusals=self._refusals,
            stopping=lambda: self._background.stopping,
            clock=self._clock,
            documentation=settings.documentation_url,
            told=settings.telemetry != "off",
        )
        access = Access(
            hosts=self._hosts,
            failures=self._failures,
            body_bytes=settings.body_bytes,
            record=self._record,
            lives=Lives(settings.console_idle_seconds, settings.console_session_seconds),
            names=len({key.name for key in settings.operator_keys} | {one.name for one in settings.console_allow}),
            sessions=settings.console_sessions,
            streams=settings.console_streams,
        )
        lasting = {"environment": settings.environment.value, "version": __version__}
        return assemble(sources, access, lasting, _client(settings))


def _is_console(path: str) -> bool:
    return path == _ROOT or path.startswith(f"{_ROOT}/")


def _client(settings: Settings) -> "Client | None":
    """What the console is at the OpenID Connect provider that the settings name."""
    if not settings.console_oidc_issuer:
        return None
    from tidegate.console.oidc.model import Client

    secret = settings.console_oidc_client_secret
    return Client(
        issuer=settings.console_oidc_issuer,
        client_id=settings.console_oidc_client_id,
        client_secret="" if secret is None else secret.get_secret_value(),
        redirect_uri=f"{settings.console_url}/console/oidc/callback",
        allowed=settings.console_allow,
        loopback_http=settings.environment is Environment.DEVELOPMENT,
    )

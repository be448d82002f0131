"""The two ASGI applications: the main listener's and the operator's."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from tidegate.app.consoling import Consoling
from tidegate.app.framework import call_of, framework, response
from tidegate.app.gateway import Gateway
from tidegate.app.ledger import recorder_of
from tidegate.app.lifespan import Background
from tidegate.app.openapi import describe, describe_operators
from tidegate.app.operating import OperatorGate
from tidegate.app.operator_routes import whoami
from tidegate.app.ops import liveness, metrics_route, readiness
from tidegate.app.reference import reference
from tidegate.clock import Clock
from tidegate.credentials import Credentials
from tidegate.errors import Reason
from tidegate.http.answer import AsgiApp
from tidegate.http.call import CallReader
from tidegate.http.cookies import SessionCookies
from tidegate.http.cors import Cors
from tidegate.http.faces import ErrorShapes, Face
from tidegate.http.hosts import HostRule
from tidegate.http.operators import Operators, by_method
from tidegate.http.proxy import ProxyRule
from tidegate.limits import Gcra
from tidegate.logs import RequestLog
from tidegate.settings import Environment, Settings, authjs_apps
from tidegate.tokens.ledger.service import Records
from tidegate.tokens.present import mobile_token, web_token
from tidegate.tokens.routes import Admission, DoorRules, ExchangeDoor, StatusDoor
from tidegate.tokens.service import Exchange
from tidegate.tokens.status import ChatStatus
from tidegate.watch.routes import router as health_routes
from tidegate.watch.service import Watch

MOBILE_TOKEN = "/stream/token"
WEB_TOKEN = "/api/chat/token"


class Doors:
    """Makes both applications from the same parts.

    Args:
        settings: sound ones.
        credentials: at Stream.
        clock: for time stamps.
        background: started and ended with the main application.
        log: the line of each request.
    """

    def __init__(
        self, settings: Settings, *, credentials: Credentials, clock: Clock, background: Background, log: RequestLog
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._clock = clock
        self._background = background
        self._log = log
        self._production = settings.environment is Environment.PRODUCTION
        apps = authjs_apps.apps(settings)
        self._cookies = (
            SessionCookies(authjs_apps.cookies(settings), settings.session_token_bytes, named=len(apps) > 1)
            if apps
            else None
        )
        self._cors = Cors(settings.cors_origins, credentials=self._cookies is not None)
        self._reader = CallReader(ProxyRule(settings.trusted_proxies))
        self._shapes = ErrorShapes(settings.documentation_url, detailed=not self._production)

    def main(
        self, exchange: Exchange, watch: Watch, status: ChatStatus, records: Records, told: Sequence[APIRouter]
    ) -> Gateway:
        """The application of the main listener; ``told`` are the doors of providers and apps that tell something."""
        admission = Admission(exchange, self._rules())
        exchanges = {
            path: ExchangeDoor(
                face,
                admission=admission,
                mint=exchange.mint,
                records=records,
                present=present,
                shapes=self._shapes,
                clock=self._clock,
            )
            for path, face, present in (
                (MOBILE_TOKEN, Face.MOBILE, mobile_token),
                (WEB_TOKEN, Face.WEB, web_token),
            )
        }
        routers = [
            health_routes(
                watch,
                self._clock,
                environment=self._settings.environment.value,
                key=lambda: self._credentials.primary.api_key,
                words_accepted=self._settings.accept_api_key_words,
            ),
            _status_route(StatusDoor(admission=admission, status=status, clock=self._clock)),
            liveness(),
            readiness(watch, lambda: self._background.stopping),
            *told,
        ]
        if not self._production:
            routers.append(metrics_route(self._hosts()))
        app = self._described(self._framework(routers, exchanges), describe)
        return self._gateway(app, exchanges, self._cors, shortcuts=not records.waits)

    def _rules(self) -> DoorRules:
        return DoorRules(
            https=self._production,
            cors=self._cors,
            token_bytes=self._settings.session_token_bytes,
            body_bytes=self._settings.body_bytes,
            cookies=self._cookies,
        )

    def ops(self, watch: Watch, operated: Sequence[APIRouter], records: Records, console: Consoling) -> Gateway:
        """The application of the operator's listener.

        Args:
            watch: for readiness.
            operated: the rooms' routes for operators, each under `tidegate.http.operators.PREFIX`.
            records: the ledger, which is told of each call.
            console: for those who operate in a browser.
        """
        guarded = APIRouter(dependencies=[by_method()])
        for routes in (whoami(), *operated):
            guarded.include_router(routes)
        hosts, failures, record = self._hosts(), self._failures(), recorder_of(records)
        open_to_all = [liveness(), readiness(watch, lambda: self._background.stopping), metrics_route(hosts)]
        app = self._described(self._framework([*open_to_all, guarded, console.routes()], {}), describe_operators)
        gate = OperatorGate(
            app,
            operators=Operators.from_setting(self._settings.operator_keys),
            hosts=hosts,
            failures=failures,
            body_bytes=self._settings.body_bytes,
            clock=self._clock,
            record=record,
        )
        # No page of any other origin is answered there.
        return self._gateway(console.before(gate, hosts, failures, record), {}, Cors(()))

    def _failures(self) -> Gcra:
        return Gcra(
            "operator",
            Reason.LIMIT_OPERATOR,
            limit=self._settings.operator_failures_per_minute,
            entries=self._settings.limit_entries,
        )

    def _hosts(self) -> HostRule:
        return HostRule(self._settings.operator_hosts)

    def _described(self, app: FastAPI, describe: Callable[[FastAPI], dict[str, Any]]) -> FastAPI:
        if self._settings.docs:
            app.include_router(reference(lambda: describe(app)))
        return app

    def _framework(self, routers: list[APIRouter], exchanges: Mapping[str, ExchangeDoor]) -> FastAPI:
        return framework(
            routers,
            shapes=self._shapes,
            clock=self._clock,
            lifespan=self._lifespan if exchanges else _nothing,
            also_allowed={path: frozenset({"POST"}) for path in exchanges},
        )

    def _gateway(
        self, app: AsgiApp, exchanges: Mapping[str, ExchangeDoor], cors: Cors, *, shortcuts: bool = True
    ) -> Gateway:
        return Gateway(
            app,
            exchanges=exchanges,
            reader=self._reader,
            cors=cors,
            shapes=self._shapes,
            log=self._log,
            clock=self._clock,
            shortcuts=shortcuts,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        async with self._background.running():
            yield
        self._log.flush()


@asynccontextmanager
async def _nothing(_app: FastAPI) -> AsyncIterator[None]:
    """The operator's application starts and ends nothing of its own."""
    yield


def _status_route(door: StatusDoor) -> APIRouter:
    routes = APIRouter(include_in_schema=False)  # described beside the other method of its path

    @routes.get(WEB_TOKEN)
    async def status(request: Request) -> Response:
        return response(await door(call_of(request), request.receive))

    return routes

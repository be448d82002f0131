"""The two ASGI applications: the main listener's and the operator's."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request, Response

from tidegate.app.framework import call_of, framework, response
from tidegate.app.gateway import Gateway
from tidegate.app.lifespan import Background
from tidegate.app.openapi import describe
from tidegate.app.ops import liveness, metrics_route, readiness
from tidegate.app.reference import reference
from tidegate.clock import Clock
from tidegate.http.call import CallReader
from tidegate.http.cors import Cors
from tidegate.http.faces import ErrorShapes, Face
from tidegate.http.proxy import ProxyRule
from tidegate.logs import RequestLog
from tidegate.settings import Environment, Settings
from tidegate.tokens.present import MobilePresenter, WebPresenter
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
        api_key: of the app at Stream.
        clock: for time stamps.
        background: started and ended with the main application.
        log: the line of each request.
    """

    def __init__(
        self, settings: Settings, *, api_key: str, clock: Clock, background: Background, log: RequestLog
    ) -> None:
        self._settings = settings
        self._api_key = api_key
        self._clock = clock
        self._background = background
        self._log = log
        self._production = settings.environment is Environment.PRODUCTION
        self._cors = Cors(settings.cors_origins)
        self._reader = CallReader(ProxyRule(settings.trusted_proxies))
        self._shapes = ErrorShapes(settings.documentation_url, detailed=not self._production)

    def main(self, exchange: Exchange, watch: Watch, status: ChatStatus) -> Gateway:
        """The application of the main listener."""
        rules = DoorRules(
            https=self._production,
            cors=self._cors,
            token_bytes=self._settings.session_token_bytes,
            body_bytes=self._settings.body_bytes,
        )
        admission = Admission(exchange, rules)
        exchanges = {
            path: ExchangeDoor(
                face,
                admission=admission,
                mint=exchange.mint,
                present=present,
                shapes=self._shapes,
                clock=self._clock,
            )
            for path, face, present in (
                (MOBILE_TOKEN, Face.MOBILE, MobilePresenter(self._api_key)),
                (WEB_TOKEN, Face.WEB, WebPresenter(self._api_key)),
            )
        }
        routers = [
            health_routes(
                watch,
                self._clock,
                environment=self._settings.environment.value,
                api_key=self._api_key,
                words_accepted=self._settings.accept_api_key_words,
            ),
            _status_route(StatusDoor(admission=admission, status=status, clock=self._clock)),
            liveness(),
            readiness(watch, lambda: self._background.stopping),
        ]
        if not self._production:
            routers.append(metrics_route())
        return self._gateway(routers, exchanges, described=self._settings.docs)

    def ops(self, watch: Watch) -> Gateway:
        """The application of the operator's listener."""
        routers = [liveness(), readiness(watch, lambda: self._background.stopping), metrics_route()]
        return self._gateway(routers, {}, described=False)

    def _gateway(self, routers: list[APIRouter], exchanges: Mapping[str, ExchangeDoor], *, described: bool) -> Gateway:
        app = framework(
            routers,
            shapes=self._shapes,
            clock=self._clock,
            lifespan=self._lifespan if exchanges else _nothing,
            also_allowed={path: frozenset({"POST"}) for path in exchanges},
        )
        if described:
            app.include_router(reference(lambda: describe(app)))
        return Gateway(
            app,
            exchanges=exchanges,
            reader=self._reader,
            cors=self._cors,
            shapes=self._shapes,
            log=self._log,
            clock=self._clock,
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

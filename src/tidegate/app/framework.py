"""The framework's application: every route but the exchange, in the same error shapes."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tidegate import __version__
from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.http.answer import Answer
from tidegate.http.call import SCOPE_KEY, Call
from tidegate.http.faces import ErrorShapes, face_of
from tidegate.settings.problems import printable

_OTHER_METHOD: Final = "This path does not answer this method; see Allow."
_TRANSLATED: Final[Mapping[int, tuple[Reason, str]]] = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: (Reason.REQUEST_INVALID, "The body is not JSON."),
        HTTPStatus.METHOD_NOT_ALLOWED: (Reason.METHOD_NOT_ALLOWED, _OTHER_METHOD),
        HTTPStatus.NOT_FOUND: (Reason.NOT_FOUND, "There is nothing at this path."),
    }
)
_UNEXPECTED: Final = (Reason.INTERNAL, "Something went wrong here.")

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def framework(
    routers: list[APIRouter],
    *,
    shapes: ErrorShapes,
    clock: Clock,
    lifespan: Lifespan,
    also_allowed: Mapping[str, frozenset[str]],
) -> FastAPI:
    """Assemble the application behind the gateway.

    Args:
        routers: the rooms' doors.
        shapes: of errors.
        clock: for their time stamps.
        lifespan: starts and stops what runs beside the requests.
        also_allowed: methods that the gateway answers itself, by path, for ``Allow``.
    """
    app = FastAPI(
        title="Tidegate",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for router in routers:
        app.include_router(router)

    refused = _refuser(shapes, clock, also_allowed)
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, refused)
    app.add_exception_handler(Exception, refused)
    return app


def _refuser(
    shapes: ErrorShapes, clock: Clock, also_allowed: Mapping[str, frozenset[str]]
) -> Callable[[Request, Exception], Awaitable[Response]]:
    """What turns an exception of a route into an answer."""

    async def refused(request: Request, error: Exception) -> Response:
        refusal = error if isinstance(error, Refusal) else _translated(error)
        path = request.scope["path"]
        if refusal.reason is Reason.NOT_FOUND and path in also_allowed:
            refusal = Refusal(Reason.METHOD_NOT_ALLOWED, _OTHER_METHOD)
        call = call_of(request)
        call.refused(refusal)
        answer = shapes.answer(refusal, face_of(path), call.id, clock.now())
        if refusal.reason is Reason.METHOD_NOT_ALLOWED:
            methods = _methods(error) | also_allowed.get(path, frozenset())
            answer.headers.append((b"allow", ", ".join(sorted(methods)).encode()))
        return response(answer)

    return refused


def _methods(error: Exception) -> set[str]:
    """The methods that the framework's own refusal names."""
    named: str = (getattr(error, "headers", None) or {}).get("Allow", "")
    return {name.strip() for name in named.split(",") if name.strip()}


def response(answer: Answer) -> Response:
    """An answer as the framework sends it."""
    made = Response(answer.body, answer.status)
    made.raw_headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
    return made


def call_of(request: Request) -> Call:
    """The call that the gateway read for this request."""
    call: Call = request.scope[SCOPE_KEY]
    return call


def _translated(error: Exception) -> Refusal:
    """The framework's own refusals: no such path, no such method there, and a body or parameter that does not fit."""
    if isinstance(error, RequestValidationError):
        return Refusal(Reason.REQUEST_INVALID, _first_fault(error))
    known = _TRANSLATED.get(error.status_code) if isinstance(error, HTTPException) else None
    return Refusal(*(known or _UNEXPECTED))


def _first_fault(error: RequestValidationError) -> str:
    """Where a request does not fit, and what is wanted there; nothing of what was sent but a member's name."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return f"{printable(where)}: {first['msg']}." if where else f"The body: {first['msg']}."

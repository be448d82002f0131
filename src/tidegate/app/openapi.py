"""The description of every route, the two that the framework does not serve included."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel

from tidegate.errors import REASONS, Reason
from tidegate.http.faces import Face
from tidegate.http.operators import PREFIX
from tidegate.http.schema import ProblemBody, WebErrorBody
from tidegate.tokens.present import MobileToken, WebStatus, WebToken
from tidegate.watch.telemetry import PATH as BEACONS

_ADMISSION: Final = (
    Reason.TOKEN_MISSING, Reason.TOKEN_MALFORMED, Reason.TOKEN_TOO_LARGE, Reason.ALGORITHM_NOT_ALLOWED,
    Reason.KEY_UNKNOWN, Reason.SIGNATURE_INVALID, Reason.ISSUER_UNKNOWN, Reason.AUDIENCE_MISMATCH,
    Reason.AUTHORIZED_PARTY_MISMATCH, Reason.TOKEN_KIND_REFUSED, Reason.SUBJECT_MISSING,
    Reason.TOKEN_NOT_YET_VALID, Reason.TOKEN_EXPIRED, Reason.SESSION_PENDING, Reason.IMPERSONATION_REFUSED,
    Reason.SUBJECT_UNMAPPABLE, Reason.ORIGIN_REFUSED, Reason.HTTPS_REQUIRED, Reason.BODY_TOO_LARGE,
    Reason.LIMIT_ADDRESS, Reason.LIMIT_SUBJECT, Reason.LIMIT_ISSUER, Reason.LIMIT_TOTAL,
    Reason.IDENTITY_UNAVAILABLE, Reason.ISSUER_NOT_CONFIGURED, Reason.SHUTTING_DOWN, Reason.STORE_UNAVAILABLE,
    Reason.SESSION_REVOKED, Reason.SUBJECT_BANNED, Reason.RECENTLY_REVOKED,
)  # fmt: skip
_BEACON: Final = (
    Reason.TOKEN_MISSING, Reason.TOKEN_MALFORMED, Reason.TOKEN_TOO_LARGE, Reason.SIGNATURE_INVALID,
    Reason.TOKEN_KIND_REFUSED, Reason.TOKEN_NOT_YET_VALID, Reason.TOKEN_EXPIRED, Reason.SESSION_REVOKED,
    Reason.RECENTLY_REVOKED, Reason.ORIGIN_REFUSED, Reason.HTTPS_REQUIRED, Reason.REQUEST_INVALID,
    Reason.BODY_TOO_LARGE, Reason.LIMIT_ADDRESS, Reason.LIMIT_SUBJECT,
)  # fmt: skip
_STATUS: Final = (Reason.USER_NOT_IN_CHAT, Reason.UPSTREAM_UNAVAILABLE, Reason.UPSTREAM_REFUSED)
_ANYWHERE: Final = (Reason.METHOD_NOT_ALLOWED, Reason.HEADERS_TOO_LARGE, Reason.INTERNAL)
_OPERATING: Final = (
    Reason.OPERATOR_KEY_MISSING, Reason.OPERATOR_KEY_REFUSED, Reason.OPERATOR_ROLE_REFUSED, Reason.LIMIT_OPERATOR,
    Reason.ORIGIN_REFUSED, Reason.HOST_REFUSED, Reason.REQUEST_INVALID, Reason.NOT_FOUND, Reason.BODY_TOO_LARGE,
)  # fmt: skip
_PROBLEM: Final = "application/problem+json"
_SECURITY: Final[list[dict[str, list[str]]]] = [{"session": []}]


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document.

    Args:
        app: the framework's application with its routes.
    """
    described = FastAPI(title=app.title, version=app.version, summary="The server side of Stream Chat.")
    described.include_router(_exchange_routes())
    document: dict[str, Any] = described.openapi()
    for path, operations in app.openapi()["paths"].items():
        document["paths"].setdefault(path, {}).update(operations)
    own = app.openapi().get("components", {}).get("schemas", {})
    schemas = document["components"]["schemas"]
    schemas.update(own)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    document["components"]["securitySchemes"] = {
        "session": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A session token."}
    }
    if BEACONS in document["paths"]:
        _describe_beacons(document)
    for path, operations in document["paths"].items():
        error = "WebErrorBody" if path.startswith("/api/") else "ProblemBody"
        for operation in operations.values():
            operation["responses"].pop("422", None)  # no route takes anything that could be invalid
            for answer in operation["responses"].values():
                if _PROBLEM in answer.get("content", {}):
                    answer["content"].pop("application/json", None)  # the framework adds it to every model
            for reason in _ANYWHERE:
                operation["responses"].setdefault(str(REASONS[reason].status), _response(error, [reason]))
    return document


def describe_operators(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the operator's listener.

    Args:
        app: the framework's application with its routes.
    """
    document = app.openapi()
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["ProblemBody"] = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schemas["ProblemBody"].pop("$defs", {}))
    document["components"]["securitySchemes"] = {
        "operator": {"type": "http", "scheme": "bearer", "description": "An operator's key: tgo_..."}
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)  # what does not fit is request_invalid
            reasons = [*_ANYWHERE]
            if path.startswith(PREFIX):
                operation["security"] = [{"operator": []}]
                reasons += _OPERATING
            for status, grouped in _by_status(reasons).items():
                answer = operation["responses"].setdefault(str(status), _response("ProblemBody", grouped))
                if headers := _response_headers(status):
                    answer.setdefault("headers", headers)
    return document


def _exchange_routes() -> APIRouter:
    """The plain ASGI routes, declared once more for their description alone."""
    routes = APIRouter(tags=["tokens"])

    def declare(
        path: str, method: str, summary: str, model: type[BaseModel], face: Face, more: Iterable[Reason]
    ) -> None:
        error = WebErrorBody if face is Face.WEB else ProblemBody
        responses: dict[int | str, dict[str, Any]] = {}
        for status, reasons in _by_status([*_ADMISSION, *more]).items():
            responses[status] = {
                "model": error,
                "description": ", ".join(reason.value for reason in reasons),
                "headers": _response_headers(status),
            }
            if face is Face.MOBILE:
                schema = {"$ref": f"#/components/schemas/{error.__name__}"}
                responses[status]["content"] = {_PROBLEM: {"schema": schema}}
        routes.add_api_route(
            path,
            _described_only,
            methods=[method],
            summary=summary,
            response_model=model,
            responses=responses,
            openapi_extra={"security": _SECURITY},
            operation_id=f"{method.lower()}{path.replace('/', '_')}",
        )

    declare("/stream/token", "POST", "Exchange a session for a Stream token", MobileToken, Face.MOBILE, ())
    declare("/api/chat/token", "POST", "Exchange a session for a Stream token", WebToken, Face.WEB, ())
    declare("/api/chat/token", "GET", "The caller's user, as Stream knows it", WebStatus, Face.WEB, _STATUS)
    return routes


def _describe_beacons(document: dict[str, Any]) -> None:
    """What its door may answer besides, and the token that it asks for."""
    document["components"]["securitySchemes"]["stream"] = {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The Stream token in use."
    }  # fmt: skip
    answers = document["paths"][BEACONS]["post"]["responses"]
    for status, reasons in _by_status(_BEACON).items():
        answers[str(status)] = {**_response("ProblemBody", reasons), "headers": _response_headers(status)}


def _described_only() -> Response:
    return Response(status_code=HTTPStatus.NOT_FOUND)


def _by_status(reasons: Iterable[Reason]) -> dict[int, list[Reason]]:
    grouped: dict[int, list[Reason]] = {}
    for reason in reasons:
        grouped.setdefault(REASONS[reason].status, []).append(reason)
    return dict(sorted(grouped.items()))


def _response(error: str, reasons: list[Reason]) -> dict[str, Any]:
    media = "application/json" if error == "WebErrorBody" else _PROBLEM
    return {
        "description": ", ".join(reason.value for reason in reasons),
        "content": {media: {"schema": {"$ref": f"#/components/schemas/{error}"}}},
    }


def _response_headers(status: int) -> dict[str, Any]:
    text, number = {"schema": {"type": "string"}}, {"schema": {"type": "integer"}}
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": text}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return {"Retry-After": number}
    return {}

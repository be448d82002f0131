"""``/openapi.json``, and ``/docs``: the same for people, without a script or a foreign host."""

import base64
import functools
import hashlib
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final

import orjson
from fastapi import APIRouter, Response

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a2733}"
    "h1{font-size:1.6rem}article{border:1px solid #d5dee5;border-radius:.5rem;padding:.5rem 1rem;margin:1rem 0}"
    "h2{font-size:1.05rem;margin:.3rem 0}b{color:#fff;background:#0b6e8a;border-radius:.3rem;padding:.1rem .5rem;"
    "margin-right:.5rem}code{font-family:ui-monospace,monospace}td{padding:.1rem 1rem .1rem 0;vertical-align:top}"
)
_POLICY: Final = (
    "default-src 'none'; frame-ancestors 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'"
)

_BEARERS: Final = {"session": "session token", "operator": "operator's key"}


def reference(describe: Callable[[], Mapping[str, Any]]) -> APIRouter:
    """The routes of the reference.

    Args:
        describe: makes the OpenAPI document; called when somebody first asks for it, since that takes longer than all
            the rest of a start.
    """
    routes = APIRouter(include_in_schema=False)
    document = functools.cache(describe)

    @functools.cache
    def as_json() -> bytes:
        return orjson.dumps(document())

    @functools.cache
    def as_page() -> bytes:
        return _page(document()).encode()

    @routes.get("/openapi.json")
    async def openapi() -> Response:
        return Response(as_json(), media_type="application/json")

    @routes.get("/docs")
    async def docs() -> Response:
        return Response(as_page(), media_type="text/html", headers={"Content-Security-Policy": _POLICY})

    return routes


def _page(document: Mapping[str, Any]) -> str:
    articles = "".join(
        _article(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Tidegate</title><style>{_STYLE}</style><h1>Tidegate {escape(document['info']['version'])}</h1>"
        "<p>Every route and its answers. <a href=/openapi.json>openapi.json</a> is the same for programs.</p>"
        f"{articles}"
    )


def _article(method: str, path: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{status}<td>{escape(answer['description'])}<td><code>{escape(_shape(answer))}</code>"
        for status, answer in operation["responses"].items()
    )
    needs = "".join(
        f"<p>Needs <code>Authorization: Bearer &lt;{_BEARERS[scheme]}&gt;</code>.</p>"
        for one in operation.get("security", ())
        for scheme in one
    )
    return (
        f"<article><h2><b>{method.upper()}</b><code>{escape(path)}</code></h2>"
        f"<p>{escape(operation['summary'])}</p>{needs}<table>{rows}</table></article>"
    )


def _shape(answer: Mapping[str, Any]) -> str:
    for media in answer.get("content", {}).values():
        reference: str = media.get("schema", {}).get("$ref", "")
        return reference.rsplit("/", 1)[-1]
    return ""

"""Stand-ins for development and tests: an identity provider (Clerk's shape or another), and Stream's server API.

A second implementation on purpose: nothing here imports the verifier, the signer
or the client of Stream that it is used to test. It listens on loopback only, and its
sessions and credentials are good nowhere else.

What is named here is imported when it is asked for: who only wants a session of a sandbox that runs elsewhere does not
wait for its server.
"""

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tidegate.sandbox.authjs import AuthjsApp
    from tidegate.sandbox.model import Sandbox
    from tidegate.sandbox.people import APP_ORIGIN, DEFAULT_PERSON, PEOPLE, Person
    from tidegate.sandbox.provider import Failure, IdentityProvider
    from tidegate.sandbox.removed import REMOVED
    from tidegate.sandbox.server import SandboxServer, serve
    from tidegate.sandbox.shapes import SHAPES, Shape
    from tidegate.sandbox.stream import RecordedRequest, StreamStandIn

__all__ = [
    "APP_ORIGIN",
    "DEFAULT_PERSON",
    "PEOPLE",
    "REMOVED",
    "SHAPES",
    "AuthjsApp",
    "Failure",
    "IdentityProvider",
    "Person",
    "RecordedRequest",
    "Sandbox",
    "SandboxServer",
    "Shape",
    "StreamStandIn",
    "serve",
]

_HOMES: Final = {
    "authjs": ("AuthjsApp",),
    "model": ("Sandbox",),
    "people": ("APP_ORIGIN", "DEFAULT_PERSON", "PEOPLE", "Person"),
    "provider": ("Failure", "IdentityProvider"),
    "removed": ("REMOVED",),
    "server": ("SandboxServer", "serve"),
    "shapes": ("SHAPES", "Shape"),
    "stream": ("RecordedRequest", "StreamStandIn"),
}


def __getattr__(name: str) -> object:
    """PEP 562: import what is asked for."""
    for module, names in _HOMES.items():
        if name in names:
            found: object = getattr(importlib.import_module(f"{__name__}.{module}"), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

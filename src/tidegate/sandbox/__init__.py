"""Stand-ins for development and tests: an identity provider (Clerk's shape or another), and Stream's server API.

A second implementation on purpose: nothing here imports the verifier, the signer
or the client of Stream that it is used to test. It listens on loopback only, and its
sessions and credentials are good nowhere else.
"""

from tidegate.sandbox.authjs import AuthjsApp
from tidegate.sandbox.claims import REMOVED
from tidegate.sandbox.model import Sandbox
from tidegate.sandbox.people import APP_ORIGIN, DEFAULT_PERSON, PEOPLE, Person
from tidegate.sandbox.provider import Failure, IdentityProvider
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

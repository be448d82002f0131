"""The steps of the demo: each one a claim that is tried over real sockets."""

import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from tidegate.cli.tokens_shown import abbreviated, decoded, unsigned, with_claims
from tidegate.errors import TidegateError
from tidegate.sandbox.commanding import fetch_session
from tidegate.sandbox.provider import IdentityProvider

CALL_SECONDS: Final = 5.0
"""How long one request may take."""

PATIENCE_SECONDS: Final = 5.0
"""How long to wait for what happens in the background."""

Answer = tuple[int, dict[str, Any]]
"""Status and JSON body."""

_TOKEN_CLAIMS: Final = {"user_id", "iat", "exp"}
_SIGNATURE_INVALID: Final = 43
_ASK_AGAIN_SECONDS: Final = 0.6  # Stream allows a user two calls a second
_OK: Final = 200
_UNAUTHORIZED: Final = 401


class StepFailed(TidegateError):
    """A step does not hold; the message says what came instead."""


@dataclass
class Scene:
    """What the steps know, and learn on the way.

    Attributes:
        gate: URL of the service.
        issuer: URL of the sandbox's identity provider.
        stream: base URL of the sandbox's Stream.
        runtime_file: by which sessions are asked for.
        http: the client of every step.
        session: the session token, after the first step.
        answer: of ``POST /stream/token``, after the second.
    """

    gate: str
    issuer: str
    stream: str
    runtime_file: Path
    http: httpx2.Client
    session: str = field(default="", repr=False)
    answer: dict[str, Any] = field(default_factory=dict, repr=False)

    def exchange(self, session: str, path: str = "/stream/token") -> Answer:
        """Ask the service for a token; status and body."""
        return _read(self.http.post(self.gate + path, headers={"Authorization": f"Bearer {session}"}))

    def ask_stream(self, token: str) -> Answer:
        """``GET /users`` at the sandbox's Stream, as a client of that user; status and body."""
        headers = {"Authorization": token, "Stream-Auth-Type": "jwt"}
        parameters = {"api_key": str(self.answer["api_key"])}
        return _read(self.http.get(f"{self.stream}/users", params=parameters, headers=headers))


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        says: what holds if it passes.
        tries: does it; gives lines that show what was seen.
    """

    says: str
    tries: Callable[[Scene], Iterator[str]]


def new_client() -> httpx2.Client:
    """A client for loopback; it speaks plain http only, so no certificates are loaded."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx2.Client(timeout=CALL_SECONDS, trust_env=False, verify=tls)


def _read(answer: httpx2.Response) -> Answer:
    try:
        body = answer.json()
    except ValueError:
        body = None
    return answer.status_code, body if isinstance(body, dict) else {}


def _demand(held: bool, instead: str) -> None:  # noqa: FBT001 - the value itself
    if not held:
        raise StepFailed(instead)


def _unexpected(status: int, body: dict[str, Any]) -> StepFailed:
    return StepFailed(f"answered {status} {body.get('reason', body.get('code', body.get('status', '')))}".rstrip())


def _answered(status: int, body: dict[str, Any]) -> None:
    if status != _OK:
        raise _unexpected(status, body)


def _shown(members: dict[str, Any]) -> Iterator[str]:
    width = max(map(len, members))
    return (f"{name:<{width}}  {value}" for name, value in members.items())


def _sign_in(scene: Scene) -> Iterator[str]:
    scene.session = fetch_session(scene.runtime_file)
    header, claims = decoded(scene.session)
    _demand(claims.get("iss") == scene.issuer, "the session is of another issuer")
    yield f"session {abbreviated(scene.session)}, signed with {header['alg']}, key {header['kid']}"
    yield from _shown(claims)


def _exchange(scene: Scene) -> Iterator[str]:
    status, scene.answer = scene.exchange(scene.session)
    _answered(status, scene.answer)
    token = str(scene.answer["token"])
    header, claims = decoded(token)
    _demand(claims.keys() == _TOKEN_CLAIMS, "the token's claims are not exactly user_id, iat and exp")
    _demand(claims["user_id"] == decoded(scene.session)[1]["sub"], "the token is for somebody else")
    yield from _shown({**scene.answer, "token": f"{abbreviated(token)}, signed with {header['alg']}"})
    yield f"its claims: user_id {claims['user_id']}, iat {claims['iat']}, exp {claims['exp']}"


def _exchange_for_the_web(scene: Scene) -> Iterator[str]:
    status, body = scene.exchange(scene.session, "/api/chat/token")
    _answered(status, body)
    _demand(body.get("success") is True and body["user"]["id"] == scene.answer["user_id"], "another user came back")
    yield from _shown(body["user"])


def _repeat(scene: Scene) -> Iterator[str]:
    for _ in range(2):  # the minute of a user's token may end between two requests, but not twice
        status, again = scene.exchange(scene.session)
        _answered(status, again)
        same = again["token"] == scene.answer["token"]
        scene.answer = again
        if same:
            yield f"valid until {again['expires_at']}; to be refreshed after {again['refresh_after']}"
            return
    raise StepFailed("another token came back")


def _until(ask: Callable[[], Answer], done: Callable[[int, dict[str, Any]], bool]) -> Answer:
    """Ask until the answer is there, or patience ends; the last answer."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while True:
        status, body = ask()
        if done(status, body) or time.monotonic() > patience:
            return status, body
        time.sleep(_ASK_AGAIN_SECONDS)


def _stream_accepts(scene: Scene) -> Iterator[str]:
    status, body = _until(
        lambda: scene.ask_stream(scene.answer["token"]),
        lambda status, body: status == _UNAUTHORIZED or bool(body.get("users")),  # the user is brought in a moment
    )
    _answered(status, body)
    _demand([user["id"] for user in body["users"]] == [scene.answer["user_id"]], "the user is not there")
    yield f"GET /users, as that user: {status}, {body['users'][0]['name']}, whom the service has brought there"


def _stream_refuses(scene: Scene) -> Iterator[str]:
    status, body = scene.ask_stream(with_claims(scene.answer["token"], user_id="somebody-else"))
    if (status, body.get("code")) != (_UNAUTHORIZED, _SIGNATURE_INVALID):
        raise _unexpected(status, body)
    yield f"{status}, code {body['code']}: {body['message']}"


def _forge(scene: Scene) -> str:
    """A session by a stranger who knows the issuer and its key's id, but not the key."""
    kid = decoded(scene.session)[0]["kid"]
    return IdentityProvider(scene.issuer).session(header={"kid": kid})


def _refuses(make: Callable[[Scene], str], reason: str) -> Callable[[Scene], Iterator[str]]:
    def tries(scene: Scene) -> Iterator[str]:
        status, body = scene.exchange(make(scene))
        _demand(
            (status, body.get("reason")) == (_UNAUTHORIZED, reason),
            f"answered {status} {body.get('reason')}, not {_UNAUTHORIZED} {reason}",
        )
        yield f"{status} {reason}: {body['detail']}"

    return tries


def _healthy(scene: Scene) -> Iterator[str]:
    status, body = _until(
        lambda: _read(scene.http.get(f"{scene.gate}/api/chat/health")),
        lambda _, body: body.get("status") == "healthy",  # the first probe of Stream may still be under way
    )
    _answered(status, body)
    _demand(body["status"] == "healthy", str(body["status"]))
    yield f"{body['status']}: {body['message']}"


STEPS: Final = (
    Step("Somebody signs in, and the identity provider gives a session", _sign_in),
    Step("POST /stream/token makes a Stream token of it", _exchange),
    Step("POST /api/chat/token does the same for a web app", _exchange_for_the_web),
    Step("Asked again within the minute, the same token comes back", _repeat),
    Step("Stream's stand-in accepts the token", _stream_accepts),
    Step("Stream's stand-in refuses a tampered one", _stream_refuses),
    Step("A forged session, signed by another key, is refused", _refuses(_forge, "signature_invalid")),
    Step(
        "An expired session is refused",
        _refuses(lambda scene: fetch_session(scene.runtime_file, expired=True), "token_expired"),
    ),
    Step(
        "A session with alg none is refused",
        _refuses(lambda scene: unsigned(scene.session), "algorithm_not_allowed"),
    ),
    Step("GET /api/chat/health says healthy", _healthy),
)
"""In the order in which they are told."""

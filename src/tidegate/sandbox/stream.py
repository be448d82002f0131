"""Stream, as far as Tidegate calls it: the app, its users, its secret and its faults.

Not a chat server: there is one channel that keeps no message and whose only user is the canary, and nothing
of Stream's software is used. What each call does, and how that was established,
stands in :mod:`tidegate.sandbox.coverage`.
"""

import hmac
import secrets
import string
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import orjson

from tidegate.clock import Clock, SystemClock
from tidegate.sandbox import stream_moderation, stream_queries, stream_tokens
from tidegate.sandbox.faults import Fault, FaultKind, Faults
from tidegate.sandbox.stream_canary import CanaryChannel
from tidegate.sandbox.stream_errors import Code, StreamFault, bad_input
from tidegate.sandbox.stream_limits import RateLimits
from tidegate.sandbox.stream_model import Users
from tidegate.sandbox.stream_rules import seconds
from tidegate.sandbox.stream_tokens import Caller, CallerKind

REQUESTS_KEPT: Final = 1000
KEY_LENGTH: Final = 12
SECRET_LENGTH: Final = 64
_ALPHABET: Final = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One call as it arrived, for tests that look at the bytes.

    Attributes:
        method: of the call.
        path: below the base URL.
        query: parameters by name, the last of equal ones.
        body: the JSON body, None without one or where it is no JSON.
        raw_query: as it was on the wire.
        raw_body: as it was on the wire.
        headers: by lower-case name; they hold the token, so no text form shows them.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: Any = None
    raw_query: bytes = field(default=b"", repr=False)
    raw_body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _app_settings() -> dict[str, Any]:
    return {
        "name": "tidegate-sandbox",
        "organization": "sandbox",
        "suspended": False,
        "suspended_explanation": "",
        "disable_auth_checks": False,
        "disable_permissions_checks": False,
        "multi_tenant_enabled": False,
        "revoke_tokens_issued_before": None,
        "permission_version": "v2",
        "webhook_url": "",
        "event_hooks": [],
        "enforce_unique_usernames": "no",
        "cdn_expiration_seconds": 1209600,
    }


class StreamStandIn:
    """One app at Stream.

    Args:
        clock: Stream's own, before any ``clock`` fault.
        api_key: the app's key; a random one by default.
        api_secret: the app's secret; a random one by default.

    Attributes:
        api_key: the public key.
        api_secret: the secret; assign to it to rotate it at Stream alone.
        further_pairs: other keys of the same app to their secrets; they may come and go.
        app_settings: what ``GET /app`` shows, and what the token check obeys.
        users: everybody.
        limits: the rate limits.
        faults: what goes wrong at present.
        canary: the one channel, and who watches it.
        requests: the latest calls, oldest first.
    """

    def __init__(self, clock: Clock | None = None, *, api_key: str = "", api_secret: str = "") -> None:
        self.api_key = api_key or _random(KEY_LENGTH)
        self.api_secret = api_secret or _random(SECRET_LENGTH)
        self.further_pairs: dict[str, str] = {}
        self.app_settings = _app_settings()
        self.faults = Faults()
        self.users = Users(self.now)
        self.limits = RateLimits(self.now)
        self.canary = CanaryChannel(self.now, self.faults)
        self.requests: deque[RecordedRequest] = deque(maxlen=REQUESTS_KEPT)
        self._clock = clock or SystemClock()

    def add_pair(self) -> tuple[str, str]:
        """A second key of the same app, with a secret of its own; good from now on.

        Returns:
            key and secret.
        """
        key, secret = _random(KEY_LENGTH), _random(SECRET_LENGTH)
        self.further_pairs[key] = secret
        return key, secret

    def reset(self) -> None:
        """Forget users, faults, counts and changed settings; keys and secrets stay."""
        self.faults.clear()
        self.users.clear()
        self.limits.reset()
        self.canary.reset()
        self.requests.clear()
        self.app_settings = _app_settings()

    def now(self) -> float:
        """Seconds since the epoch by Stream's clock, right or wrong."""
        return self._clock.now() + self.faults.clock_seconds

    def fault(self, kind: FaultKind | str, **settings: Any) -> None:
        """Let something go wrong from now on.

        Args:
            kind: a :class:`FaultKind` or its value.
            settings: the other fields of :class:`Fault`.

        Raises:
            ValueError: no such kind.
            TypeError: no such field.
        """
        self.faults.add(Fault(FaultKind(kind), **settings))

    def clear_faults(self) -> None:
        """Let everything go well again."""
        self.faults.clear()

    def caller(self, call: RecordedRequest) -> Caller:
        """Who calls; the key first, then the token, then what was revoked.

        Raises:
            StreamFault: code 2, 5, 40, 41, 42, 43 or 99.
        """
        secret = self._secret_of(call.query.get("api_key") or call.headers.get("api_key", ""))
        if secret is None:
            raise StreamFault(Code.ACCESS_KEY, "api_key is not valid")
        if call.headers.get("stream-auth-type") != "jwt":
            raise StreamFault(Code.AUTH_FAILED, "the Stream-Auth-Type header must be jwt")
        token = stream_tokens.bare(call.headers.get("authorization", ""))
        if not token:
            raise StreamFault(Code.AUTH_FAILED, "the Authorization header holds no token")
        signed = not self.app_settings["disable_auth_checks"]
        caller = stream_tokens.verify(token, secret, self.now(), check_signature=signed)
        self._check_revoked(caller)
        if self.app_settings["suspended"] and call.path != "/app":
            raise StreamFault(Code.APP_SUSPENDED, "the app is suspended")
        return caller

    def _secret_of(self, given_key: str) -> str | None:
        """The secret of a key that is valid now."""
        pairs = {self.api_key: self.api_secret, **self.further_pairs}
        return next((pairs[key] for key in pairs if hmac.compare_digest(given_key.encode(), key.encode())), None)

    def _check_revoked(self, caller: Caller) -> None:
        app_wide = self.app_settings["revoke_tokens_issued_before"]
        own = self.users.revoked_before(caller.user_id) if caller.kind is CallerKind.USER else None
        if caller.kind is CallerKind.USER:
            stream_moderation.check_active(self.users, caller.user_id)
        for stamp in (app_wide, own):
            if stamp is not None and (caller.issued_at is None or caller.issued_at < seconds(stamp)):
                raise StreamFault(Code.TOKEN_EXPIRED, "the token was revoked")

    def get_app(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``GET /app``."""
        del call
        _server_only(caller)
        return {"app": dict(self.app_settings)}

    def get_rate_limits(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``GET /rate_limits``."""
        _server_only(caller)
        asked = {name: value.lower() == "true" for name, value in call.query.items()}
        endpoints = frozenset(name for name in call.query.get("endpoints", "").split(",") if name)
        return dict(self.limits.all(asked, endpoints))

    def query_users(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``GET /users``; a user token sees its own user, and nobody else by name."""
        payload = _object(_parsed(call.query.get("payload") or "{}"), "payload")
        if caller.kind is CallerKind.SERVER:
            return {"users": stream_queries.run(self.users, payload)}
        wanted = stream_queries.wanted_ids(payload.get("filter_conditions", {}))
        if wanted is not None and wanted != {caller.user_id}:
            raise _not_allowed()
        return {"users": self.users.query([caller.user_id])}

    def upsert_users(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``POST /users``."""
        _server_only(caller)
        users = _object(call.body, "body").get("users")
        return {"users": self.users.upsert(_object(users, "users"))}

    def patch_users(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``PATCH /users``."""
        _server_only(caller)
        updates = _object(call.body, "body").get("users")
        if not isinstance(updates, list):
            raise bad_input("users must be a list", users="not a list")
        return {"users": self.users.patch(updates)}

    def patch_app(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``PATCH /app``."""
        _server_only(caller)
        return stream_moderation.change_app(self.app_settings, _object(call.body, "body"))

    def ban(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``POST /moderation/ban``."""
        _server_only(caller)
        return stream_moderation.ban(self.users, _object(call.body, "body"))

    def unban(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``DELETE /moderation/ban``."""
        _server_only(caller)
        return stream_moderation.unban(self.users, call.query)

    def deactivate(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``POST /users/{id}/deactivate``."""
        _server_only(caller)
        return {"user": self.users.activate(stream_moderation.user_of(call.path), active=False)}

    def reactivate(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``POST /users/{id}/reactivate``."""
        _server_only(caller)
        return {"user": self.users.activate(stream_moderation.user_of(call.path), active=True)}

    def query_channel(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``POST /channels/{type}/{id}/query``, for the canary's channel."""
        return self.canary.query(caller, call.path, _object(call.body, "body"), call.query.get("connection_id"))

    def send_message(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``POST /channels/{type}/{id}/message``, into the canary's channel."""
        _server_only(caller)
        return self.canary.send(call.path, _object(_object(call.body, "body").get("message"), "message"))

    def truncate_channel(self, caller: Caller, call: RecordedRequest) -> dict[str, Any]:
        """``POST /channels/{type}/{id}/truncate``, of the canary's channel."""
        _server_only(caller)
        return self.canary.truncate(call.path)


def endpoint_of(call: RecordedRequest) -> "tuple[str, Handler] | None":
    """The name of a call's rate limit and what performs it; None for one that is not modelled."""
    return ENDPOINTS.get((call.method, stream_moderation.template(call.path)))


def _not_allowed() -> StreamFault:
    return StreamFault(Code.NOT_ALLOWED, "a user token has no permission for this")


def _server_only(caller: Caller) -> None:
    if caller.kind is not CallerKind.SERVER:
        raise _not_allowed()


def _parsed(text: str) -> object:
    try:
        parsed: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise bad_input("payload is not JSON", payload="not JSON") from None
    return parsed


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad_input(f"{name} must be an object", **{name: "not an object"})
    return value


Handler = Callable[[StreamStandIn, Caller, RecordedRequest], dict[str, Any]]

ENDPOINTS: Final[Mapping[tuple[str, str], tuple[str, Handler]]] = MappingProxyType(
    {
        ("GET", "/app"): ("GetApp", StreamStandIn.get_app),
        ("GET", "/rate_limits"): ("GetRateLimits", StreamStandIn.get_rate_limits),
        ("GET", "/users"): ("QueryUsers", StreamStandIn.query_users),
        ("POST", "/users"): ("UpdateUsers", StreamStandIn.upsert_users),
        ("PATCH", "/users"): ("UpdateUsersPartial", StreamStandIn.patch_users),
        ("PATCH", "/app"): ("UpdateApp", StreamStandIn.patch_app),
        ("POST", "/moderation/ban"): ("Ban", StreamStandIn.ban),
        ("DELETE", "/moderation/ban"): ("Unban", StreamStandIn.unban),
        ("POST", "/users/{id}/deactivate"): ("DeactivateUser", StreamStandIn.deactivate),
        ("POST", "/users/{id}/reactivate"): ("ReactivateUser", StreamStandIn.reactivate),
        ("POST", "/channels/{type}/{id}/query"): ("GetOrCreateChannel", StreamStandIn.query_channel),
        ("POST", "/channels/{type}/{id}/message"): ("SendMessage", StreamStandIn.send_message),
        ("POST", "/channels/{type}/{id}/truncate"): ("TruncateChannel", StreamStandIn.truncate_channel),
    }
)
"""Every call that is modelled, with the name of its rate limit."""

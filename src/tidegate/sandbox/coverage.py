"""What the sandbox models, call by call, and how each behaviour was established.

The tags are those of the list of facts that the stand-in was written from:
``documentation`` for Stream's or Clerk's public pages, ``client source`` for code and
tests of Stream's BSD-licensed Go client and command line, ``standard`` for an RFC,
``sandbox`` for what only the sandbox has, and ``gap`` where nothing public settles it
and the sandbox had to choose.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Source(StrEnum):
    """How a behaviour was established."""

    DOCUMENTATION = "documentation"
    CLIENT_SOURCE = "client source"
    STANDARD = "standard"
    SANDBOX = "sandbox"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One behaviour.

    Attributes:
        text: a sentence.
        source: how it was established.
    """

    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Coverage:
    """One call, or one subject that all calls share.

    Attributes:
        title: method and path, or the subject.
        behaviours: what is modelled.
    """

    title: str
    behaviours: tuple[Behaviour, ...]


def _about(title: str, *behaviours: tuple[Source, str]) -> Coverage:
    return Coverage(title, tuple(Behaviour(text, source) for source, text in behaviours))


_D, _C, _S, _O, _G = Source.DOCUMENTATION, Source.CLIENT_SOURCE, Source.STANDARD, Source.SANDBOX, Source.GAP

STREAM: Final = (
    _about(
        "Every call: who calls",
        (_C, "The key is the query parameter `api_key`; an unknown one is 401 with code 2."),
        (_G, "The app can have further keys, each with a secret of its own, good until the pair is dropped."),
        (_D, "`api_key` is also taken as a header, as one support article sends it."),
        (_C, "The token stands in `Authorization` without a scheme, with `Stream-Auth-Type: jwt` beside it."),
        (_D, "A `Bearer` before the token is tolerated."),
        (_C, "HS256 alone, keyed with the UTF-8 octets of the app secret; both published vectors verify."),
        (_D, "401 with code 43 for a wrong signature, 40 expired, 42 issued in the future, 5 for anything else."),
        (_G, "Code 41 is taken to mean `nbf` in the future."),
        (_D, "A token with `user_id` acts as that user; one without, or with an empty one, has all rights."),
        (
            _G,
            (
                "A token that has neither `server` nor `exp` nor a user is refused with code 5: our choice, so that an "
                "empty token opens nothing."
            ),
        ),
        (_G, "Order: key, header, form, algorithm, signature, `exp`, `nbf`, `iat`, revocation. No leeway on any time."),
        (_C, "`revoke_tokens_issued_before` of the user or the app refuses tokens with an earlier `iat` or none."),
        (_G, "A revoked token is refused with code 40; server tokens fall under the app's revocation too."),
        (_D, "`disable_auth_checks` on: the signature is not checked."),
        (_D, "A suspended app is 403 with code 99."),
        (_G, "`GET /app` still answers for a suspended app, so that the flag can be read."),
    ),
    _about(
        "Every call: the answer",
        (
            _C,
            (
                "Errors are `code`, `message`, `StatusCode` (so capitalised), `duration`, `more_info` and, for single "
                "fields, `exception_fields`; successes carry `duration` too."
            ),
        ),
        (_G, "A POST is answered 201, the others 200; clients count any status below 399 as success."),
        (_G, "A call that is not modelled is 404 with code 16. A body above 2 MiB is 413 with code 22."),
        (_S, "`Date` is Stream's clock, shifted by a `clock` fault (RFC 9110, section 6.6.1)."),
    ),
    _about(
        "Every call: rate limits",
        (_C, "`X-RateLimit-Limit`, `-Remaining` and `-Reset` (Unix seconds) on every answer, refusals too."),
        (_D, "Windows of one minute per endpoint and platform, a thirtieth of it per second; 429 with code 9 beyond."),
        (_D, "10,000 a minute for the app, 1,000 for querying users, 300 for updating them, 60 for one user."),
        (_D, "300 a minute for bans, 60 for deactivating, truncating and for changing the app."),
        (_D, "10,000 a minute for getting or creating channels, 1,000 for messages."),
        (
            _G,
            (
                "1,000 a minute for the rate limits themselves, 60 for reactivating; the names `GetApp`, "
                "`GetRateLimits`, `QueryUsers`, `UpdateUsers`, `UpdateUsersPartial`, `UpdateApp`, `Ban`, `Unban`, "
                "`DeactivateUser`, `ReactivateUser`, `GetOrCreateChannel`, `SendMessage`, `TruncateChannel`."
            ),
        ),
        (
            _G,
            (
                "Windows begin at whole minutes; a refused token costs nothing; user tokens count as `web`; a 429 has "
                "no `Retry-After` unless a fault asks for it."
            ),
        ),
    ),
    _about(
        "GET /app",
        (
            _C,
            (
                "`app` with the fields that Tidegate reads: name, `suspended`, `disable_auth_checks`, "
                "`disable_permissions_checks`, `multi_tenant_enabled`, `revoke_tokens_issued_before`, and a few more."
            ),
        ),
        (_G, "Server tokens only; a user token is 403 with code 17."),
    ),
    _about(
        "GET /rate_limits",
        (
            _C,
            (
                "Figures by platform and endpoint; `server_side`, `android`, `ios`, `web` and `endpoints` choose, none "
                "means all."
            ),
        ),
        (_G, "Server tokens only."),
    ),
    _about(
        "GET /users",
        (_C, "`payload` is URL-encoded JSON: `filter_conditions`, `sort`, `limit`, `offset`."),
        (
            _C,
            (
                "Users with custom data flattened beside `id`, `name`, `image`, `role`, `online`, `banned`, "
                "`created_at`, `updated_at`, `last_active`; times in RFC 3339 with microseconds."
            ),
        ),
        (
            _G,
            (
                "Filters by `id` alone: a value, `$eq`, `$in`; every other is 400 with code 4, so that nothing passes "
                "by chance. `presence` is ignored."
            ),
        ),
        (_C, "`include_deactivated_users` adds those who are deactivated."),
        (_G, "`limit` is 30 by default and 100 at most, `offset` 1,000 at most; without a sort, in order of creation."),
        (
            _G,
            (
                "A user token sees its own user, or an empty list while there is none; naming anybody else is 403 with "
                "code 17."
            ),
        ),
    ),
    _about(
        "POST /users",
        (_C, "`users` is an object of users by id; the answer has the same form."),
        (_D, "An upsert replaces: fields that are not given are gone. At most 100 users; one bad user fails all."),
        (_C, "Ids match `^[@\\w-]*$` (ASCII) and have at most 255 characters; upper case is accepted."),
        (_G, "An empty id is refused, and so is one that differs from its key in the object."),
        (_D, "Custom data is limited to 5 KB."),
        (_G, "That is 5,120 octets of JSON, without `name`, `image` and the other typed fields; more is code 4."),
        (
            _G,
            (
                "`role` and a revocation survive an upsert that does not name them; so do the fields that Stream sets "
                "itself (`created_at`, `online`, `last_active`, `banned`), and naming one of these is code 4."
            ),
        ),
        (_G, "Server tokens only."),
    ),
    _about(
        "PATCH /users",
        (_C, "`users` is a list of `id`, `set` and `unset` with dotted paths; the answer holds users by id."),
        (_D, "At most 100 users; one bad user fails all."),
        (_G, "An unknown user is 404 with code 16."),
        (_C, "`set.revoke_tokens_issued_before` is a time of RFC 3339, or null to undo."),
        (
            _G,
            (
                "`set` before `unset`; a path through something that is no object, to `id`, or deeper than 10 is code "
                "4; unsetting what is not there is no error; `role` cannot be unset."
            ),
        ),
        (_G, "Server tokens only."),
    ),
    _about(
        "PATCH /app",
        (_C, "`revoke_tokens_issued_before` is a time of RFC 3339, or null to undo."),
        (_G, "Changing any other field is code 4; server tokens only."),
    ),
    _about(
        "POST /moderation/ban",
        (_C, "`target_user_id`, `user_id` (who bans), `reason`, `timeout` in minutes, without one for ever."),
        (_G, "Bans from the whole app only; `type`, `id` and `shadow` are code 4."),
        (_G, "An unknown target or banning user is 404 with code 16; a ban takes the place of one that is there."),
        (_G, "A banned user's token still reads; what else it may do is nothing that the sandbox models."),
    ),
    _about(
        "DELETE /moderation/ban",
        (_C, "`target_user_id` and `created_by` stand in the query."),
        (_G, "Lifting a ban that is not there is no error; an unknown target is 404 with code 16."),
    ),
    _about(
        "POST /users/{id}/deactivate",
        (_D, "A deactivated user cannot connect."),
        (_G, "Every call with such a user's token is 401 with code 5."),
        (_G, "Deactivating twice is code 4, an unknown user 404 with code 16; the answer holds `user`."),
    ),
    _about(
        "POST /users/{id}/reactivate",
        (_G, "Reactivating one who is active is code 4, an unknown user 404 with code 16; the answer holds `user`."),
    ),
    _about(
        "POST /channels/{type}/{id}/query",
        (_O, "One channel, the canary's; any other is 404 with code 16. Nothing that is said there is kept."),
        (_C, "The server gets or creates it by `data.created_by_id` and `data.members`; the answer holds `channel`."),
        (_D, "Watching needs a connected user."),
        (_G, "Which socket is meant says `connection_id`, in the query or in the body; both are taken."),
        (_G, "`created_at` and `truncated_at` stand in the answer's `channel`; the canary's token creates nothing."),
    ),
    _about(
        "POST /channels/{type}/{id}/message",
        (_C, "`message` with `id`, `text` and `user_id`; `message.new` goes to whoever watches, the sender included."),
        (_G, "The canary alone speaks; an id that was used is code 4; server tokens only."),
    ),
    _about(
        "POST /channels/{type}/{id}/truncate",
        (_C, "Sets `truncated_at`; `channel.truncated` goes to whoever watches. Server tokens only."),
    ),
    _about(
        "The socket, /connect",
        (_O, "For the canary alone: every other user is refused with code 17. It is no chat server."),
        (_C, "`api_key`, `authorization`, `stream-auth-type` and `json` stand in the query."),
        (_C, "Connecting makes or updates the user from `user_details`; fields that are not given stay."),
        (_C, "First comes a `health.check` with `me` and `connection_id`; one follows each 30 s without an event."),
        (_G, "A refusal is a frame `error` with the body that a call would have got, then the end with code 4001."),
        (_G, "What a client says is not listened to; protocol pings are answered; eight sockets at most; no deflate."),
    ),
    _about(
        "Faults on command",
        (_C, "`error`: a JSON error of any code and status; `plain_error`: plain text, as the edge answers."),
        (
            _O,
            (
                "`latency`, `rate_limited`, `drop`, `wrong_body`, `clock`, `refuse_key`, `refuse_secret`, `suspended`; "
                "each for some calls or all, for a number of calls or until cleared."
            ),
        ),
        (
            _O,
            (
                "Of the socket: `events_lost` while every call succeeds, `events_late`, `socket_refused` (an HTTP "
                "status in place of the socket), `socket_dropped`; what strikes all calls strikes connecting too."
            ),
        ),
    ),
)

IDENTITY: Final = (
    _about(
        "GET /.well-known/openid-configuration",
        (_S, "OpenID Connect Discovery 1.0, section 3; the issuer is the address of the sandbox plus `/idp`."),
    ),
    _about(
        "GET /.well-known/jwks.json",
        (_S, "One RS256 key of 2048 bits and one ES256 key (RFC 7517, RFC 7518), `Cache-Control: max-age=300`."),
        (
            _O,
            (
                "Rotation with or without the old key, a key withdrawn, the same `kid` for new material, foreign keys "
                "published beside its own."
            ),
        ),
        (
            _O,
            (
                "Fails on command: `down`, `unavailable`, `slow`, `wrong_body`, `truncated`, `redirect`, `huge`, "
                "`empty`, `wrong_issuer`."
            ),
        ),
    ),
    _about(
        "Sessions",
        (
            _D,
            (
                "60 seconds; `iss`, `sub`, `sid`, `azp`, `iat`, `nbf` ten seconds earlier, `exp`, `sts`, `fva`, `v`; "
                "`o` or, in version 1, `org_…`; `act`; `jti` on request. Header: `alg`, `cat`, `kid`, `typ`."
            ),
        ),
        (_D, "`name`, `email` and `picture` as a customised session token has them; Clerk's plain one has none."),
        (_G, "Two keys have two different `ins_…` ids; at Clerk the key id is the instance's."),
    ),
    _about(
        "Other providers, under `/as/NAME`",
        (
            _D,
            (
                "`authjs` and `nextauth`: an app's sessions as versions 5 and 4 encrypt them (RFC 7516), as Bearer "
                "values or as cookies, cut in pieces where they are long; with `--kind database` those of a database, "
                "which `/api/auth/session` answers for."
            ),
        ),
        (_O, "`tidegate sandbox --as NAME` and `session --as NAME`; each has keys of its own, made when first needed."),
        (
            _D,
            (
                "`supabase`: `/auth/v1`, ES256; `role`, `session_id`, `is_anonymous`, `app_metadata` and "
                "`user_metadata`; service keys and tokens of OAuth applications as other kinds."
            ),
        ),
        (
            _D,
            (
                "`firebase`: the project in `iss` and `aud`; `firebase.sign_in_provider`, anonymous sessions, tenants. "
                "The key set is not under the issuer."
            ),
        ),
        (
            _D,
            (
                "`auth0`: access tokens with two audiences, a slash at the end of `iss`; ID tokens, machines in both "
                "profiles of access tokens."
            ),
        ),
        (_D, "`cognito`: access tokens with `token_use` and `client_id` and without `aud`; ID tokens, machines."),
        (
            _D,
            (
                "`keycloak`: access tokens whose `typ` is `Bearer` and whose `azp` is the client; ID and refresh "
                "tokens, service accounts."
            ),
        ),
        (_S, "`oidc`: ID tokens (OpenID Connect Core 1.0, section 2), and access tokens (RFC 9068) as another kind."),
        (_G, "Keycloak signs refresh tokens with a secret of its own; here they are signed as the others are."),
        (_G, "Forms of key ids, and which optional claims are there, differ between versions and settings."),
    ),
)

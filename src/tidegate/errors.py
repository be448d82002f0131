"""The closed table of reasons, and the exceptions that carry them.

Every refusal of the service has one reason code. The same code stands in the
answer, the log line, the metric label and the documentation page; a test holds
the four equal, so a code is added here first and nowhere else.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

PROBLEM_TYPES: Final = "https://tidegate.example/docs/reasons/"
"""Base of a problem's ``type`` where nobody publishes the page of reasons: a name that stays, and no address.

Such types need not be resolvable (RFC 9457, section 3.1.1), and nobody can own this domain (RFC 2606, section 2).
"""


class Reason(StrEnum):
    """Why a request was refused. The values are the wire's and never change."""

    TOKEN_MISSING = "token_missing"
    TOKEN_MALFORMED = "token_malformed"
    TOKEN_TOO_LARGE = "token_too_large"
    ALGORITHM_NOT_ALLOWED = "algorithm_not_allowed"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE_INVALID = "signature_invalid"
    ISSUER_UNKNOWN = "issuer_unknown"
    AUDIENCE_MISMATCH = "audience_mismatch"
    AUTHORIZED_PARTY_MISMATCH = "authorized_party_mismatch"
    TOKEN_KIND_REFUSED = "token_kind_refused"
    SUBJECT_MISSING = "subject_missing"
    TOKEN_NOT_YET_VALID = "token_not_yet_valid"
    TOKEN_EXPIRED = "token_expired"
    SESSION_REVOKED = "session_revoked"
    SESSION_PENDING = "session_pending"
    IMPERSONATION_REFUSED = "impersonation_refused"
    SUBJECT_BANNED = "subject_banned"
    SUBJECT_UNMAPPABLE = "subject_unmappable"
    RECENTLY_REVOKED = "recently_revoked"
    LIMIT_ADDRESS = "limit_address"
    LIMIT_SUBJECT = "limit_subject"
    LIMIT_ISSUER = "limit_issuer"
    LIMIT_TOTAL = "limit_total"
    OPERATOR_KEY_MISSING = "operator_key_missing"
    OPERATOR_KEY_REFUSED = "operator_key_refused"
    OPERATOR_ROLE_REFUSED = "operator_role_refused"
    LIMIT_OPERATOR = "limit_operator"
    IDENTITY_UNAVAILABLE = "identity_unavailable"
    ISSUER_NOT_CONFIGURED = "issuer_not_configured"
    SHUTTING_DOWN = "shutting_down"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    STORE_UNAVAILABLE = "store_unavailable"
    STANDING_FULL = "standing_full"
    WEBHOOK_REFUSED = "webhook_refused"
    WEBHOOKS_BUSY = "webhooks_busy"
    UPSTREAM_UNAVAILABLE = "upstream_unavailable"
    UPSTREAM_REFUSED = "upstream_refused"
    USER_NOT_IN_CHAT = "user_not_in_chat"
    BODY_TOO_LARGE = "body_too_large"
    HEADERS_TOO_LARGE = "headers_too_large"
    ORIGIN_REFUSED = "origin_refused"
    HTTPS_REQUIRED = "https_required"
    HOST_REFUSED = "host_refused"
    REQUEST_INVALID = "request_invalid"
    NOT_POSSIBLE = "not_possible"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    INTERNAL = "internal"


class Challenge(StrEnum):
    """What ``WWW-Authenticate`` says with a reason (RFC 6750, section 3)."""

    NONE = ""
    BARE = "Bearer"
    INVALID_TOKEN = 'Bearer error="invalid_token"'


@dataclass(frozen=True, slots=True)
class ReasonSpec:
    """What a reason means on the wire.

    Attributes:
        status: the HTTP status of the answer.
        title: a short sentence, the same for every occurrence; the web face shows it in production.
        client: what an app should do about it.
        challenge: the ``WWW-Authenticate`` value that goes with it.
    """

    status: int
    title: str
    client: str
    challenge: Challenge = Challenge.NONE


_NEW_SESSION_REPORT = "Get a new session; if it happens again, report it."
_NEW_SESSION = "Get a new session and ask again."
_GIVE_UP = "Give up and tell the person."
_WAIT = "Ask again after Retry-After seconds."
_REPORT = "Report it; asking again changes nothing."
_MEND = "Mend the request."


def _invalid(title: str, client: str = _NEW_SESSION_REPORT) -> ReasonSpec:
    return ReasonSpec(401, title, client, Challenge.INVALID_TOKEN)


REASONS: Final = MappingProxyType(
    {
        Reason.TOKEN_MISSING: ReasonSpec(401, "A session token is required.", "Sign in.", Challenge.BARE),
        Reason.TOKEN_MALFORMED: _invalid("The session token is malformed."),
        Reason.TOKEN_TOO_LARGE: _invalid("The session token is too large."),
        Reason.ALGORITHM_NOT_ALLOWED: _invalid("The session token's algorithm is not allowed."),
        Reason.KEY_UNKNOWN: _invalid("The key that signed the session token is unknown."),
        Reason.SIGNATURE_INVALID: _invalid("The session token's signature is invalid."),
        Reason.ISSUER_UNKNOWN: _invalid("The session token's issuer is unknown."),
        Reason.AUDIENCE_MISMATCH: _invalid("The session token is meant for another audience."),
        Reason.AUTHORIZED_PARTY_MISMATCH: _invalid("The session token was made for another origin."),
        Reason.TOKEN_KIND_REFUSED: _invalid("This kind of token is not a session."),
        Reason.SUBJECT_MISSING: _invalid("The session token names no usable subject."),
        Reason.TOKEN_NOT_YET_VALID: _invalid("The session token is not valid yet."),
        Reason.TOKEN_EXPIRED: _invalid("The session has expired.", _NEW_SESSION),
        Reason.SESSION_REVOKED: _invalid("The session was revoked.", _NEW_SESSION),
        Reason.SESSION_PENDING: ReasonSpec(403, "The session is pending: sign-in is not complete.", _GIVE_UP),
        Reason.IMPERSONATION_REFUSED: ReasonSpec(403, "Impersonated sessions are not accepted.", _GIVE_UP),
        Reason.SUBJECT_BANNED: ReasonSpec(403, "This user is banned.", _GIVE_UP),
        Reason.SUBJECT_UNMAPPABLE: ReasonSpec(403, "This subject has no valid chat user id.", _GIVE_UP),
        Reason.RECENTLY_REVOKED: ReasonSpec(403, "This user's tokens were revoked a moment ago.", _WAIT),
        Reason.LIMIT_ADDRESS: ReasonSpec(429, "Too many requests from this address.", _WAIT),
        Reason.LIMIT_SUBJECT: ReasonSpec(429, "Too many requests for this user.", _WAIT),
        Reason.LIMIT_ISSUER: ReasonSpec(429, "Too many requests for this issuer.", _WAIT),
        Reason.LIMIT_TOTAL: ReasonSpec(429, "Too many requests.", _WAIT),
        Reason.OPERATOR_KEY_MISSING: ReasonSpec(401, "An operator's key is required.", _MEND, Challenge.BARE),
        Reason.OPERATOR_KEY_REFUSED: _invalid("The operator's key is not accepted.", _MEND),
        Reason.OPERATOR_ROLE_REFUSED: ReasonSpec(403, "The operator's role does not allow this.", _REPORT),
        Reason.LIMIT_OPERATOR: ReasonSpec(429, "Too many refused operator's keys from this address.", _WAIT),
        Reason.IDENTITY_UNAVAILABLE: ReasonSpec(503, "Sessions cannot be checked at this moment.", _WAIT),
        Reason.ISSUER_NOT_CONFIGURED: ReasonSpec(503, "No identity provider is configured.", _WAIT),
        Reason.SHUTTING_DOWN: ReasonSpec(503, "This replica is shutting down.", _WAIT),
        Reason.LEDGER_UNAVAILABLE: ReasonSpec(503, "The issuance cannot be recorded at this moment.", _WAIT),
        Reason.STORE_UNAVAILABLE: ReasonSpec(503, "The database cannot be used at this moment.", _WAIT),
        Reason.STANDING_FULL: ReasonSpec(507, "There is no room for a further revocation or ban.", _REPORT),
        Reason.WEBHOOK_REFUSED: ReasonSpec(403, "The webhook's signature is not accepted.", _REPORT),
        Reason.WEBHOOKS_BUSY: ReasonSpec(429, "Too many webhooks are under way.", _WAIT),
        Reason.UPSTREAM_UNAVAILABLE: ReasonSpec(503, "Stream cannot be reached at this moment.", _WAIT),
        Reason.UPSTREAM_REFUSED: ReasonSpec(502, "Stream refused the call.", _REPORT),
        Reason.USER_NOT_IN_CHAT: ReasonSpec(404, "The user is not in the chat system yet.", "Ask for a token first."),
        Reason.BODY_TOO_LARGE: ReasonSpec(413, "The request's body is too large.", _MEND),
        Reason.HEADERS_TOO_LARGE: ReasonSpec(431, "The request's headers are too large.", _MEND),
        Reason.ORIGIN_REFUSED: ReasonSpec(403, "This origin is not allowed.", _MEND),
        Reason.HTTPS_REQUIRED: ReasonSpec(403, "HTTPS is required.", _MEND),
        Reason.HOST_REFUSED: ReasonSpec(421, "This listener is not asked under this name.", _MEND),
        Reason.REQUEST_INVALID: ReasonSpec(400, "The request does not say what it must.", _MEND),
        Reason.NOT_POSSIBLE: ReasonSpec(409, "This is not possible in the present state.", _MEND),
        Reason.NOT_FOUND: ReasonSpec(404, "There is nothing at this path.", _MEND),
        Reason.METHOD_NOT_ALLOWED: ReasonSpec(405, "This path does not answer this method.", _MEND),
        Reason.INTERNAL: ReasonSpec(500, "Something went wrong here.", _REPORT),
    }
)


class TidegateError(Exception):
    """Base of every error that Tidegate raises on purpose."""


class Refusal(TidegateError):
    """A request is refused, for a reason of the closed table.

    Args:
        reason: the code.
        detail: a sentence a developer can act on. Never a token, a secret or key
            material, and never text taken from a token that was not verified.
        retry_after: whole seconds after which asking again can succeed, if known.

    Attributes:
        issuer: the configured name of the issuer that the request was judged by, once one was chosen.
        whose: the verified session that was refused all the same, if there is one; for the ledger alone.
    """

    def __init__(self, reason: Reason, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after
        self.issuer: str | None = None
        self.whose: object = None

    @property
    def spec(self) -> ReasonSpec:
        """The reason's row of the table."""
        return REASONS[self.reason]


class LimitExceeded(Refusal):
    """A limit is spent.

    Args:
        reason: which limit.
        limit: requests that a period allows.
        period: seconds.
        retry_after: whole seconds until one more request fits.
    """

    def __init__(self, reason: Reason, *, limit: int, period: int, retry_after: int) -> None:
        super().__init__(
            reason,
            f"The limit of {limit} requests in {period} seconds is spent; ask again in {retry_after} seconds.",
            retry_after=retry_after,
        )
        self.limit = limit
        self.period = period

"""The names of causes, and what is said of each. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from tidegate.watch.model import Status
from tidegate.watch.probes.model import Blame


class Cause(StrEnum):
    """Why something is not as it should be."""

    CONFIGURATION_INVALID = "configuration_invalid"
    NO_ISSUER = "no_issuer"
    CHECKLIST = "checklist"
    NOT_YET_CHECKED = "not_yet_checked"
    RESULT_OLD = "result_old"
    PROBE_TIMED_OUT = "probe_timed_out"
    PROBE_BROKEN = "probe_broken"
    API_KEY_REFUSED = "api_key_refused"
    API_SECRET_REFUSED = "api_secret_refused"
    CLOCK_REFUSED = "clock_refused"
    APP_SUSPENDED = "app_suspended"
    AUTH_CHECKS_OFF = "auth_checks_off"
    PERMISSION_CHECKS_OFF = "permission_checks_off"
    REVOKED_ELSEWHERE = "revoked_elsewhere"
    GENERATION_REFUSED = "generation_refused"
    CREDENTIALS = "credentials"
    CREDENTIAL_OLD = "credential_old"
    STREAM_UNREACHABLE = "stream_unreachable"
    STREAM_TIMED_OUT = "stream_timed_out"
    STREAM_SLOW = "stream_slow"
    STREAM_ERRORS = "stream_errors"
    STREAM_LIMITED = "stream_limited"
    STREAM_LEFT_ALONE = "stream_left_alone"
    STREAM_UNTOLD = "stream_untold"
    NOT_STREAM = "not_stream"
    NETWORK_DOWN = "network_down"
    QUOTA_LOW = "quota_low"
    QUOTA_RUNNING_OUT = "quota_running_out"
    KEYS_FAILING = "keys_failing"
    KEYS_STALE = "keys_stale"
    KEYS_UNUSABLE = "keys_unusable"
    KEYS_MISCONFIGURED = "keys_misconfigured"
    SESSION_ROUTE_DOWN = "session_route_down"
    BANS_NOT_READ = "bans_not_read"
    BANS_NEARLY_FULL = "bans_nearly_full"
    CLOCK_WRONG = "clock_wrong"
    CLOCK_DIFFERS = "clock_differs"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_REFUSED = "certificate_refused"
    DATABASE_DOWN = "database_down"
    REDIS_DOWN = "redis_down"
    DISK_LOW = "disk_low"
    DISK_NOT_WRITABLE = "disk_not_writable"
    LEDGER_BEHIND = "ledger_behind"
    LEDGER_LOST = "ledger_lost"
    EVENTS_LOST = "events_lost"
    EVENTS_SLOW = "events_slow"
    SOCKET_REFUSED = "socket_refused"
    SOCKET_BROKEN = "socket_broken"
    CANARY_REFUSED = "canary_refused"


@dataclass(frozen=True, slots=True)
class CauseSpec:
    """What is known of a cause.

    Attributes:
        text: what is wrong, one sentence, for a person and for anybody who reads the health page.
        mends: what to do, the likeliest first.
        blame: whose fault it usually is; a probe that knows better says so.
        status: what it makes of the service's health.
    """

    text: str
    mends: tuple[str, ...]
    blame: Blame
    status: Status

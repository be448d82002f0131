"""Every metric of the service is declared here; rooms count, the operator's page exposes.

Names follow Prometheus: base units, ``_total`` for counters. No label ever holds
a user id, an address or anything that a caller can choose freely.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tidegate.tally import CountFamily, SpreadFamily

REGISTRY: Final = CollectorRegistry(auto_describe=True)

_FAST_BUCKETS: Final = (
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0,
)  # fmt: skip

# The exchange.
EXCHANGE_TOTAL = CountFamily(
    "tidegate_exchange_total",
    "Exchanges answered.",
    ["face", "issuer", "outcome", "reason"],
    registry=REGISTRY,
)
EXCHANGE_DURATION = SpreadFamily(
    "tidegate_exchange_duration_seconds",
    "Time from a complete request to its answer.",
    ["face"],
    bounds=_FAST_BUCKETS,
    registry=REGISTRY,
)
SESSION_CACHE_HITS = CountFamily(
    "tidegate_session_cache_hits_total", "Sessions found already verified.", [], registry=REGISTRY
).labels()
SESSION_CACHE_MISSES = CountFamily(
    "tidegate_session_cache_misses_total", "Sessions verified in full.", [], registry=REGISTRY
).labels()
SESSION_CACHE_ENTRIES = Gauge("tidegate_session_cache_entries", "Verified sessions kept.", registry=REGISTRY)
SESSION_CACHE_EVICTED = Counter(
    "tidegate_session_cache_evicted_total", "Verified sessions dropped because the cache was full.", registry=REGISTRY
)
TOKEN_CACHE_ENTRIES = Gauge(
    "tidegate_token_cache_entries", "Users whose token of this minute is kept.", registry=REGISTRY
)

RISK_SESSIONS = Counter(
    "tidegate_risk_sessions_total",
    "Sessions whose tokens live shorter, by the row of the table.",
    ["risk"],
    registry=REGISTRY,
)
PROFILE_REFUSED = Counter(
    "tidegate_profile_refused_total",
    "Claimed values that a profile rule read and that may not be sent to Stream.",
    ["field"],
    registry=REGISTRY,
)

# The ledger.
LEDGER_QUEUE = Gauge("tidegate_ledger_queue_entries", "Entries that wait to be written.", registry=REGISTRY)
LEDGER_LAG = Gauge(
    "tidegate_ledger_lag_seconds", "Age of the oldest entry that is not durable; 0: there is none.", registry=REGISTRY
)
LEDGER_WINDOW = Gauge(
    "tidegate_ledger_window_seconds",
    "Age that an entry may reach before it is durable: what a crash can lose. 0: no issuance; NaN: no ledger.",
    registry=REGISTRY,
)
LEDGER_LATE = Counter(
    "tidegate_ledger_late_total", "Batches that became durable later than the window allows.", registry=REGISTRY
)
LEDGER_LOST = Counter(
    "tidegate_ledger_lost_total", "Entries not written because no more could wait.", registry=REGISTRY
)
LEDGER_SUMMED = Counter(
    "tidegate_ledger_summed_total", "Refusals that name nobody and are counted in sums.", registry=REGISTRY
)
LEDGER_ENTRIES = Counter("tidegate_ledger_entries_total", "Entries written.", registry=REGISTRY)
LEDGER_FAILURES = Counter("tidegate_ledger_failures_total", "Attempts to write that failed.", registry=REGISTRY)
LEDGER_SEGMENT_BYTES = Gauge("tidegate_ledger_segment_bytes", "Size of the file in use.", registry=REGISTRY)

# Limits.
LIMIT_DECISIONS = CountFamily(
    "tidegate_limit_decisions_total", "Decisions of the limits.", ["scope", "decision"], registry=REGISTRY
)
LIMIT_ENTRIES = Gauge("tidegate_limit_entries", "Keys that a limit keeps in memory.", ["scope"], registry=REGISTRY)
LIMIT_EVICTED = Counter(
    "tidegate_limit_evicted_total", "Keys dropped because a limit's table was full.", ["scope"], registry=REGISTRY
)

# The operator's listener.
OPERATOR_CALLS = Counter(
    "tidegate_operator_calls_total",
    "Calls of the operator's routes; role is none where no key was accepted.",
    ["role", "reason"],
    registry=REGISTRY,
)

# Requests of every door; the name and the labels are OpenTelemetry's.
REQUEST_DURATION = SpreadFamily(
    "http_server_request_duration_seconds",
    "Time from a complete request head to the end of the answer.",
    ["http_request_method", "http_route", "http_response_status_code"],
    bounds=_FAST_BUCKETS,
    registry=REGISTRY,
)

LOG_LINES_WAITING = Gauge("tidegate_log_lines_waiting", "Request lines not yet written.", registry=REGISTRY)
BUILD_INFO = Gauge("tidegate_build_info", "What runs here.", ["version", "python"], registry=REGISTRY)

# Key sets.
JWKS_AGE = Gauge(
    "tidegate_jwks_keyset_age_seconds",
    "Time since an issuer's keys were last fetched; NaN before the first time.",
    ["issuer"],
    registry=REGISTRY,
)
JWKS_REFRESH = Counter(
    "tidegate_jwks_refresh_total", "Attempts to fetch an issuer's keys.", ["issuer", "result"], registry=REGISTRY
)
JWKS_UNKNOWN_KID = Counter(
    "tidegate_jwks_unknown_kid_total", "Times that newer keys were asked for on account of a token.", registry=REGISTRY
)
JWKS_STALE_SERVED = Counter(
    "tidegate_jwks_stale_served_total", "Verifications with keys past their freshness.", registry=REGISTRY
)

# Sessions that the app keeps in a database.
SESSION_LOOKUPS = Counter(
    "tidegate_session_lookups_total",
    "Questions to the app's session route, and those not asked.",
    ["issuer", "result"],
    registry=REGISTRY,
)
SESSION_ROUTE_UP = Gauge(
    "tidegate_session_route_up",
    "1 while the app's session route answers, or nobody asked it yet.",
    ["issuer"],
    registry=REGISTRY,
)
SESSION_LOOKUPS_FLYING = Gauge(
    "tidegate_session_lookups_under_way",
    "Questions to the app's session route under way.",
    ["issuer"],
    registry=REGISTRY,
)
SESSION_LOOKUP_ENTRIES = Gauge(
    "tidegate_session_lookup_entries",
    "Answers of the app's session route that are remembered.",
    ["issuer"],
    registry=REGISTRY,
)
SESSION_LOOKUP_EVICTED = Counter(
    "tidegate_session_lookup_evicted_total",
    "Answers forgotten because the memory was full.",
    ["issuer"],
    registry=REGISTRY,
)

# Credentials.
CREDENTIAL_AGE = Gauge(
    "tidegate_credential_age_seconds",
    "Age of the secret of a generation that is not retired.",
    ["generation"],
    registry=REGISTRY,
)
CREDENTIAL_OUT = Gauge(
    "tidegate_credential_tokens_out",
    "Tokens of a generation, signed by this replica, that have not expired.",
    ["generation"],
    registry=REGISTRY,
)
CREDENTIAL_GENERATIONS = Gauge(
    "tidegate_credential_generations", "Generations by the state in which they are.", ["state"], registry=REGISTRY
)
CREDENTIAL_READS = Counter(
    "tidegate_credential_reads_total", "Times that the source of credentials was read.", ["result"], registry=REGISTRY
)
CREDENTIAL_CHECKS = Counter(
    "tidegate_credential_checks_total", "Live calls that tried a generation.", ["result"], registry=REGISTRY
)
CREDENTIAL_CHANGES = Counter(
    "tidegate_credential_changes_total", "Promotions and roll-backs that took effect here.", ["what"], registry=REGISTRY
)

# Stream, upstream.
UPSTREAM_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
UPSTREAM_DURATION = Histogram(
    "tidegate_upstream_request_duration_seconds",
    "Time of one attempt of a call to Stream; code is Stream's own, or what stood in its place.",
    ["operation", "code"],
    buckets=UPSTREAM_BUCKETS,
    registry=REGISTRY,
)
UPSTREAM_CONNECTIONS = Gauge("tidegate_upstream_connections", "Connections to Stream in use.", registry=REGISTRY)
UPSTREAM_QUOTA = Gauge(
    "tidegate_upstream_quota_remaining_ratio",
    "Part of a rate limit of Stream's that was left at the last answer.",
    ["endpoint"],
    registry=REGISTRY,
)
UPSTREAM_WAITING = Gauge(
    "tidegate_upstream_waiting_calls", "Calls to Stream that wait for their turn.", registry=REGISTRY
)
UPSTREAM_LIMITED = Counter(
    "tidegate_upstream_limited_total", "Calls to Stream that ended at a limit of ours.", ["limit"], registry=REGISTRY
)
UPSTREAM_RETRIES = Counter(
    "tidegate_upstream_retries_total", "Calls to Stream that were tried again.", ["operation"], registry=REGISTRY
)
LIVE_TESTS = Counter(
    "tidegate_live_tests_total",
    "Calls of the live test: answered from memory, by a probe, or without one in time.",
    ["result"],
    registry=REGISTRY,
)
STATUS_CACHE_ENTRIES = Gauge("tidegate_status_cache_entries", "Users whose status is remembered.", registry=REGISTRY)
STATUS_CACHE_EVICTED = Counter(
    "tidegate_status_cache_evicted_total", "Users forgotten because the memory was full.", registry=REGISTRY
)
UPSTREAM_BREAKER_STATE = Gauge(
    "tidegate_upstream_breaker_state", "Circuit breaker to Stream: 0 closed, 1 half-open, 2 open.", registry=REGISTRY
)
SYNC_QUEUE_ENTRIES = Gauge("tidegate_sync_queue_entries", "Profiles waiting to be synced.", registry=REGISTRY)
SYNC_MEMORY_ENTRIES = Gauge(
    "tidegate_sync_memory_entries", "Users whose last synced profile is remembered.", registry=REGISTRY
)
SYNC_TOTAL = Counter(
    "tidegate_sync_total", "Profiles synced to Stream, and calls of it that failed.", ["result"], registry=REGISTRY
)
SYNC_DROPPED = Counter(
    "tidegate_sync_dropped_total", "Profiles not synced because the queue was full.", registry=REGISTRY
)

# Revocations and bans.
STANDING_ENTRIES = Gauge("tidegate_standing_entries", "Users of whom a revocation or a ban is kept.", registry=REGISTRY)
STANDING_LOADED = Gauge(
    "tidegate_standing_loaded", "Whether revocations and bans were read since the start, or none are kept.",
    registry=REGISTRY,
)  # fmt: skip
STANDING_OWED = Gauge(
    "tidegate_standing_owed", "Users, and one for the app, of whom Stream is still to be told.", registry=REGISTRY
)
STANDING_OWED_SECONDS = Gauge(
    "tidegate_standing_owed_seconds", "How long the first of them waits; 0 where none does.", registry=REGISTRY
)
STANDING_TOLD = Counter(
    "tidegate_standing_told_total",
    "Revocations and bans that Stream was told, would not have, or could not be told.",
    ["of", "result"],
    registry=REGISTRY,
)

WEBHOOKS = Counter(
    "tidegate_webhooks_total", "Identity providers' webhooks, by what was done on them.", ["issuer", "outcome"],
    registry=REGISTRY,
)  # fmt: skip

WEBHOOKS_UNDER_WAY = Gauge(
    "tidegate_webhooks_under_way", "Webhooks whose signature is good and that are acted upon.", registry=REGISTRY
)
WEBHOOKS_TURNED_AWAY = Counter(
    "tidegate_webhooks_turned_away_total", "Webhooks answered 429 because too many were under way.", registry=REGISTRY
)
WEBHOOKS_ARRIVING = Gauge(
    "tidegate_webhooks_arriving", "Webhooks whose body is being received; nothing is known of them.", registry=REGISTRY
)
WEBHOOKS_UNFINISHED = Counter(
    "tidegate_webhooks_unfinished_total", "Webhooks whose body did not come in time, by why.", ["why"],
    registry=REGISTRY,
)  # fmt: skip

# The canary.
CANARY_CONNECT = Histogram(
    "tidegate_canary_connect_seconds",
    "Time from the canary's first packet to the first frame on its socket.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0),
    registry=REGISTRY,
)
CANARY_DELIVERY = Histogram(
    "tidegate_canary_delivery_seconds",
    "Time from sending a message of the canary's to its arrival on the socket.",
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0),
    registry=REGISTRY,
)
CANARY_LOST = Counter(
    "tidegate_canary_lost_total", "Messages of the canary's that Stream took and did not deliver.", registry=REGISTRY
)
CANARY_ENDS = Counter(
    "tidegate_canary_connections_total", "Ends of the canary's connections, by why they ended.", ["end"],
    registry=REGISTRY,
)  # fmt: skip

# Connections, below the application.
HTTP_CONNECTIONS = Gauge("tidegate_http_connections", "Connections open at our listeners.", registry=REGISTRY)
HTTP_REFUSED = Counter(
    "tidegate_http_refused_total", "Connections closed because they reached a limit.", ["limit"], registry=REGISTRY
)

# The store.
STORE_UP = Gauge(
    "tidegate_store_up", "Whether the last use of the database went well; NaN before the first.", registry=REGISTRY
)
STORE_CONNECTIONS = Gauge(
    "tidegate_store_connections", "Connections to the database that are in use.", registry=REGISTRY
)
STORE_FAILURES = Counter(
    "tidegate_store_failures_total", "Uses of the database that failed.", ["cause"], registry=REGISTRY
)
CHANGES_BEHIND = Gauge(
    "tidegate_changes_behind_seconds", "Time since this replica last knew every change.", registry=REGISTRY
)
CHANGES_WAKER_UP = Gauge(
    "tidegate_changes_waker_up",
    "Whether this replica is woken when others change something.",
    ["way"],
    registry=REGISTRY,
)
CHANGES_SEEN = Counter("tidegate_changes_seen_total", "Changes that reached this replica.", registry=REGISTRY)
CHANGES_FAILED = Counter(
    "tidegate_changes_failed_total", "Changes that could not be taken in; all is loaded anew then.", registry=REGISTRY
)
CHANGES_PRUNED = Counter("tidegate_changes_pruned_total", "Old changes that this replica removed.", registry=REGISTRY)

# The watch.
PROBE_STATE = Gauge(
    "tidegate_probe_state",
    "What a probe found last, whichever replica ran it: 0 ok, 1 warning, 2 failing, 3 unknown.",
    ["probe"],
    registry=REGISTRY,
)
PROBE_DURATION = Histogram(
    "tidegate_probe_duration_seconds",
    "Time of one run of a probe, on the replica that ran it.",
    ["probe"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0),
    registry=REGISTRY,
)
WATCH_TURN = Gauge(
    "tidegate_watch_turn",
    "Whether this replica probes: 0 another one does for all, 1 this one does for all, 2 this one for itself alone.",
    registry=REGISTRY,
)
HEALTH_STATUS = Gauge(
    "tidegate_health_status", "The service's own judgement: 0 healthy, 1 degraded, 2 unhealthy.", registry=REGISTRY
)
UPSTREAM_QUOTA_LOWEST = Gauge(
    "tidegate_upstream_quota_lowest_ratio",
    "Smallest part left of a rate limit of Stream's whose window runs now; NaN where none is known.",
    registry=REGISTRY,
)
JWKS_STALE_ISSUERS = Gauge("tidegate_jwks_stale_issuers", "Issuers whose keys are not fresh.", registry=REGISTRY)
APP_UNSAFE = Gauge(
    "tidegate_app_unsafe",
    "How many of these hold for the app at Stream: authentication checks off, permission checks off, suspended.",
    registry=REGISTRY,
)
CREDENTIAL_MAX_AGE = Gauge(
    "tidegate_credential_max_age_seconds", "From which age on a secret is too old; 0: never.", registry=REGISTRY
)

# The console.
CONSOLE_SESSIONS = Gauge("tidegate_console_sessions", "Browsers signed in to the console.", registry=REGISTRY)
CONSOLE_STREAMS = Gauge("tidegate_console_streams", "Pages of the console that are kept up to date.", registry=REGISTRY)
CONSOLE_SIGN_INS = Counter(
    "tidegate_console_sign_ins_total", "Attempts to sign in to the console.", ["way", "result"], registry=REGISTRY
)
CONSOLE_REFUSALS = Gauge(
    "tidegate_console_refusals_kept", "The last refusals that the console can explain.", registry=REGISTRY
)

# Alerts.
ALERT_ACTIVE = Gauge("tidegate_alert_active", "Whether an alert fires.", ["alert"], registry=REGISTRY)
NOTIFICATIONS = Counter(
    "tidegate_notifications_total",
    "Notifications of alerts, by receiver: delivered, or why not.",
    ["receiver", "result"],
    registry=REGISTRY,
)
NOTIFY_WAITING = Gauge("tidegate_notify_waiting", "Alerts of which receivers are still to be told.", registry=REGISTRY)
NOTIFY_FAILING = Gauge(
    "tidegate_notify_failing_seconds",
    "For how long a receiver of notifications could not be reached; 0 where all can.",
    registry=REGISTRY,
)
PLAN_CONNECTIONS = Gauge(
    "tidegate_plan_connections", "Connections that the plan at Stream has; 0: not known.", registry=REGISTRY
)

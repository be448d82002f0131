"""Bounds with defaults that fit nearly everywhere. What each is for, and which metric tells of it: docs/limits.md."""

from typing import Annotated

from tidegate.settings import kinds as k
from tidegate.settings.spec import BYTES_MAX, COUNT_MAX, Section, spec


class BoundsSection(Section):
    """Bounds that seldom need another value."""

    url_bytes: Annotated[
        int,
        spec(
            "TIDEGATE_URL_BYTES",
            k.Integer(256, 65_536, "bytes"),
            "The greatest size of a request's path and query; at most `TIDEGATE_HEADER_BYTES`.",
        ),
    ] = 8_192
    message_bytes: Annotated[
        int,
        spec(
            "TIDEGATE_MESSAGE_BYTES",
            k.Integer(1_024, 16 * BYTES_MAX, "bytes"),
            "How much a client may send after a request's headers, read or not; at least `TIDEGATE_BODY_BYTES`.",
        ),
    ] = 524_288
    pipeline_max: Annotated[
        int,
        spec(
            "TIDEGATE_PIPELINE_MAX",
            k.Integer(1, 1_000, "requests"),
            "How many requests a client may send ahead of their answers on one connection.",
        ),
    ] = 32
    keep_alive_seconds: Annotated[
        int,
        spec("TIDEGATE_KEEP_ALIVE_SECONDS", k.Integer(1, 3_600, "s"), "How long an idle client connection stays open."),
    ] = 75
    log_batch_lines: Annotated[
        int,
        spec(
            "TIDEGATE_LOG_BATCH_LINES",
            k.Integer(1, 100_000, "lines"),
            "How many request lines are held back, for at most a fifth of a second, to be written together.",
        ),
    ] = 512
    status_cache_size: Annotated[
        int,
        spec(
            "TIDEGATE_STATUS_CACHE_SIZE",
            k.Integer(2, COUNT_MAX, "users"),
            "For how many users Stream's answer to `GET /api/chat/token` is remembered.",
        ),
    ] = 10_000
    status_fresh_seconds: Annotated[
        int,
        spec("TIDEGATE_STATUS_FRESH_SECONDS", k.Integer(1, 300, "s"), "How long that answer is shown again."),
    ] = 5
    live_test_gap_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_LIVE_TEST_GAP_SECONDS",
            k.Integer(1, 300, "s"),
            "In this time all calls of `/api/chat/test-connection` together cause at most one call to Stream.",
        ),
    ] = 5
    live_test_wait_ms: Annotated[
        int,
        spec("TIDEGATE_LIVE_TEST_WAIT_MS", k.Integer(100, 60_000, "ms"), "How long such a call waits for Stream."),
    ] = 3_000
    keys_fresh_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_KEYS_FRESH_SECONDS",
            k.Integer(10, 86_400, "s"),
            "How long a key set is fresh where the key server does not say.",
        ),
    ] = 300
    keys_fresh_min_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_KEYS_FRESH_MIN_SECONDS",
            k.Integer(5, 3_600, "s"),
            "How long it is fresh at least, whatever the key server says.",
        ),
    ] = 30
    keys_fresh_max_seconds: Annotated[
        int,
        spec("TIDEGATE_KEYS_FRESH_MAX_SECONDS", k.Integer(30, 86_400, "s"), "And how long at most."),
    ] = 3_600
    keys_retry_max_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_KEYS_RETRY_MAX_SECONDS",
            k.Integer(2, 3_600, "s"),
            "The longest wait between attempts to fetch a key set; it doubles from 2 s.",
        ),
    ] = 60
    upstream_waiting_calls: Annotated[
        int,
        spec(
            "TIDEGATE_UPSTREAM_WAITING_CALLS",
            k.Integer(1, 100_000, "calls"),
            "How many calls to Stream may wait for their turn; further ones fail at once.",
        ),
    ] = 128
    upstream_waiting_ms: Annotated[
        int,
        spec(
            "TIDEGATE_UPSTREAM_WAITING_MS", k.Integer(1, 60_000, "ms"), "How long a call to Stream waits for its turn."
        ),
    ] = 1_000
    upstream_answer_bytes: Annotated[
        int,
        spec(
            "TIDEGATE_UPSTREAM_ANSWER_BYTES",
            k.Integer(65_536, 64 * BYTES_MAX, "bytes"),
            "The greatest size of an answer of Stream's.",
        ),
    ] = 4 * BYTES_MAX
    upstream_attempts: Annotated[
        int,
        spec(
            "TIDEGATE_UPSTREAM_ATTEMPTS",
            k.Integer(1, 10, "attempts"),
            "How often a call to Stream is tried within its time, the first attempt included.",
        ),
    ] = 3
    upstream_retry_max_ms: Annotated[
        int,
        spec(
            "TIDEGATE_UPSTREAM_RETRY_MAX_MS",
            k.Integer(100, 60_000, "ms"),
            "The longest wait before such a call is tried again; it doubles from 100 ms.",
        ),
    ] = 2_000
    breaker_failures: Annotated[
        int,
        spec(
            "TIDEGATE_BREAKER_FAILURES",
            k.Integer(1, 1_000, "calls"),
            "After so many failed calls in a row Stream is left alone for a while.",
        ),
    ] = 5
    breaker_open_seconds: Annotated[
        int,
        spec("TIDEGATE_BREAKER_OPEN_SECONDS", k.Integer(1, 3_600, "s"), "How long that is the first time."),
    ] = 5
    breaker_open_max_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_BREAKER_OPEN_MAX_SECONDS",
            k.Integer(1, 3_600, "s"),
            "How long at most; it doubles with each failed trial.",
        ),
    ] = 60
    sync_reserve_percent: Annotated[
        int,
        spec(
            "TIDEGATE_SYNC_RESERVE_PERCENT",
            k.Integer(0, 99, "%"),
            "The part of Stream's rate limits that profile sync leaves for others.",
        ),
    ] = 20
    sync_linger_ms: Annotated[
        int,
        spec(
            "TIDEGATE_SYNC_LINGER_MS",
            k.Integer(0, 60_000, "ms"),
            "How long profile sync waits after a first profile, so that more can share the call.",
        ),
    ] = 500
    sync_pause_max_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_SYNC_PAUSE_MAX_SECONDS",
            k.Integer(1, 3_600, "s"),
            "The longest pause of profile sync after failures; it doubles from 1 s.",
        ),
    ] = 60
    sync_drain_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_SYNC_DRAIN_SECONDS",
            k.Integer(0, 60, "s"),
            "How long waiting profiles may still be synced when the service ends.",
        ),
    ] = 2

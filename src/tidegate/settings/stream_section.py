"""Settings of Stream, and of the tokens and users that are made there."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

from tidegate.settings import kinds as k
from tidegate.settings.spec import COUNT_MAX, OFF, Section, spec

DEFAULT_BASE_URL: Final = "https://chat.stream-io-api.com"


class Environment(StrEnum):
    """How strict to be. Production refuses what development warns about."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"


class StreamSection(Section):
    """Stream."""

    environment: Annotated[
        Environment,
        spec(
            "STREAM_CHAT_ENVIRONMENT NODE_ENV",
            k.Choice(("production", "staging", "development")),
            "How strict to be. `STREAM_CHAT_ENVIRONMENT` counts before `NODE_ENV`, whose `test` means development.",
            "development on loopback; bound elsewhere it must be set",
        ),
    ] = Environment.DEVELOPMENT
    env_file: Annotated[
        Path | None,
        spec(
            "TIDEGATE_ENV_FILE",
            k.File("a file's path"),
            "The file of settings to read; in production and staging an unnamed `.env` is not read.",
            "`.env` in the working directory, in development",
        ),
    ] = None
    api_key: Annotated[
        str | None,
        spec(
            "STREAM_API_KEY STREAM_CHAT_API_KEY NEXT_PUBLIC_STREAM_CHAT_API_KEY",
            k.Line("the key", limit=128),
            "The API key of the Stream app; public, apps receive it with each token.",
        ),
    ] = Field(default=None, repr=False)
    api_secret: Annotated[
        SecretStr | None,
        spec("STREAM_API_SECRET STREAM_CHAT_API_SECRET", k.Hidden(), "The API secret of the Stream app."),
    ] = None
    base_url: Annotated[str, spec("STREAM_CHAT_BASE_URL", k.Url(), "Where Stream's API is.")] = DEFAULT_BASE_URL
    timeout_ms: Annotated[
        int,
        spec(
            "STREAM_CHAT_TIMEOUT",
            k.Integer(
                100, 120_000, "ms", below="it is in milliseconds, so seconds were probably meant: write 10000 for ten"
            ),
            "How long a call to Stream may take.",
        ),
    ] = 10_000
    enable_logging: Annotated[
        bool,
        spec(
            "STREAM_CHAT_ENABLE_LOGGING",
            k.Boolean(),
            "Log every call to Stream with operation, code, duration and quota; never bodies.",
        ),
    ] = False
    accept_api_key_words: Annotated[
        bool,
        spec(
            "TIDEGATE_ACCEPT_API_KEY_WORDS",
            k.Boolean(),
            "Accept `demo`, `test` and `dev` in a production API key: a random key can contain them.",
        ),
    ] = False
    api_key_prefix: Annotated[
        str,
        spec(
            "TIDEGATE_API_KEY_PREFIX", k.Line("the prefix", limit=32), "What the API key must begin with; any if unset."
        ),
    ] = ""


class TokenSection(Section):
    """Tokens and users."""

    token_life_seconds: Annotated[
        int, spec("TIDEGATE_TOKEN_LIFE_SECONDS", k.Integer(300, 86_400, "s"), "How long a Stream token is valid.")
    ] = 3_600
    token_cache_size: Annotated[
        int,
        spec(
            "TIDEGATE_TOKEN_CACHE_SIZE",
            k.Integer(1, COUNT_MAX, "users", OFF),
            "For how many users the token of this minute is kept, so that asking again signs nothing.",
        ),
    ] = 4_096
    escape_capitals: Annotated[
        bool,
        spec("TIDEGATE_ESCAPE_CAPITALS", k.Boolean(), "Escape capitals in user ids; never change it once users exist."),
    ] = False
    user_id_claim: Annotated[
        str,
        spec(
            "TIDEGATE_USER_ID_CLAIM",
            k.Line("a claim's name", r"[A-Za-z0-9_.:/-]+", 128),
            "Migration: the verified claim that holds the Stream user id.",
        ),
    ] = ""
    user_id_map_file: Annotated[
        Path | None,
        spec(
            "TIDEGATE_USER_ID_MAP_FILE",
            k.File("a file's path"),
            "Migration: JSON lines of `issuer` (optional), `subject`, `user_id`.",
        ),
    ] = None
    profile_sync: Annotated[
        Literal["off", "background"],
        spec(
            "TIDEGATE_PROFILE_SYNC",
            k.Choice(("off", "background")),
            "Whether the profiles of verified sessions are brought to Stream.",
        ),
    ] = "background"
    sync_queue_size: Annotated[
        int,
        spec("TIDEGATE_SYNC_QUEUE_SIZE", k.Integer(1, COUNT_MAX, "users"), "How many profiles may wait to be synced."),
    ] = 10_000
    sync_memory_size: Annotated[
        int,
        spec(
            "TIDEGATE_SYNC_MEMORY_SIZE",
            k.Integer(1, COUNT_MAX, "users"),
            "How many synced profiles are remembered, so as not to sync them again.",
        ),
    ] = 100_000
    sync_calls_per_minute: Annotated[
        int,
        spec(
            "TIDEGATE_SYNC_CALLS_PER_MINUTE",
            k.Integer(1, 10_000, "calls"),
            "How many calls to Stream a minute the sync may make.",
        ),
    ] = 120

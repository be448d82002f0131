from pathlib import Path

import pytest

from support.environments import DEVELOPMENT, KEY, PRODUCTION, SECRET, problems, without
from tidegate.settings import EXIT_CODE, Environment, Settings, SettingsError, load
from tidegate.settings.model import SPECS, VARIABLES

CONTRACT = [
    "STREAM_CHAT_ENVIRONMENT",
    "NODE_ENV",
    "TIDEGATE_ENV_FILE",
    "STREAM_API_KEY",
    "STREAM_CHAT_API_KEY",
    "NEXT_PUBLIC_STREAM_CHAT_API_KEY",
    "STREAM_API_SECRET",
    "STREAM_CHAT_API_SECRET",
    "TIDEGATE_CREDENTIALS_SOURCE",
    "TIDEGATE_AZURE_VAULT_HOSTS",
    "TIDEGATE_NEXT_API_KEY",
    "TIDEGATE_NEXT_API_SECRET",
    "TIDEGATE_CREDENTIALS_POLL_SECONDS",
    "TIDEGATE_CREDENTIALS_TIMEOUT_MS",
    "TIDEGATE_CREDENTIALS_MAX",
    "TIDEGATE_CREDENTIAL_MAX_AGE_DAYS",
    "TIDEGATE_FOREIGN_FINGERPRINTS",
    "STREAM_CHAT_BASE_URL",
    "STREAM_CHAT_TIMEOUT",
    "STREAM_CHAT_ENABLE_LOGGING",
    "TIDEGATE_ACCEPT_API_KEY_WORDS",
    "TIDEGATE_API_KEY_PREFIX",
    "CLERK_PUBLISHABLE_KEY",
    "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY",
    "CLERK_JWT_ISSUER",
    "CLERK_JWT_KEY",
    "CLERK_AUTHORIZED_PARTIES",
    "AUTH_SECRET",
    "NEXTAUTH_SECRET",
    "AUTH_SECRET_1",
    "AUTH_SECRET_2",
    "AUTH_SECRET_3",
    "TIDEGATE_AUTHJS_SECRETS",
    "TIDEGATE_AUTHJS_VERSION",
    "TIDEGATE_AUTHJS_COOKIES",
    "TIDEGATE_AUTHJS_MAX_AGE_SECONDS",
    "TIDEGATE_AUTHJS_SESSION_URL",
    "TIDEGATE_AUTHJS_FRESH_SECONDS",
    "TIDEGATE_AUTHJS_REFUSED_SECONDS",
    "TIDEGATE_AUTHJS_TIMEOUT_MS",
    "TIDEGATE_AUTHJS_LOOKUPS_MAX",
    "TIDEGATE_AUTHJS_LOOKUPS_PER_MINUTE",
    "TIDEGATE_AUTHJS_ANSWER_BYTES",
    "TIDEGATE_AUTHJS_ANSWERS",
    "TIDEGATE_OIDC_ISSUER",
    "TIDEGATE_OIDC_JWKS_URL",
    "TIDEGATE_OIDC_PEM",
    "TIDEGATE_OIDC_AUDIENCE",
    "TIDEGATE_ISSUERS",
    "TIDEGATE_SUPABASE_PROJECT",
    "TIDEGATE_FIREBASE_PROJECT",
    "TIDEGATE_AUTH0_DOMAIN",
    "TIDEGATE_AUTH0_AUDIENCE",
    "TIDEGATE_COGNITO_POOL",
    "TIDEGATE_COGNITO_CLIENT",
    "TIDEGATE_KEYCLOAK_REALM",
    "TIDEGATE_KEYCLOAK_CLIENT",
    "TIDEGATE_AZP_POLICY",
    "TIDEGATE_PENDING_POLICY",
    "TIDEGATE_IMPERSONATION_POLICY",
    "TIDEGATE_CLOCK_SKEW_SECONDS",
    "TIDEGATE_SESSION_MAX_AGE_SECONDS",
    "TIDEGATE_TOKEN_LIFE_SECONDS",
    "TIDEGATE_TOKEN_CACHE_SIZE",
    "TIDEGATE_SESSION_CACHE_SIZE",
    "TIDEGATE_SESSION_TOKEN_BYTES",
    "TIDEGATE_SESSION_HEADER_BYTES",
    "TIDEGATE_ESCAPE_CAPITALS",
    "TIDEGATE_USER_ID_CLAIM",
    "TIDEGATE_USER_ID_MAP_FILE",
    "TIDEGATE_PROFILE_SYNC",
    "TIDEGATE_SYNC_QUEUE_SIZE",
    "TIDEGATE_SYNC_MEMORY_SIZE",
    "TIDEGATE_SYNC_CALLS_PER_MINUTE",
    "TIDEGATE_KEYS_FETCH_TIMEOUT_MS",
    "TIDEGATE_KEYS_STALE_SECONDS",
    "TIDEGATE_KEYS_UNKNOWN_KID_SECONDS",
    "TIDEGATE_KEYS_MAX",
    "TIDEGATE_KEYS_DOCUMENT_BYTES",
    "TIDEGATE_STATE_DIR",
    "TIDEGATE_BIND",
    "TIDEGATE_OPS_BIND",
    "TIDEGATE_PUBLIC_URL",
    "TIDEGATE_TLS_CERTIFICATE_FILE",
    "TIDEGATE_TLS_KEY_FILE",
    "TIDEGATE_TRUSTED_PROXIES",
    "TIDEGATE_CORS_ORIGINS",
    "TIDEGATE_LIMIT_ADDRESS_PER_MINUTE",
    "TIDEGATE_LIMIT_SUBJECT_PER_MINUTE",
    "TIDEGATE_LIMIT_ISSUER_PER_MINUTE",
    "TIDEGATE_LIMIT_TOTAL_PER_MINUTE",
    "TIDEGATE_LIMIT_ENTRIES",
    "TIDEGATE_BODY_BYTES",
    "TIDEGATE_HEADER_BYTES",
    "TIDEGATE_HEADER_TIMEOUT_MS",
    "TIDEGATE_CONNECTIONS_MAX",
    "TIDEGATE_CONNECTIONS_PER_ADDRESS",
    "TIDEGATE_SHUTDOWN_SECONDS",
    "TIDEGATE_UPSTREAM_CONCURRENCY",
    "TIDEGATE_UPSTREAM_CONNECTIONS",
    "TIDEGATE_PROBE_SECONDS",
    "TIDEGATE_DOCS",
    "TIDEGATE_OPERATOR_KEYS",
    "TIDEGATE_OPERATOR_HOSTS",
    "TIDEGATE_OPERATOR_FAILURES_PER_MINUTE",
    "TIDEGATE_OPERATOR_URL",
    "TIDEGATE_OPERATOR_KEY",
    "TIDEGATE_CONSOLE_URL",
    "TIDEGATE_CONSOLE_OIDC_ISSUER",
    "TIDEGATE_CONSOLE_OIDC_CLIENT_ID",
    "TIDEGATE_CONSOLE_OIDC_CLIENT_SECRET",
    "TIDEGATE_CONSOLE_ALLOW",
    "TIDEGATE_CONSOLE_IDLE_SECONDS",
    "TIDEGATE_CONSOLE_SESSION_SECONDS",
    "TIDEGATE_CONSOLE_SESSIONS",
    "TIDEGATE_CONSOLE_STREAMS",
    "TIDEGATE_CONSOLE_REFUSALS",
    "TIDEGATE_STANDING_SIZE",
    "TIDEGATE_STANDING_KEEP_DAYS",
    "TIDEGATE_STANDING_WAIT_SECONDS",
    "TIDEGATE_STANDING_PAUSE_MAX_SECONDS",
    "TIDEGATE_WEBHOOK_SECRETS",
    "TIDEGATE_WEBHOOK_BODY_BYTES",
    "TIDEGATE_WEBHOOK_BODY_MS",
    "TIDEGATE_WEBHOOKS_MAX",
    "TIDEGATE_WEBHOOK_TOLERANCE_SECONDS",
    "TIDEGATE_WEBHOOK_KEEP_DAYS",
    "TIDEGATE_WEBHOOK_FAILURES_PER_MINUTE",
    "TIDEGATE_ALERT_WEBHOOK_URL",
    "TIDEGATE_ALERT_WEBHOOK_SECRET",
    "TIDEGATE_ALERT_RECEIVERS",
    "TIDEGATE_ALERT_REPEAT_HOURS",
    "TIDEGATE_PLAN_CONNECTIONS",
    "TIDEGATE_TELEMETRY",
    "TIDEGATE_TELEMETRY_SAMPLE_PERCENT",
    "TIDEGATE_TELEMETRY_SECONDS",
    "TIDEGATE_TELEMETRY_WINDOW_SECONDS",
    "TIDEGATE_TELEMETRY_USERS",
    "TIDEGATE_TELEMETRY_BODY_BYTES",
    "TIDEGATE_TELEMETRY_ADDRESS_PER_MINUTE",
    "TIDEGATE_TELEMETRY_USER_PER_MINUTE",
    "TIDEGATE_CANARY",
    "TIDEGATE_CANARY_USER",
    "TIDEGATE_CANARY_CHANNEL",
    "TIDEGATE_CANARY_SECONDS",
    "TIDEGATE_CANARY_TIMEOUT_MS",
    "TIDEGATE_LOG_LEVEL",
    "TIDEGATE_LOG_FORMAT",
    "TIDEGATE_DOCUMENTATION_URL",
    "TIDEGATE_DATABASE_URL",
    "TIDEGATE_REDIS_URL",
    "TIDEGATE_DATABASE_CONNECTIONS",
    "TIDEGATE_DATABASE_TIMEOUT_MS",
    "TIDEGATE_CHANGES_POLL_MS",
    "TIDEGATE_CHANGES_KEEP_SECONDS",
    "TIDEGATE_LEDGER",
    "TIDEGATE_LEDGER_DIR",
    "TIDEGATE_LEDGER_KEY",
    "TIDEGATE_LEDGER_HASHED",
    "TIDEGATE_LEDGER_DURABILITY",
    "TIDEGATE_LEDGER_WHEN_FULL",
    "TIDEGATE_LEDGER_WINDOW_MS",
    "TIDEGATE_LEDGER_WAIT_MS",
    "TIDEGATE_LEDGER_QUEUE_SIZE",
    "TIDEGATE_LEDGER_REFUSALS_PER_SECOND",
    "TIDEGATE_LEDGER_SEGMENT_BYTES",
    "TIDEGATE_URL_BYTES",
    "TIDEGATE_MESSAGE_BYTES",
    "TIDEGATE_PIPELINE_MAX",
    "TIDEGATE_KEEP_ALIVE_SECONDS",
    "TIDEGATE_LOG_BATCH_LINES",
    "TIDEGATE_STATUS_CACHE_SIZE",
    "TIDEGATE_STATUS_FRESH_SECONDS",
    "TIDEGATE_LIVE_TEST_GAP_SECONDS",
    "TIDEGATE_LIVE_TEST_WAIT_MS",
    "TIDEGATE_KEYS_FRESH_SECONDS",
    "TIDEGATE_KEYS_FRESH_MIN_SECONDS",
    "TIDEGATE_KEYS_FRESH_MAX_SECONDS",
    "TIDEGATE_KEYS_RETRY_MAX_SECONDS",
    "TIDEGATE_UPSTREAM_WAITING_CALLS",
    "TIDEGATE_UPSTREAM_WAITING_MS",
    "TIDEGATE_UPSTREAM_ANSWER_BYTES",
    "TIDEGATE_UPSTREAM_ATTEMPTS",
    "TIDEGATE_UPSTREAM_RETRY_MAX_MS",
    "TIDEGATE_BREAKER_FAILURES",
    "TIDEGATE_BREAKER_OPEN_SECONDS",
    "TIDEGATE_BREAKER_OPEN_MAX_SECONDS",
    "TIDEGATE_SYNC_RESERVE_PERCENT",
    "TIDEGATE_SYNC_LINGER_MS",
    "TIDEGATE_SYNC_PAUSE_MAX_SECONDS",
    "TIDEGATE_SYNC_DRAIN_SECONDS",
    "TIDEGATE_LIFE_BY_RISK",
    "TIDEGATE_CONTROLLED_CLAIMS",
    "TIDEGATE_PROFILE_RULES",
    "TIDEGATE_PROFILE_ALLOW_ADMIN",
]


def test_every_variable_that_was_promised_is_a_setting_and_no_other_is():
    assert set(VARIABLES) == set(CONTRACT)


def test_every_field_is_declared():
    assert set(SPECS) == set(Settings.model_fields)


def test_each_default_can_be_written_and_read_back():
    defaults = Settings()
    for field, spec in SPECS.items():
        text = spec.kind.write(getattr(defaults, field))
        if text:
            assert spec.kind.read(text) == getattr(defaults, field), field


def test_nothing_configured_is_development_with_the_sandbox():
    loaded = load({})
    assert loaded.settings == Settings()
    assert loaded.settings.sandbox_wanted
    assert loaded.warnings == ()
    assert set(loaded.origins.values()) == {"default"}
    assert set(loaded.origins) == set(SPECS)


def test_three_variables_for_clerk_are_all():
    settings = load(DEVELOPMENT).settings
    assert not settings.sandbox_wanted
    assert settings.api_key == KEY
    assert settings.api_secret.get_secret_value() == SECRET
    assert settings.issuers[0].issuer == "https://calm-otter-12.clerk.accounts.dev"
    assert settings.issuers[0].jwks_url == "https://calm-otter-12.clerk.accounts.dev/.well-known/jwks.json"


def test_seed_000_names_and_values():
    settings = load(
        {
            "NEXT_PUBLIC_STREAM_CHAT_API_KEY": KEY,
            "STREAM_CHAT_API_SECRET": SECRET,
            "NODE_ENV": "production",
            "STREAM_CHAT_ENVIRONMENT": "production",
            "STREAM_CHAT_BASE_URL": "https://chat.stream-io-api.com",
            "STREAM_CHAT_TIMEOUT": "10000",
            "STREAM_CHAT_ENABLE_LOGGING": "false",
            "TIDEGATE_TRUSTED_PROXIES": "10.1.2.3",
        }
    ).settings
    assert (settings.api_key, settings.timeout_ms, settings.enable_logging) == (KEY, 10_000, False)
    assert settings.environment is Environment.PRODUCTION


def test_seed_003_env_file_starts_without_an_issuer_and_says_so(workdir: Path):
    (workdir / ".env").write_text(f"STREAM_API_KEY={KEY}\nSTREAM_API_SECRET={SECRET}\n")
    loaded = load({})
    assert not loaded.settings.sandbox_wanted
    assert loaded.settings.issuers == ()
    assert "issuer_not_configured" in loaded.warnings[0]
    assert loaded.origins["api_key"] == "file .env STREAM_API_KEY"
    assert loaded.settings.env_file == Path(".env")


def test_production_is_sound_and_has_no_docs():
    loaded = load(PRODUCTION)
    assert loaded.warnings == ()
    assert loaded.settings.docs is False
    assert load({**PRODUCTION, "TIDEGATE_DOCS": "on"}).settings.docs is True


@pytest.mark.parametrize(
    ("field", "first", "second", "text"),
    [
        ("api_key", "STREAM_API_KEY", "STREAM_CHAT_API_KEY", "zxcvbnmasdf1"),
        ("api_key", "STREAM_CHAT_API_KEY", "NEXT_PUBLIC_STREAM_CHAT_API_KEY", "zxcvbnmasdf1"),
        ("api_secret", "STREAM_API_SECRET", "STREAM_CHAT_API_SECRET", SECRET[::-1]),
        ("clerk_publishable_key", "CLERK_PUBLISHABLE_KEY", "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY", "pk_live_x"),
        ("auth_secrets", "AUTH_SECRET", "NEXTAUTH_SECRET", SECRET[::-1]),
    ],
)
def test_aliases_may_agree_but_not_differ(field, first, second, text):
    base = without(DEVELOPMENT, *SPECS[field].variables) | {"TIDEGATE_AUTHJS_VERSION": "off"}
    value = DEVELOPMENT.get(SPECS[field].variables[0], SECRET)
    agreed = load({**base, first: value, second: value})
    assert agreed.origins[field] == f"environment {first}"
    found = problems({**base, first: value, second: text})
    assert "differ" in found[SPECS[field].variables[0]]
    assert second in found[SPECS[field].variables[0]]
    assert value not in str(found)
    assert text not in str(found)


def test_nothing_counts_as_unset():
    loaded = load({**DEVELOPMENT, "STREAM_CHAT_API_KEY": "", "TIDEGATE_TOKEN_LIFE_SECONDS": "  "})
    assert loaded.settings.token_life_seconds == 3600
    assert loaded.origins["token_life_seconds"] == "default"


def test_white_space_around_a_value_is_no_part_of_it():
    assert load({**DEVELOPMENT, "STREAM_API_SECRET": f" {SECRET}\n"}).settings.api_secret.get_secret_value() == SECRET


def test_the_order_of_sources(workdir: Path):
    (workdir / ".env").write_text("TIDEGATE_TOKEN_LIFE_SECONDS=400\nTIDEGATE_PROBE_SECONDS=40\nTIDEGATE_KEYS_MAX=4\n")
    environ = {"TIDEGATE_TOKEN_LIFE_SECONDS": "500", "TIDEGATE_PROBE_SECONDS": "50"}
    loaded = load(environ, overrides={"token_life_seconds": "600"})
    settings, origins = loaded.settings, loaded.origins
    assert (settings.token_life_seconds, origins["token_life_seconds"]) == (600, "command line")
    assert (settings.probe_seconds, origins["probe_seconds"]) == (50, "environment TIDEGATE_PROBE_SECONDS")
    assert (settings.keys_max, origins["keys_max"]) == (4, "file .env TIDEGATE_KEYS_MAX")


def test_an_alias_in_the_file_that_differs_from_the_environment_is_a_clash(workdir: Path):
    (workdir / ".env").write_text("STREAM_CHAT_API_KEY=zxcvbnmasdf1\n")
    assert "differ" in problems(DEVELOPMENT)["STREAM_API_KEY"]


def test_an_override_is_judged_like_everything_else_and_settles_a_clash():
    assert "below 300" in problems({}, overrides={"token_life_seconds": "1"})["TIDEGATE_TOKEN_LIFE_SECONDS"]
    clash = {**DEVELOPMENT, "STREAM_CHAT_API_KEY": "zxcvbnmasdf1"}
    assert load(clash, overrides={"api_key": "poiuytrewq12"}).settings.api_key == "poiuytrewq12"


def test_an_override_of_an_unknown_field_is_a_mistake_of_the_programmer():
    with pytest.raises(KeyError):
        load({}, overrides={"tocken_life": "600"})


def test_all_problems_at_once_one_line_each_in_the_order_of_the_page():
    environ = {
        "TIDEGATE_LOG_LEVEL": "loud",
        "STREAM_CHAT_TIMEOUT": "10",
        "TIDEGATE_TOKEN_LIFE_SECONDS": "1",
        "STREAM_API_KEY": "demo-key",
        "TIDEGATE_DOCS": "perhaps",
    }
    with pytest.raises(SettingsError) as caught:
        load(environ)
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines] == [
        "STREAM_API_KEY",
        "STREAM_API_SECRET",
        "STREAM_CHAT_TIMEOUT",
        "TIDEGATE_TOKEN_LIFE_SECONDS",
        "TIDEGATE_DOCS",
        "TIDEGATE_LOG_LEVEL",
    ]
    assert all("; " in line for line in lines)
    assert EXIT_CODE == 2


def test_seconds_where_milliseconds_are_meant():
    found = problems({"STREAM_CHAT_TIMEOUT": "10"})["STREAM_CHAT_TIMEOUT"]
    assert "milliseconds" in found
    assert "10000" in found


def test_an_unknown_variable_is_warned_of_with_the_nearest_name():
    loaded = load({"TIDEGATE_TOKEN_LIFE_SECOND": "600", "TIDEGATE_QQQ": "1", "OTHER_THING": "1"})
    assert loaded.unknown == ("TIDEGATE_QQQ", "TIDEGATE_TOKEN_LIFE_SECOND")
    assert "TIDEGATE_TOKEN_LIFE_SECOND is no setting; did you mean TIDEGATE_TOKEN_LIFE_SECONDS?" in loaded.warnings


def test_control_characters_in_a_name_do_not_reach_the_terminal():
    (warning,) = load({"TIDEGATE_\n\x1b[31m": "1"}).warnings
    assert "\n" not in warning
    assert "\x1b" not in warning


def test_settings_cannot_be_changed_and_do_not_show_secrets():
    settings = load(DEVELOPMENT).settings
    with pytest.raises(ValueError, match="frozen"):
        settings.api_key = "x"
    assert SECRET not in repr(settings)
    assert SECRET not in repr(load(DEVELOPMENT))
    assert KEY not in repr(settings)


def test_where_it_listens():
    settings = load({"TIDEGATE_BIND": "[::1]:9000"}).settings
    assert (settings.host, settings.port) == ("::1", 9000)
    assert (Settings().host, Settings().port) == ("127.0.0.1", 8000)

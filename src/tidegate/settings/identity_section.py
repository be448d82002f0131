"""Settings of the identity providers and their sessions."""

from typing import Annotated

from tidegate.settings import kinds as k
from tidegate.settings.issuers import AzpPolicy, ImpersonationPolicy, IssuerConfig, PendingPolicy
from tidegate.settings.spec import BYTES_MAX, COUNT_MAX, OFF, Section, spec


class IdentitySection(Section):
    """Identity providers."""

    clerk_publishable_key: Annotated[
        str | None,
        spec(
            "CLERK_PUBLISHABLE_KEY NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY",
            k.Line("pk_test_... or pk_live_...", limit=512),
            "Clerk's publishable key; issuer and key set URL follow from it.",
        ),
    ] = None
    clerk_jwt_issuer: Annotated[
        str | None,
        spec("CLERK_JWT_ISSUER", k.Url("keep"), "Clerk's issuer, where it does not follow from the publishable key."),
    ] = None
    clerk_jwt_key: Annotated[
        str | None, spec("CLERK_JWT_KEY", k.Pem(), "Clerk's public key, to verify sessions without any network.")
    ] = None
    clerk_authorized_parties: Annotated[
        tuple[str, ...],
        spec(
            "CLERK_AUTHORIZED_PARTIES",
            k.Words("origins that may ask Clerk for sessions"),
            "The accepted `azp`; unchecked if unset.",
        ),
    ] = ()
    oidc_issuer: Annotated[
        str | None,
        spec(
            "TIDEGATE_OIDC_ISSUER",
            k.Line("the exact iss", limit=2048),
            "An OpenID Connect issuer, byte for byte as in `iss`; its keys are found by discovery.",
        ),
    ] = None
    oidc_jwks_url: Annotated[
        str | None, spec("TIDEGATE_OIDC_JWKS_URL", k.Url("keep"), "Its key set's URL, instead of discovery.")
    ] = None
    oidc_pem: Annotated[
        str | None, spec("TIDEGATE_OIDC_PEM", k.Pem(), "Its public key, to verify sessions without any network.")
    ] = None
    oidc_audience: Annotated[
        tuple[str, ...], spec("TIDEGATE_OIDC_AUDIENCE", k.Words("audiences"), "The accepted `aud`; unchecked if unset.")
    ] = ()
    issuers: Annotated[
        tuple[IssuerConfig, ...],
        spec(
            "TIDEGATE_ISSUERS",
            k.JsonObjects(),
            "Issuers beyond those of the Clerk and OpenID Connect variables; each after the first needs a `namespace`.",
        ),
    ] = ()
    azp_policy: Annotated[
        AzpPolicy,
        spec(
            "TIDEGATE_AZP_POLICY",
            k.Choice(("required", "if-present", "off")),
            "Whether `azp` must be there, must fit where it is, or is not looked at.",
        ),
    ] = "if-present"
    pending_policy: Annotated[
        PendingPolicy,
        spec(
            "TIDEGATE_PENDING_POLICY",
            k.Choice(("refuse", "allow")),
            "What becomes of sessions with sign-in tasks left to do.",
        ),
    ] = "refuse"
    impersonation_policy: Annotated[
        ImpersonationPolicy,
        spec(
            "TIDEGATE_IMPERSONATION_POLICY",
            k.Choice(("allow", "refuse")),
            "What becomes of sessions in which somebody acts for somebody else.",
        ),
    ] = "allow"
    clock_skew_seconds: Annotated[
        int, spec("TIDEGATE_CLOCK_SKEW_SECONDS", k.Integer(0, 60, "s"), "How far an issuer's clock may be off.")
    ] = 5
    session_max_age_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_SESSION_MAX_AGE_SECONDS",
            k.Integer(1, 31_536_000, "s", OFF),
            "The greatest age of a session token, from its `iat`.",
        ),
    ] = 0
    session_cache_size: Annotated[
        int,
        spec(
            "TIDEGATE_SESSION_CACHE_SIZE",
            k.Integer(1, COUNT_MAX, "sessions", OFF),
            "How many verified sessions are remembered.",
        ),
    ] = 100_000
    session_token_bytes: Annotated[
        int,
        spec("TIDEGATE_SESSION_TOKEN_BYTES", k.Integer(512, 65_536, "bytes"), "The greatest size of a session token."),
    ] = 8_192
    session_header_bytes: Annotated[
        int,
        spec(
            "TIDEGATE_SESSION_HEADER_BYTES",
            k.Integer(128, 16_384, "bytes"),
            "The greatest size of a session token's first segment.",
        ),
    ] = 2_048
    keys_fetch_timeout_ms: Annotated[
        int,
        spec("TIDEGATE_KEYS_FETCH_TIMEOUT_MS", k.Integer(100, 60_000, "ms"), "How long fetching a key set may take."),
    ] = 5_000
    keys_stale_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_KEYS_STALE_SECONDS",
            k.Integer(1, 604_800, "s", OFF),
            "How long keys are used while the key server fails, counted from the last fetch.",
        ),
    ] = 86_400
    keys_unknown_kid_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_KEYS_UNKNOWN_KID_SECONDS",
            k.Integer(1, 3_600, "s"),
            "In this time an unknown key id forces at most one fetch for each issuer.",
        ),
    ] = 30
    keys_max: Annotated[int, spec("TIDEGATE_KEYS_MAX", k.Integer(1, 100, "keys"), "How many keys a set may have.")] = 20
    keys_document_bytes: Annotated[
        int,
        spec("TIDEGATE_KEYS_DOCUMENT_BYTES", k.Integer(1_024, BYTES_MAX, "bytes"), "How large a key set may be."),
    ] = 65_536

"""Settings of the credentials at Stream: where they come from, and how one pair follows another."""

from typing import Annotated

from pydantic import Field, SecretStr

from tidegate.settings import kinds as k
from tidegate.settings.fingerprints import Fingerprints
from tidegate.settings.spec import OFF, Section, spec


class CredentialsSection(Section):
    """Credentials at Stream, and their rotation."""

    credentials_source: Annotated[
        str,
        spec(
            "TIDEGATE_CREDENTIALS_SOURCE",
            k.Line("file:PATH, aws:NAME or azure:URL", r"(file|aws|azure):\S.*", 1_024),
            "Where key and secret are read from, again and again, in place of the variables for them.",
            "`STREAM_API_KEY` and `STREAM_API_SECRET`, read once",
        ),
    ] = ""
    azure_vault_hosts: Annotated[
        tuple[str, ...],
        spec(
            "TIDEGATE_AZURE_VAULT_HOSTS",
            k.Words("host names such as vault.internal.example"),
            "Further hosts that a token for Azure's vaults may be sent to, besides those of Azure itself.",
        ),
    ] = ()
    next_api_key: Annotated[
        str | None,
        spec("TIDEGATE_NEXT_API_KEY", k.Line("the key", limit=128), "The API key of the pair that is to follow."),
    ] = Field(default=None, repr=False)
    next_api_secret: Annotated[
        SecretStr | None,
        spec("TIDEGATE_NEXT_API_SECRET", k.Hidden(), "The secret of the pair that is to follow."),
    ] = None
    credentials_poll_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_CREDENTIALS_POLL_SECONDS",
            k.Integer(1, 3_600, "s"),
            "How often the source is read again and the primary pair is tried; SIGHUP does it at once.",
        ),
    ] = 30
    credentials_timeout_ms: Annotated[
        int,
        spec("TIDEGATE_CREDENTIALS_TIMEOUT_MS", k.Integer(100, 60_000, "ms"), "How long reading the source may take."),
    ] = 5_000
    credentials_max: Annotated[
        int,
        spec(
            "TIDEGATE_CREDENTIALS_MAX",
            k.Integer(2, 64, "pairs"),
            "How many pairs may be in use, draining or waiting at a time.",
        ),
    ] = 8
    credential_max_age_days: Annotated[
        int,
        spec(
            "TIDEGATE_CREDENTIAL_MAX_AGE_DAYS",
            k.Integer(1, 3_650, "days", OFF),
            "The age of the secret in use from which health and checklist warn.",
        ),
    ] = 90
    foreign_fingerprints: Annotated[
        tuple[str, ...],
        spec(
            "TIDEGATE_FOREIGN_FINGERPRINTS",
            Fingerprints(),
            "What `tidegate keys fingerprint` prints in other environments: a key or secret of theirs is refused here.",
        ),
    ] = ()

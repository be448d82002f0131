"""Settings of identity providers' webhooks."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import SecretStr

from tidegate.settings import kinds as k
from tidegate.settings.problems import Unfit
from tidegate.settings.spec import BYTES_MAX, Section, spec

PREFIX: Final = "whsec_"
_KEY_LEAST: Final = 24
"""Octets; Standard Webhooks, "Signature scheme": between 24 and 64."""
_KEY_MOST: Final = 64


def webhook_key(text: str) -> bytes:
    """The key of a secret as providers show it.

    Args:
        text: ``whsec_`` and Base64.

    Raises:
        ValueError: it is none, or too short to be one.
    """
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("no Base64") from None
    if not text.startswith(PREFIX) or not _KEY_LEAST <= len(key) <= _KEY_MOST:
        raise ValueError("no webhook secret")
    return key


@dataclass(frozen=True, slots=True)
class WebhookSecrets(k.Words):
    """A list of issuers' webhook secrets."""

    what: str = "issuer:whsec_..., several for one issuer while a secret is replaced"

    def element(self, text: str) -> SecretStr:
        """One secret."""
        name, _, secret = text.partition(":")
        try:
            webhook_key(secret)
        except ValueError:
            raise Unfit(
                "has an element that is no issuer's webhook secret",
                "write the issuer's name, a colon, and the secret from whsec_ on, without v1 and comma before it",
            ) from None
        return SecretStr(f"{name}:{secret}")

    def write(self, value: object) -> str:
        """The issuers' names."""
        secrets = value if isinstance(value, tuple) else ()
        return ", ".join(f"{one.get_secret_value().partition(':')[0]}:(hidden)" for one in secrets)


class WebhookSection(Section):
    """Identity providers' webhooks."""

    webhook_secrets: Annotated[
        tuple[SecretStr, ...],
        spec(
            "TIDEGATE_WEBHOOK_SECRETS",
            WebhookSecrets(),
            "What identity providers sign their webhooks with, which come to `/webhooks/identity/ISSUER`.",
        ),
    ] = ()
    webhook_body_bytes: Annotated[
        int,
        spec(
            "TIDEGATE_WEBHOOK_BODY_BYTES",
            k.Integer(1_024, BYTES_MAX, "bytes"),
            "The greatest size of a webhook's body; at most `TIDEGATE_MESSAGE_BYTES`.",
        ),
    ] = 262_144
    webhook_body_ms: Annotated[
        int,
        spec(
            "TIDEGATE_WEBHOOK_BODY_MS",
            k.Integer(100, 60_000, "ms"),
            "How long a webhook's body may take to arrive after its headers.",
        ),
    ] = 3_000
    webhooks_max: Annotated[
        int,
        spec(
            "TIDEGATE_WEBHOOKS_MAX",
            k.Integer(1, 10_000, "webhooks"),
            "How many webhooks may arrive, and how many be acted on, at a time; an address may have a quarter of them.",
        ),
    ] = 64
    webhook_tolerance_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_WEBHOOK_TOLERANCE_SECONDS",
            k.Integer(30, 3_600, "s"),
            "How far a webhook's time may lie from ours, before or after.",
        ),
    ] = 300
    webhook_keep_days: Annotated[
        int,
        spec(
            "TIDEGATE_WEBHOOK_KEEP_DAYS",
            k.Integer(1, 90, "days"),
            "How long a webhook's id is remembered, so that one that comes again does nothing.",
        ),
    ] = 8
    webhook_failures_per_minute: Annotated[
        int,
        spec(
            "TIDEGATE_WEBHOOK_FAILURES_PER_MINUTE",
            k.Integer(1, 10_000, "a minute"),
            "Refused webhooks of one client address that are answered one by one.",
        ),
    ] = 60

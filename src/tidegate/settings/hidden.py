"""The texts that no output may hold."""

import base64
import contextlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from tidegate.settings.model import Settings
from tidegate.settings.webhook_section import PREFIX, webhook_key

_LEAST: Final = 8
"""Characters; a shorter part of a secret would hide half of everything."""


def secrets_of(settings: Settings) -> frozenset[str]:
    """The texts that must not be shown.

    Args:
        settings: the settings.

    Returns:
        the text of each setting that is declared a secret, alone or in a list, and what of it is a secret by itself.
    """
    whole = [secret.get_secret_value() for secret in _wrapped(settings)]
    parts = (part for text in whole for part in _parts(text) if len(part) >= _LEAST)
    return frozenset(whole).union(parts, *settings.authjs_secrets_by_app.values())


def _wrapped(settings: Settings) -> Iterator[SecretStr]:
    for _, value in settings:
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, SecretStr):
                yield one


def _parts(text: str) -> Iterator[str]:
    """Of an issuer's webhook secret: itself, its Base64, and what that stands for; of a URL: its password."""
    _, found, encoded = text.partition(PREFIX)
    if found:
        yield PREFIX + encoded
        yield encoded
        yield encoded.rstrip("=")
        with contextlib.suppress(ValueError):
            key = webhook_key(PREFIX + encoded)
            yield key.hex()
            yield base64.urlsafe_b64encode(key).decode("ascii").rstrip("=")
            yield key.decode("utf-8")
    elif "://" in text:
        with contextlib.suppress(ValueError):
            password = urlsplit(text).password or ""
            yield password
            yield unquote(password)

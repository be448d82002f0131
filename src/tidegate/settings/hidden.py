"""The texts that no output may hold."""

from collections.abc import Iterator

from pydantic import SecretStr

from tidegate.settings.model import Settings


def secrets_of(settings: Settings) -> frozenset[str]:
    """The texts that must not be shown.

    Args:
        settings: the settings.

    Returns:
        the text of each setting that is declared a secret, alone or in a list.
    """
    return frozenset(secret.get_secret_value() for secret in _wrapped(settings))


def _wrapped(settings: Settings) -> Iterator[SecretStr]:
    for _, value in settings:
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, SecretStr):
                yield one

"""The texts that no output may hold."""

from tidegate.settings.model import Settings


def secrets_of(settings: Settings) -> frozenset[str]:
    """The texts that must not be shown.

    Args:
        settings: the settings.

    Returns:
        each secret's text.
    """
    wrapped = [*settings.auth_secrets, settings.api_secret, settings.operator_key]
    return frozenset(secret.get_secret_value() for secret in wrapped if secret is not None)

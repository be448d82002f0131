"""Where pairs of key and secret come from."""

from pathlib import Path

from tidegate.credentials.sources.model import FixedSource, Pairs, SecretSource, SourceError
from tidegate.settings import Settings

__all__ = ["FixedSource", "Pairs", "SecretSource", "SourceError", "source_of"]


def source_of(settings: Settings) -> SecretSource:
    """The source that ``TIDEGATE_CREDENTIALS_SOURCE`` names, or the settings themselves.

    Args:
        settings: sound ones. Without a source they hold key and secret.

    Raises:
        SourceError: what the source needs is not installed, or its address is none.
    """
    kind, _, where = settings.credentials_source.partition(":")
    limit_s = settings.credentials_timeout_ms / 1000
    # Each source is loaded only where it is configured: the one for AWS is large.
    if kind == "file":
        from tidegate.credentials.sources.file import FileSource

        return FileSource(Path(where))
    if kind == "aws":
        from tidegate.credentials.sources.aws import AwsSource

        return AwsSource(where, timeout_s=limit_s)
    if kind == "azure":
        from tidegate.credentials.sources.azure import AzureSource

        return AzureSource(where, settings.azure_vault_hosts, timeout_s=limit_s)
    return FixedSource.of(settings)

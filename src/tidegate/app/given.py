"""Key and secret of a source, put into the settings before anything is built from them."""

from pydantic import SecretStr

from tidegate.app.rotation import pair_faults
from tidegate.credentials.sources import SourceError, source_of
from tidegate.settings import Settings
from tidegate.settings.problems import Problem, SettingsError

_VARIABLE = "TIDEGATE_CREDENTIALS_SOURCE"


def with_credentials(settings: Settings) -> Settings:
    """The settings with the pairs that their source gives; without a source, as they are.

    Reading it blocks, and is bounded by ``TIDEGATE_CREDENTIALS_TIMEOUT_MS``.

    Args:
        settings: sound ones.

    Raises:
        SourceError: the source cannot be read.
        SettingsError: what it gives can be no pair of this environment.
    """
    if not settings.credentials_source:
        return settings
    source = source_of(settings)
    try:
        pairs = source.read()
    except SourceError as error:
        raise SourceError(f"key and secret cannot be read from {source.name}: {error}") from None
    judge = pair_faults(settings.model_copy(update={"api_key": None}))
    if wrong := judge(pairs.current):
        raise SettingsError(
            Problem(_VARIABLE, f"gives a pair that cannot be used: {one}", "mend the source") for one in wrong
        )
    changed: dict[str, object] = {
        "api_key": pairs.current.api_key,
        "api_secret": SecretStr(pairs.current.secret),
    }
    if pairs.following is not None and not judge(pairs.following):
        changed["next_api_key"] = pairs.following.api_key
        changed["next_api_secret"] = SecretStr(pairs.following.secret)
    return settings.model_copy(update=changed)

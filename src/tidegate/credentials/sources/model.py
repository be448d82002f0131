"""What every source gives: two pairs at most, whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from tidegate.credentials.generation import Pair
from tidegate.errors import TidegateError
from tidegate.settings import Settings

KEY: Final = "STREAM_API_KEY"
SECRET: Final = "STREAM_API_SECRET"
NEXT_KEY: Final = "TIDEGATE_NEXT_API_KEY"
NEXT_SECRET: Final = "TIDEGATE_NEXT_API_SECRET"
NAMES: Final = (KEY, SECRET, NEXT_KEY, NEXT_SECRET)

DOCUMENT_OCTETS: Final = 65_536
"""The most that is read of a secret; AWS stores no larger one."""


class SourceError(TidegateError):
    """A source cannot be read, or what it gives is no pair. The text repeats nothing of what was read."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """What a source gave at one moment.

    Attributes:
        current: the pair to use.
        following: the pair that is to follow, if there is one.
    """

    current: Pair
    following: Pair | None = None


class SecretSource(Protocol):
    """Somewhere to read pairs from. Reading blocks, and is bounded in time."""

    @property
    def name(self) -> str:
        """For people: what it is and where."""
        ...

    def read(self) -> Pairs:
        """What it holds now.

        Raises:
            SourceError: it could not be read.
        """
        ...


class FixedSource:
    """Key and secret from the settings, which do not change while the process lives.

    Args:
        pairs: from the settings.
    """

    name = "the environment"

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs

    @classmethod
    def of(cls, settings: Settings) -> "FixedSource":
        """The pairs of the settings.

        Args:
            settings: with key and secret.

        Raises:
            SourceError: one of them is not there.
        """
        if not settings.api_key or settings.api_secret is None:
            raise SourceError("there is no API key and secret")
        following = None
        if settings.next_api_key and settings.next_api_secret is not None:
            following = Pair(settings.next_api_key, settings.next_api_secret.get_secret_value())
        return cls(Pairs(Pair(settings.api_key, settings.api_secret.get_secret_value()), following))

    def read(self) -> Pairs:
        """The same each time."""
        return self._pairs


def pairs_from(members: Mapping[str, object], *, made_at: float | None = None) -> Pairs:
    """The pairs in what a source holds, under the names of the variables.

    Args:
        members: name to text; other names are not looked at.
        made_at: seconds since the epoch at which the source was given this.

    Raises:
        SourceError: a pair is missing or half there; then neither is taken.
    """
    current = _pair(members, KEY, SECRET, made_at)
    if current is None:
        raise SourceError(f"it has no {KEY} and {SECRET}")
    return Pairs(current, _pair(members, NEXT_KEY, NEXT_SECRET, made_at))


def _pair(members: Mapping[str, object], key_name: str, secret_name: str, made_at: float | None) -> Pair | None:
    key, secret = members.get(key_name, ""), members.get(secret_name, "")
    if not isinstance(key, str) or not isinstance(secret, str):
        raise SourceError(f"its {key_name} or {secret_name} is not a text")
    key, secret = key.strip(), secret.strip()
    if bool(key) != bool(secret):
        raise SourceError(f"it has only one of {key_name} and {secret_name}")
    try:
        (key + secret).encode()
    except UnicodeEncodeError:
        raise SourceError(f"its {key_name} or {secret_name} is not UTF-8") from None
    return Pair(key, secret, made_at) if key else None

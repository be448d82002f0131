"""The canary, put together where the settings want one; its library is imported only then."""

from typing import TYPE_CHECKING

from tidegate.clock import Clock
from tidegate.credentials import Access, Credentials
from tidegate.settings import Settings
from tidegate.tokens.mint import BACKDATE, Minter
from tidegate.upstream.channels import ChannelName
from tidegate.upstream.client import StreamClient

if TYPE_CHECKING:
    from tidegate.watch.canary.service import Canary


def canary_of(settings: Settings, client: StreamClient, credentials: Credentials, clock: Clock) -> "Canary | None":
    """The canary that the settings describe; None for none.

    Args:
        settings: sound ones.
        client: makes its calls.
        credentials: sign its tokens.
        clock: for all times.
    """
    if settings.canary == "off":
        return None
    from tidegate.watch.canary.service import TOKEN_SECONDS, Canary, CanaryOptions

    minter = Minter(credentials)
    kind, _, channel_id = settings.canary_channel.partition(":")
    options = CanaryOptions(
        base_url=settings.base_url,
        user_id=settings.canary_user,
        channel=ChannelName(kind, channel_id),
        period_s=settings.canary_seconds,
        timeout_s=settings.canary_timeout_ms / 1000,
    )

    def access() -> Access:
        """A token as an app's user would get it, dated behind a revocation for everybody as soon as that can be."""
        now = clock.now()
        floor = min(credentials.revoked_since, int(now) - BACKDATE)
        minted = minter.mint(options.user_id, minter.rhythm(options.user_id), now, TOKEN_SECONDS, floor)
        return Access(minted.generation.api_key, minted.token)

    return Canary(client.channels, client.quota, access, lambda: credentials.primary.id, options, clock)

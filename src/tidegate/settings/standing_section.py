"""Settings of revocations and bans."""

from typing import Annotated

from tidegate.settings import kinds as k
from tidegate.settings.spec import COUNT_MAX, Section, spec


class StandingSection(Section):
    """Revocations and bans."""

    standing_size: Annotated[
        int,
        spec(
            "TIDEGATE_STANDING_SIZE",
            k.Integer(100, COUNT_MAX, "users"),
            "How many users can have a revocation or a ban; a further one is refused, none is forgotten for it.",
        ),
    ] = 1_000_000
    standing_keep_days: Annotated[
        int,
        spec(
            "TIDEGATE_STANDING_KEEP_DAYS",
            k.Integer(2, 3_650, "days"),
            "How long a revocation is remembered: longer than any session lives. A ban lasts until it ends.",
        ),
    ] = 60
    standing_wait_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_STANDING_WAIT_SECONDS",
            k.Integer(0, 300, "s"),
            "How long a replica that starts gives no tokens until it has read revocations and bans, with the database "
            "down; then it goes on without them. Twelve times as long while no use of the database failed.",
        ),
    ] = 5
    standing_pause_max_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_STANDING_PAUSE_MAX_SECONDS",
            k.Integer(1, 3_600, "s"),
            "The longest pause before Stream is told again where that failed; it doubles from half a second.",
        ),
    ] = 15

"""Settings of the canary."""

from typing import Annotated, Literal

from tidegate.settings import kinds as k
from tidegate.settings.spec import Section, spec


class CanarySection(Section):
    """The canary."""

    canary: Annotated[
        Literal["off", "on"],
        spec(
            "TIDEGATE_CANARY",
            k.Choice(("off", "on")),
            "Whether a canary sends messages at Stream and times their arrival; it counts as an active user there.",
        ),
    ] = "off"
    canary_user: Annotated[
        str,
        spec(
            "TIDEGATE_CANARY_USER",
            k.Line("a user id that begins with tg-@", r"tg-@[A-Za-z0-9_-]+", 64),
            "Its user id. It begins with `tg-@`, as no id of an app's user can.",
        ),
    ] = "tg-@canary"
    canary_channel: Annotated[
        str,
        spec(
            "TIDEGATE_CANARY_CHANNEL",
            k.Line("a channel's type and id", r"[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{1,64}", 129),
            "Its channel, of which it is the only member; what is said there is removed once a day.",
        ),
    ] = "messaging:tidegate-canary"
    canary_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_CANARY_SECONDS",
            k.Integer(5, 600, "s"),
            "How often it speaks.",
        ),
    ] = 30
    canary_timeout_ms: Annotated[
        int,
        spec(
            "TIDEGATE_CANARY_TIMEOUT_MS",
            k.Integer(100, 20_000, "ms"),
            "How long it waits for a message's arrival, for each call, and for being connected.",
        ),
    ] = 5_000

"""Settings of what apps tell of their connections."""

from typing import Annotated, Literal

from tidegate.settings import kinds as k
from tidegate.settings.spec import COUNT_MAX, OFF, Section, spec


class TelemetrySection(Section):
    """What apps tell."""

    telemetry: Annotated[
        Literal["off", "on"],
        spec(
            "TIDEGATE_TELEMETRY",
            k.Choice(("off", "on")),
            "Whether apps may tell of their connections to Stream, at `POST /telemetry`.",
        ),
    ] = "off"
    telemetry_sample_percent: Annotated[
        int,
        spec(
            "TIDEGATE_TELEMETRY_SAMPLE_PERCENT",
            k.Integer(1, 100, "%"),
            "The part of the users who are asked; another part each day.",
        ),
    ] = 100
    telemetry_seconds: Annotated[
        int,
        spec("TIDEGATE_TELEMETRY_SECONDS", k.Integer(5, 3_600, "s"), "How often they are asked to tell."),
    ] = 60
    telemetry_window_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_TELEMETRY_WINDOW_SECONDS",
            k.Integer(30, 3_600, "s"),
            "How long users are told apart, so that a figure counts from 20 of them on; then they are forgotten.",
        ),
    ] = 300
    telemetry_users: Annotated[
        int,
        spec(
            "TIDEGATE_TELEMETRY_USERS",
            k.Integer(100, COUNT_MAX, "users"),
            "How many users are told apart in that time; what further ones tell is not counted.",
        ),
    ] = 20_000
    telemetry_body_bytes: Annotated[
        int,
        spec("TIDEGATE_TELEMETRY_BODY_BYTES", k.Integer(512, 65_536, "bytes"), "The greatest size of what one tells."),
    ] = 4_096
    telemetry_address_per_minute: Annotated[
        int,
        spec(
            "TIDEGATE_TELEMETRY_ADDRESS_PER_MINUTE",
            k.Integer(1, COUNT_MAX, "a minute", OFF),
            "How often one client address may tell (IPv6: one /64).",
        ),
    ] = 600
    telemetry_user_per_minute: Annotated[
        int,
        spec(
            "TIDEGATE_TELEMETRY_USER_PER_MINUTE",
            k.Integer(1, COUNT_MAX, "a minute", OFF),
            "How often one user may tell.",
        ),
    ] = 20

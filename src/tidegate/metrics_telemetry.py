"""The metrics of what apps tell; loaded only where they may.

They are what others say of themselves: clamped, and counted from 20 users on, but measured by nobody here.
"""

from typing import Final

from prometheus_client import Gauge

from tidegate.metrics import REGISTRY
from tidegate.tally import CountFamily, SpreadFamily

CLIENT_CONNECT: Final = SpreadFamily(
    "tidegate_client_connect_seconds",
    "Time that apps took to connect to Stream, by their own word.",
    [],
    bounds=(0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0),
    registry=REGISTRY,
)
CLIENT_DELIVERY: Final = SpreadFamily(
    "tidegate_client_delivery_seconds",
    "Time from sending a message to its arrival on the sender's own connection, by the apps' word.",
    [],
    bounds=(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0),
    registry=REGISTRY,
)
CLIENT_SESSION: Final = SpreadFamily(
    "tidegate_client_session_seconds",
    "How long apps were open, by their own word, told when they close.",
    [],
    bounds=(10.0, 30.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0, 43_200.0),
    registry=REGISTRY,
)
CLIENT_FAILURES: Final = CountFamily(
    "tidegate_client_failures_total",
    "Failures that apps met, by their own word; each user counts once in a window for each reason.",
    ["reason"],
    registry=REGISTRY,
)
CLIENT_CONNECTIONS: Final = Gauge(
    "tidegate_client_connections",
    "Connections that apps held to Stream on average in the last window, as far as this replica was told; "
    "NaN below 20 users.",
    registry=REGISTRY,
)
CLIENT_USERS: Final = Gauge(
    "tidegate_client_users",
    "Users who told this replica anything in the last window; NaN before there was one.",
    registry=REGISTRY,
)
CLIENT_BEACONS: Final = CountFamily(
    "tidegate_client_beacons_total",
    "Beacons by what became of them: counted, outside the sample, one user too many, or refused.",
    ["result"],
    registry=REGISTRY,
)

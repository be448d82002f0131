"""What only the apps can see: connections, and how long messages take to arrive, told in beacons."""

from typing import Final

PATH: Final = "/telemetry"
"""Where beacons are posted."""

"""A beacon as the description of the routes has it. What it says is a promise: whatever fits it is taken."""

from typing import Any

from tidegate.watch.telemetry.model import CONNECTIONS_MOST, COVERED_MOST_S, SESSION_MOST_S, TIME_MOST_S, Failure


def described_beacon() -> dict[str, Any]:
    """The request's body in OpenAPI's words (version 3.1.0, section 4.8.13)."""
    schema = {
        "title": "BeaconBody",
        "type": "object",
        "properties": {
            "seconds": _number(f"How long ago the last beacon was; up to {COVERED_MOST_S:.0f} count."),
            "connected_seconds": _number(
                "For how long connections were open meanwhile, taken together: two for a minute are 120; "
                f"up to {CONNECTIONS_MOST} at a time count."
            ),
            "connect_ms": _times("How long each new connection took"),
            "delivery_ms": _times("How long messages of one's own took from sending to arriving here"),
            "session_seconds": _number(f"In the last beacon alone: how long it was open; up to {SESSION_MOST_S:.0f}."),
            "failures": {
                "type": "object",
                "additionalProperties": {"type": "number"},
                "description": "How often what was met: " + ", ".join(Failure) + ". Other names count as other.",
            },
        },
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _number(description: str) -> dict[str, Any]:
    return {"type": "number", "description": description}


def _times(description: str) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": "number"},
        "description": f"{description}, in milliseconds; up to {TIME_MOST_S * 1000:.0f} count.",
    }

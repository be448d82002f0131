"""The bounds of one listener, below the application."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds of one listener.

    Attributes:
        header_bytes: a whole request head: request line, header lines, empty line.
        url_bytes: the request target alone.
        message_bytes: everything after the head, chunk framing included. The application has its own,
            smaller bound on a body; this one is for a peer that sends on when nobody reads.
        receive_seconds: for a head to arrive, again for its body, and for a peer to take what was written.
        keep_alive_seconds: for the next request to begin.
        pipeline_max: requests a peer may send ahead of their answers (RFC 9112, section 9.3.2).
        connections_max: connections open at once.
    """

    header_bytes: int = 16_384
    url_bytes: int = 8_192
    message_bytes: int = 1_048_576
    receive_seconds: float = 10.0
    keep_alive_seconds: float = 75.0
    pipeline_max: int = 32
    connections_max: int = 10_000

"""Signatures of identity providers' webhooks, in the form of Standard Webhooks.

Clerk sends the same form under Svix's older header names.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from tidegate.errors import Reason, Refusal

_ID: Final = re.compile(r"[!-\-/-~]{1,255}")
"""Visible ASCII without a full stop, which separates the id from the time in what is signed."""
_TIME: Final = re.compile(r"[0-9]{1,12}")
_SCHEME: Final = "v1,"
_SIGNATURES_MOST: Final = 16
_SIGNATURE_BYTES: Final = 2_048
_NAMES: Final = ("webhook", "svix")


class Delivery(NamedTuple):
    """A webhook whose signature was found good.

    Attributes:
        id: the same each time the provider tries again.
        at: when it was sent, seconds since the epoch.
    """

    id: str
    at: int


class WebhookVerifier:
    """Judges one issuer's webhooks.

    Args:
        keys: any of which may have signed; several while a secret is replaced.
        tolerance_s: seconds by which its time may lie from ours.
    """

    __slots__ = ("_keys", "_tolerance_s")

    def __init__(self, keys: Sequence[bytes], tolerance_s: float) -> None:
        self._keys = tuple(keys)
        self._tolerance_s = tolerance_s

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> Delivery:
        """Judge headers and body, in a time that does not depend on how much of a signature is right.

        Args:
            headers: names without regard to case.
            body: as received.
            now: seconds since the epoch.

        Raises:
            Refusal: ``webhook_refused``; it says what does not hold and nothing of what was sent.
        """
        given = next((found for name in _NAMES if (found := _triple(headers, name)) is not None), None)
        if given is None:
            raise _refused("The headers webhook-id, webhook-timestamp and webhook-signature are missing.")
        name, stamp, signatures = given
        if _ID.fullmatch(name) is None or _TIME.fullmatch(stamp) is None or len(signatures) > _SIGNATURE_BYTES:
            raise _refused("The headers webhook-id, webhook-timestamp and webhook-signature are not in their form.")
        if not self._signed(f"{name}.{stamp}.".encode("ascii") + body, signatures):
            raise _refused("No signature fits a secret of this issuer in TIDEGATE_WEBHOOK_SECRETS.")
        if abs(now - int(stamp)) > self._tolerance_s:
            raise _refused("Its time is too far from ours: it was held back, or one of the clocks is wrong.")
        return Delivery(name, int(stamp))

    def _signed(self, content: bytes, signatures: str) -> bool:
        """Every key against every signature, whichever fits first."""
        expected = [hmac.digest(key, content, "sha256") for key in self._keys]
        fits = False
        for part in signatures.split(" ")[:_SIGNATURES_MOST]:
            octets = _decoded(part)
            for one in expected:
                fits |= hmac.compare_digest(one, octets)
        return fits


def _triple(headers: Mapping[str, str], prefix: str) -> tuple[str, str, str] | None:
    found = [headers.get(f"{prefix}-{name}") for name in ("id", "timestamp", "signature")]
    first, second, third = found
    return None if first is None or second is None or third is None else (first, second, third)


def _decoded(part: str) -> bytes:
    """The octets of one signature; none for another scheme."""
    try:
        return base64.b64decode(part.removeprefix(_SCHEME), validate=True) if part.startswith(_SCHEME) else b""
    except (binascii.Error, ValueError):
        return b""


def _refused(detail: str) -> Refusal:
    return Refusal(Reason.WEBHOOK_REFUSED, detail)

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


class Announced(NamedTuple):
    """What the headers of a webhook say, before its body was read; nothing of it is proven.

    Attributes:
        id: in its form.
        stamp: when it says that it was sent, in digits, as it is signed.
        signatures: as they came.
    """

    id: str
    stamp: str
    signatures: str


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

    def announced(self, headers: Mapping[str, str], now: float) -> Announced:
        """Judge what can be judged without the body, so that not every body need be read.

        Args:
            headers: names without regard to case.
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
        if _SCHEME not in signatures:
            raise _refused("The header webhook-signature has none of version v1.")
        if abs(now - int(stamp)) > self._tolerance_s:
            raise _refused("Its time is too far from ours: it was held back, or one of the clocks is wrong.")
        return Announced(name, stamp, signatures)

    def verify(self, announced: Announced, body: bytes) -> Delivery:
        """Judge the signature, in a time that does not depend on how much of it is right.

        Args:
            announced: by the headers.
            body: as received.

        Raises:
            Refusal: ``webhook_refused``.
        """
        name, stamp, signatures = announced
        if not self._signed(f"{name}.{stamp}.".encode("ascii") + body, signatures):
            raise _refused("No signature fits a secret of this issuer in TIDEGATE_WEBHOOK_SECRETS.")
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

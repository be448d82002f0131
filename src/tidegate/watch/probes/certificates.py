"""When the certificates of Stream, of the issuers and of ourselves expire."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from tidegate.clock import Clock, rfc3339
from tidegate.http.outgoing import trust
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import Blame, Outcome, ProbeSpec, State
from tidegate.watch.probes.outcomes import fine, unknown, wrong
from tidegate.watch.probes.reach import Place, place_of

PERIOD_S: Final = 3_600.0
TIMEOUT_S: Final = 10.0

_DAY_S: Final = 86_400.0
_SOON_S: Final = 14 * _DAY_S
_SOON_PART: Final = 0.25
"""Of its life: certificates of a few days are renewed more often."""

_NOW_PART: Final = 0.2
"""Of the time in which it expires soon: from then on it is failing."""

_EXPIRED_CODE: Final = 10
_NOT_YET_CODE: Final = 9
"""OpenSSL's reasons why a certificate is not accepted: X509_V_ERR_CERT_HAS_EXPIRED and _NOT_YET_VALID."""


class Span(NamedTuple):
    """From when to when a certificate is valid, seconds since the epoch."""

    begins: float
    ends: float


class CertificateProbe:
    """A TLS handshake, after which nothing is sent; or a look into our own file.

    Args:
        name: of the probe.
        whose: in words, as in "The certificate of Stream".
        blame: whose fault it is when it expires.
        read: gives its span; None where there is no such server at this moment.
        clock: for the time that is left.
        each_replica: whether each replica looks at its own.
    """

    def __init__(
        self,
        name: str,
        whose: str,
        blame: Blame,
        read: Callable[[], Any],
        clock: Clock,
        *,
        each_replica: bool = False,
    ) -> None:
        self.spec = ProbeSpec(name, f"Certificate of {whose}", PERIOD_S, TIMEOUT_S, each_replica=each_replica)
        self._whose = whose
        self._blame = blame
        self._read = read
        self._clock = clock

    async def run(self) -> Outcome:
        """Look."""
        try:
            span: Span | None = await self._read()
        except ssl.SSLCertVerificationError as error:
            return self._refused(error.verify_code)
        except (OSError, ValueError) as error:
            # What cannot be reached is another probe's to tell.
            text = f"The certificate of {self._whose} could not be looked at ({type(error).__name__})."
            return unknown(self.spec.name, self._clock.now(), Cause.PROBE_BROKEN, text=text)
        return fine(self.spec.name, self._clock.now()) if span is None else self._judged(span)

    def _judged(self, span: Span) -> Outcome:
        now = self._clock.now()
        left = span.ends - now
        figures = {"left_seconds": left, "expires_at": span.ends}
        soon = min(_SOON_S, _SOON_PART * (span.ends - span.begins))
        if left > soon:
            return fine(self.spec.name, now, figures)
        when = rfc3339(span.ends)
        if left <= 0:
            cause, text = Cause.CERTIFICATE_EXPIRED, f"The certificate of {self._whose} has expired at {when}."
        else:
            days = left / _DAY_S
            cause = Cause.CERTIFICATE_EXPIRING
            text = f"The certificate of {self._whose} expires in {days:.1f} days, at {when}."
        state = State.FAILING if left <= _NOW_PART * soon else State.WARNING
        return wrong(self.spec.name, now, state, cause, text=text, blame=self._blame, figures=figures)

    def _refused(self, code: int) -> Outcome:
        now = self._clock.now()
        if code == _EXPIRED_CODE:
            text = f"The certificate of {self._whose} has expired, or this machine's clock is far ahead."
            return wrong(
                self.spec.name, now, State.FAILING, Cause.CERTIFICATE_EXPIRED, text=text, blame=self._blame, sure=0.8
            )
        text = f"{self._whose.capitalize()} shows a certificate that is not to be trusted (OpenSSL's code {code})."
        if code == _NOT_YET_CODE:
            text = f"The certificate of {self._whose} is not valid yet, or this machine's clock is far behind."
        blame = Blame.OURS if self._blame is Blame.OURS or code == _NOT_YET_CODE else Blame.NETWORK
        return wrong(self.spec.name, now, State.FAILING, Cause.CERTIFICATE_REFUSED, text=text, blame=blame, sure=0.5)


def shown_by(place: Place, context: Callable[[], ssl.SSLContext] = trust) -> Callable[[], Any]:
    """The certificate that a server shows.

    Args:
        place: host and port.
        context: whom to trust.

    Returns:
        a function that gives its span. It raises `ssl.SSLCertVerificationError` for one that is not to be trusted,
        `OSError` where the server cannot be reached.
    """

    async def read() -> Span:
        host, port = place
        _, writer = await asyncio.open_connection(host, port, ssl=context(), server_hostname=host)
        try:
            shown = writer.get_extra_info("ssl_object").getpeercert()
        finally:
            writer.close()
        return Span(ssl.cert_time_to_seconds(shown["notBefore"]), ssl.cert_time_to_seconds(shown["notAfter"]))

    return read


def shown_elsewhere(
    url: Callable[[], str | None], known: Place, context: Callable[[], ssl.SSLContext] = trust
) -> Callable[[], Any]:
    """The certificate of a server whose address is found out only as one goes, as that of a key set.

    Args:
        url: of the server; None: it is not known.
        known: a place at which another probe looks.
        context: whom to trust.

    Returns:
        a function as that of `shown_by`; it gives None where the address is not known, is the known place, or has no
        certificate.
    """

    async def read() -> Span | None:
        now = url()
        place = None if now is None or urlsplit(now).scheme != "https" else place_of(now)
        if place is None or place == known:
            return None
        span: Span = await shown_by(place, context)()
        return span

    return read


def in_file(path: Path) -> Callable[[], Any]:
    """The certificate that we show ourselves.

    Args:
        path: of the chain, ours first.

    Returns:
        a function that gives its span, and raises `OSError` or `ValueError`.
    """

    def parsed() -> Span:
        from cryptography import x509

        found = x509.load_pem_x509_certificates(path.read_bytes())[0]
        return Span(found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp())

    async def read() -> Span:
        return await asyncio.to_thread(parsed)

    return read

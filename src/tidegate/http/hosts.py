"""Under which name a listener is asked, and by which page: what keeps browsers out of a listener on this machine.

A page in a browser can reach loopback: with a host name of its own that resolves there (DNS rebinding), or by a
request across origins whose answer it cannot read but whose effect it may want. Neither needs to be let in.
"""

import ipaddress
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from tidegate.errors import Reason, Refusal
from tidegate.http.answer import Headers

_FROM_HERE: Final = frozenset({b"same-origin", b"none"})


class HostRule:
    """Which names a listener answers to.

    An address cannot be rebound, and ``localhost`` is not looked up elsewhere (RFC 6761, section 6.3): both are
    always accepted.

    Args:
        names: further host names, without port.
    """

    __slots__ = ("_names",)

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name.lower().rstrip(".") for name in names) | {"localhost"}

    def check(self, headers: Headers, scheme: str) -> None:
        """See that a request was meant for this listener, and comes from no page of another origin.

        Args:
            headers: of the request, names in lower case.
            scheme: of the connection.

        Raises:
            Refusal: ``host_refused`` (RFC 9110, section 15.5.20), or ``origin_refused``.
        """
        host = self.check_host(headers)
        origin, site = _only(headers, b"origin"), _only(headers, b"sec-fetch-site")
        own = scheme.encode("ascii") + b"://" + host.lower()
        if (origin is not None and origin.lower() != own) or (site is not None and site not in _FROM_HERE):
            raise Refusal(Reason.ORIGIN_REFUSED, "No page of another origin is answered here.")

    def check_host(self, headers: Headers) -> bytes:
        """See that a request was meant for this listener, wherever it comes from.

        Args:
            headers: of the request, names in lower case.

        Returns:
            the value of ``Host``.

        Raises:
            Refusal: ``host_refused``.
        """
        host = _only(headers, b"host")
        if host is None or not self._answers_to(host):
            raise Refusal(
                Reason.HOST_REFUSED, "The name in the header Host is neither an address nor in TIDEGATE_OPERATOR_HOSTS."
            )
        return host

    def _answers_to(self, host: bytes) -> bool:
        try:
            name = urlsplit(f"//{host.decode('ascii')}").hostname or ""
        except ValueError:
            return False
        if name.rstrip(".") in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _only(headers: Headers, name: bytes) -> bytes | None:
    """The value of a header, None without one; of several, what no rule accepts."""
    values = [value.strip() for given, value in headers if given == name]
    return b",".join(values) if values else None

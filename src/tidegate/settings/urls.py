"""URLs and addresses in settings, read strictly: what is odd is refused, never repaired."""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from tidegate.settings.problems import Unfit

_URL: Final = re.compile(r"https?://[A-Za-z0-9\-._~:/\[\]@!$&'()*+,;=%]{1,2048}")
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_BIND: Final = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]]+)):(?P<port>[0-9]{1,5})")
_PORT_MAX: Final = 65535
_BIND_MEND: Final = "write host:port, for instance 127.0.0.1:8000 or [::1]:8000"


def is_loopback(host: str) -> bool:
    """Whether an address reaches this machine only. Names other than ``localhost`` are not trusted to."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def split(url: str) -> SplitResult:
    """Take an absolute http or https URL apart.

    Args:
        url: without credentials, query or fragment: whatever is in it goes to logs.

    Returns:
        its parts; ``hostname`` and ``port`` can be read without an exception.

    Raises:
        Unfit: when it is not such a URL.
    """
    if "?" in url or "#" in url:
        raise Unfit("has a query or a fragment", "write the URL without them")
    if _URL.fullmatch(url) is None:
        raise Unfit("is not an http or https URL", "write it as https://host or https://host/path")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unfit("has an invalid host or port", "write it as https://host or https://host:port") from None
    if "@" in parts.netloc:
        raise Unfit("carries credentials", "write the URL without a user or password in it")
    if port == 0 or not parts.hostname or not _is_host(parts.hostname):
        raise Unfit("has an invalid host or port", "write it as https://host or https://host:port")
    return parts


def _is_host(host: str) -> bool:
    if ":" not in host:
        return _HOST.fullmatch(host) is not None
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def is_loopback_http(url: str) -> bool:
    """Whether a URL is plain http to this machine: the sandbox's, or a stand-in's."""
    try:
        parts = split(url)
    except Unfit:
        return False
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def demand_encrypted(url: str, *, development: bool) -> None:
    """Check that what travels to a URL cannot be read on the way.

    Args:
        url: the URL.
        development: whether plain http to loopback is accepted.

    Raises:
        Unfit: when it is not an https URL, nor the exception.
    """
    if split(url).scheme == "https" or (development and is_loopback_http(url)):
        return
    if is_loopback_http(url):
        raise Unfit("is plain http to loopback, which only development accepts", "write an https:// URL")
    raise Unfit("is plain http", "write an https:// URL (plain http is accepted to loopback only, in development)")


def split_bind(text: str) -> tuple[str, int]:
    """Take ``host:port`` apart.

    Args:
        text: an IPv4 address or name with a port, or an IPv6 address in brackets with a port.

    Returns:
        the host without brackets, and the port (0 lets the system choose).

    Raises:
        Unfit: when it is not an address to listen on.
    """
    match = _BIND.fullmatch(text)
    if match is None or int(match["port"]) > _PORT_MAX:
        raise Unfit("is not an address to listen on", _BIND_MEND)
    host = match["six"] or match["host"]
    if not _is_host(host) or (match["six"] is None) != (":" not in host):
        raise Unfit("is not an address to listen on", _BIND_MEND)
    return host, int(match["port"])

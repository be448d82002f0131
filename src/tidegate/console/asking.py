"""One request for a page, as the doors see it, and what their answers share."""

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from tidegate.console.model import ROOT, Visit
from tidegate.errors import Reason, Refusal
from tidegate.http.answer import Answer, Headers, Receive, Send
from tidegate.http.call import Call
from tidegate.http.operators import Role

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types tidegate-console"
)
"""Content Security Policy 3: nothing inline, nothing from elsewhere, in nobody's frame."""

# Not no-referrer: with it browsers send "Origin: null" along with our own forms (Fetch standard, section 3.1).
PAGE: Final[Headers] = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", POLICY.encode("ascii")),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
"""The headers of every page."""

FIELDS_MOST: Final = 16
"""Fields of a form."""

_PORT: Final = re.compile(rb":([0-9]{1,5})$")


@dataclass(slots=True)
class Asked:
    """A request that came through the gate.

    Attributes:
        call: what is known of it.
        query: its parameters, each once.
        form: the fields of its body, each once.
        visit: the browser's session, if it has one.
        cookie: the secret of that session.
        receive, send: of the ASGI server, for doors that stay open.
    """

    call: Call
    receive: Receive
    send: Send
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    visit: Visit | None = None
    cookie: str = field(default="", repr=False)

    @property
    def signed_in(self) -> Visit:
        """The browser's session.

        Raises:
            Refusal: ``operator_key_missing``: it has none.
        """
        if self.visit is None:
            raise Refusal(Reason.OPERATOR_KEY_MISSING, "Sign in to the console first.")
        return self.visit

    def demand_token(self) -> None:
        """See that a form is one of ours, made for this browser.

        Raises:
            Refusal: ``origin_refused``.
        """
        given, known = self.form.get("token", ""), self.signed_in.csrf
        if not hmac.compare_digest(given.encode("utf-8", "replace"), known.encode()):
            raise Refusal(Reason.ORIGIN_REFUSED, "This form is not one that the console made for this browser.")


@dataclass(frozen=True, slots=True)
class Door:
    """One page or action.

    Attributes:
        path: of it; what the log and the ledger show.
        method: the one that it answers.
        open: answers; None where it has sent its answer itself.
        role: the least role; None: nobody needs to have signed in.
        recorded: whether each call is recorded.
        counts: whether it shows that somebody is there.
    """

    path: str
    method: str
    open: Callable[[Asked], Awaitable[Answer | None]]
    role: Role | None = Role.VIEWER
    recorded: bool = True
    counts: bool = True


def fields(text: str) -> dict[str, str]:
    """The fields of a form or of a query (URL standard, section 5.1).

    Raises:
        Refusal: ``request_invalid``: too many, or one of them twice, which two readers could read differently.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=FIELDS_MOST)
    except ValueError:
        raise Refusal(Reason.REQUEST_INVALID, "The form cannot be read.") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal(Reason.REQUEST_INVALID, "A field of the form stands twice.")
    return found


def cookie_name(call: Call) -> str:
    """What the cookie of a session is called.

    Over HTTPS its name binds it to this host alone (RFC 6265bis, section 4.1.3.2). Cookies know no ports, so that on
    plain HTTP, which is loopback, the port stands in the name: two consoles by two tunnels do not sign each other out.
    """
    if call.scheme == "https":
        return "__Host-tidegate-console"
    port = _PORT.search(call.headers.get(b"host", b""))
    return f"tidegate-console-{port[1].decode() if port else 80}"


def cookie_of(call: Call, name: str) -> str:
    """The value of a cookie; empty where there is none, or more than one."""
    found = [
        value
        for pair in call.headers.get(b"cookie", b"").decode("latin-1").split(";")
        for own, _, value in [pair.strip().partition("=")]
        if own == name
    ]
    return found[0] if len(found) == 1 else ""


def set_cookie(
    call: Call, name: str, value: str, *, seconds: int | None, same_site: str = "Strict"
) -> tuple[bytes, bytes]:
    """The header that gives a browser a cookie.

    Args:
        call: to which it is the answer.
        name: of the cookie.
        value: of it; empty to take it away.
        seconds: how long it lasts; None: as long as the browser runs.
        same_site: whether it comes along when another site leads here.
    """
    secure = "; Secure" if call.scheme == "https" else ""
    place = "/" if name.startswith("__Host-") else ROOT
    age = "" if seconds is None else f"; Max-Age={seconds}"
    text = f"{name}={value}; Path={place}; HttpOnly; SameSite={same_site}{secure}{age}"
    return b"set-cookie", text.encode("ascii")


def page(html: str, status: int = 200) -> Answer:
    """A page.

    Args:
        html: of it.
        status: of the answer.
    """
    return Answer(status, html.encode("utf-8"), [*PAGE])


def go_to(path: str) -> Answer:
    """Send the browser to one of our pages, by GET.

    Args:
        path: one of ours; never anything that came with a request.
    """
    return Answer(303, b"", [(b"location", path.encode("ascii"))])

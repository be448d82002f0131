"""From templates to pages. Everything that is put into one is escaped, unless this module made it."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from tidegate.clock import rfc3339

TOKEN: Final = f"token-{secrets.token_hex(16)}"
"""Stands in rendered parts where a form's token belongs, which is another one for each browser. Made at each start,
so that nothing that a stranger writes can be taken for it."""

_CENTI: Final = 0.01
_THREE_DIGITS: Final = 100


class Pages:
    """The templates.

    Args:
        assets: the path of the folder of style sheets and scripts.
        lasting: what every page shows: the environment, the version.
    """

    def __init__(self, assets: str, lasting: Mapping[str, object]) -> None:
        self._environment = Environment(
            loader=PackageLoader("tidegate.console"),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(moment=moment, span=span, seconds=seconds, number=number)
        self._environment.globals.update(assets=assets, form_token=TOKEN, **lasting)
        for name in self._environment.list_templates():
            self._environment.get_template(name)  # compiled here, beside the event loop, and kept

    def render(self, name: str, context: Mapping[str, object], token: str = "") -> str:
        """A page, or a part of one.

        Args:
            name: of the template, without its ending.
            context: what the template shows.
            token: of the browser's forms; empty leaves its place marked, for `with_token`.
        """
        html = self._environment.get_template(f"{name}.html").render(context)
        return with_token(html, token) if token else html


def with_token(html: str, token: str) -> str:
    """A rendered part for one browser.

    Args:
        html: with the place of the token marked.
        token: of the browser; of letters that need no escaping.
    """
    return html.replace(TOKEN, token)


def mark_of(html: str) -> str:
    """What tells two states of a part from each other."""
    return hashlib.sha256(html.encode()).hexdigest()[:16]


def moment(at: float | None) -> Markup:
    """A time: its date for machines, and hours and minutes in UTC, which the page's script turns into an age.

    Args:
        at: seconds since the epoch; None: never.
    """
    if at is None:
        return Markup("never")
    told = datetime.fromtimestamp(at, UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        rfc3339(at), f"{told:%Y-%m-%d %H:%M:%S} UTC", f"{told:%H:%M:%S} UTC"
    )


def span(since: float | None) -> Markup:
    """For how long something has been so, which the page's script counts on; without it, since when.

    Args:
        since: seconds since the epoch; None: it is not known.
    """
    if since is None:
        return Markup("")
    told = datetime.fromtimestamp(since, UTC)
    return Markup('<time datetime="{}" data-span title="since {}">since {}</time>').format(
        rfc3339(since), f"{told:%Y-%m-%d %H:%M:%S} UTC", f"{told:%H:%M:%S} UTC"
    )


def number(value: float) -> str:
    """A count, or a measured figure, as short as it can be read."""
    if value == round(value) or abs(value) >= _THREE_DIGITS:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.3g}"


def seconds(value: float) -> str:
    """A duration in the unit that suits it."""
    if value < 1:
        return f"{value * 1000:.{0 if value >= _CENTI else 1}f} ms"
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if value >= 2 * size:
            return f"{value / size:.0f} {unit}"
    return f"{value:.3g} s"

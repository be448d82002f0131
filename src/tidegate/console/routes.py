"""The doors of the console."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import orjson

from tidegate import metrics
from tidegate.console.actions import Actions
from tidegate.console.asking import Asked, Door, cookie_name, cookie_of, go_to, page, set_cookie
from tidegate.console.charts import charts_of, figures
from tidegate.console.live import Live
from tidegate.console.model import ROOT, SIGN_IN, Visitor
from tidegate.console.oidc.service import FLOW_SECONDS, OidcSignIn
from tidegate.console.pages import Pages
from tidegate.console.present import Presenter
from tidegate.console.sources import Sources
from tidegate.console.visits import Links, Visits
from tidegate.errors import REASONS, Reason, Refusal
from tidegate.http.answer import JSON, Answer
from tidegate.http.operators import Role
from tidegate.http.proxy import limit_key

OIDC: Final = f"{ROOT}/oidc"
"""Of the sign-in at a provider."""

_SECONDS_MOST: Final = 86_400
_DIGITS: Final = re.compile(r"[0-9]{1,5}")


class Doors:
    """The pages and actions of the console.

    Args:
        pages: the templates.
        presenter: renders the parts.
        live: keeps open pages up to date.
        actions: what can be done.
        visits: the browsers that signed in.
        links: by which they do.
        sources: for the charts.
        provider: at which people can sign in, too; None: there is none.
    """

    def __init__(
        self,
        pages: Pages,
        presenter: Presenter,
        live: Live,
        actions: Actions,
        visits: Visits,
        links: Links,
        sources: Sources,
        provider: OidcSignIn | None = None,
    ) -> None:
        self._pages = pages
        self._presenter = presenter
        self._live = live
        self._actions = actions
        self._visits = visits
        self._links = links
        self._sources = sources
        self._provider = provider

    def all(self) -> list[Door]:
        """Every door."""
        return [
            Door(ROOT, "GET", self.home),
            Door(SIGN_IN, "GET", self.sign_in, role=None, recorded=False),
            Door(SIGN_IN, "POST", self.enter, role=None),
            *self._of_provider(),
            Door(f"{ROOT}/logout", "POST", self.leave),
            Door(f"{ROOT}/live", "GET", self.live, counts=False, recorded=False),
            Door(f"{ROOT}/figures", "GET", self.figures, counts=False, recorded=False),
            Door(f"{ROOT}/confirm", "POST", self.confirm, role=Role.OPERATOR, recorded=False),
            *(
                Door(f"{ROOT}/actions/{name}", "POST", self._acting(name), role=Role.OPERATOR)
                for name in self._actions.table
            ),
        ]

    def _of_provider(self) -> list[Door]:
        if self._provider is None:
            return []
        return [
            Door(f"{OIDC}/start", "GET", self.go_to_provider, role=None, recorded=False),
            Door(f"{OIDC}/callback", "GET", self.back_from_provider, role=None),
        ]

    async def home(self, asked: Asked) -> Answer:
        """The page."""
        visit = asked.signed_in
        notice, visit.notice = visit.notice, None
        return page(self._presenter.home(visit.operator, visit.csrf, notice))

    async def sign_in(self, asked: Asked) -> Answer:
        """The page on which one signs in."""
        if asked.visit is not None:
            return go_to(ROOT)
        return self._page("login", {})

    async def enter(self, asked: Asked) -> Answer:
        """Spend a link's code for a session."""
        visitor = self._links.spend(asked.form.get("code", ""))
        metrics.CONSOLE_SIGN_INS.labels("link", "refused" if visitor is None else "accepted").inc()
        if visitor is None:
            detail = "This link was used already, is older than two minutes, or is none. Make a new one."
            raise Refusal(Reason.OPERATOR_KEY_REFUSED, detail)
        return self.admitted(asked, visitor, go_to(ROOT))

    async def go_to_provider(self, asked: Asked) -> Answer:
        """Begin a sign-in at the provider."""
        url, browser = await self._oidc.begin(limit_key(asked.call.client))
        answer = go_to(url)
        answer.headers.append(
            set_cookie(asked.call, _flow_cookie(asked), browser, seconds=FLOW_SECONDS, same_site="Lax")
        )
        return answer

    async def back_from_provider(self, asked: Asked) -> Answer:
        """End it.

        The browser goes on by itself from a page of ours: a cookie that is strictly of this site would not come along
        on a way that another site began.
        """
        try:
            visitor = await self._oidc.finish(asked.query, cookie_of(asked.call, _flow_cookie(asked)))
        except Refusal:
            metrics.CONSOLE_SIGN_INS.labels("oidc", "refused").inc()
            raise
        metrics.CONSOLE_SIGN_INS.labels("oidc", "accepted").inc()
        answer = self.admitted(asked, visitor, self._page("welcome", {"operator": visitor.operator}))
        answer.headers.append(set_cookie(asked.call, _flow_cookie(asked), "", seconds=0, same_site="Lax"))
        return answer

    @property
    def _oidc(self) -> OidcSignIn:
        if self._provider is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such page.")
        return self._provider

    def admitted(self, asked: Asked, visitor: Visitor, answer: Answer) -> Answer:
        """Begin a session; one that the browser had before ends.

        Args:
            asked: by whom.
            visitor: who it is.
            answer: what the browser gets, and the cookie with it.
        """
        if asked.cookie:
            self._visits.close(asked.cookie)
        secret, asked.visit = self._visits.open(visitor)
        answer.headers.append(set_cookie(asked.call, cookie_name(asked.call), secret, seconds=None))
        return answer

    async def leave(self, asked: Asked) -> Answer:
        """Sign out."""
        self._visits.close(asked.cookie)
        answer = go_to(SIGN_IN)
        answer.headers.append(set_cookie(asked.call, cookie_name(asked.call), "", seconds=0))
        return answer

    async def live(self, asked: Asked) -> None:
        """The events of an open page."""
        await self._live.stream(asked)

    async def figures(self, asked: Asked) -> Answer:
        """What the charts show."""
        text = asked.query.get("seconds", "3600")
        if _DIGITS.fullmatch(text) is None or not 0 < int(text) <= _SECONDS_MOST:
            raise Refusal(Reason.REQUEST_INVALID, f"seconds is a whole number up to {_SECONDS_MOST}.")
        charts = charts_of(told=self._sources.told)
        return Answer(200, orjson.dumps({"figures": figures(charts, self._sources.series, float(text))}), [JSON])

    async def confirm(self, asked: Asked) -> Answer:
        """The question before an action."""
        visit = asked.signed_in
        action = self._actions.of(asked.form)
        ask = await action.ask(asked.form)
        return self._page("confirm", {"ask": ask, "action": action.name, "operator": visit.operator}, visit.csrf)

    def _acting(self, name: str) -> Callable[[Asked], Awaitable[Answer]]:
        async def act(asked: Asked) -> Answer:
            form = {**asked.form, "action": name}
            visit = asked.signed_in
            visit.notice = await self._actions.of(form).do(form, visit.operator.name)
            return go_to(ROOT)

        return act

    def error(self, refusal: Refusal, asked: Asked) -> Answer:
        """A page that says why something was refused.

        Args:
            refusal: what stood in the way.
            asked: by whom.
        """
        spec = REASONS[refusal.reason]
        context = {
            "title": spec.title,
            "detail": refusal.detail,
            "reason": refusal.reason.value,
            "request": asked.call.id,
            "operator": asked.visit.operator if asked.visit else None,
        }
        answer = self._page("message", context, status=spec.status)
        if refusal.retry_after is not None:
            answer.headers.append((b"retry-after", b"%d" % refusal.retry_after))
        return answer

    def _page(self, name: str, context: Mapping[str, object], token: str = "", status: int = 200) -> Answer:
        return page(self._pages.render(name, {"now": self._sources.clock.now(), **context}, token), status)


def _flow_cookie(asked: Asked) -> str:
    return f"{cookie_name(asked.call)}-oidc"

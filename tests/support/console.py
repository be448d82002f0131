"""Browsers for tests of the console: clients that keep cookies and say where they come from."""

import contextlib
import re

from support.gate import OPS_URL
from support.operating import OPERATOR


async def enter(browser, code):
    """Send the form of the sign-in page."""
    return await browser.post("/console/login", data={"code": code}, headers={"Origin": _origin(browser)})


async def signed_in(gate, browser, key=OPERATOR):
    """Sign a browser in by a link that this key makes; the answer."""
    async with gate.operator(key) as holder:
        made = (await holder.post("/operator/v1/console/links")).json()
    return await enter(browser, made["path"].partition("#")[2])


@contextlib.asynccontextmanager
async def opened(gate, key=OPERATOR, url=OPS_URL):
    """A browser that signed in; ``answer`` is what it was answered then."""
    async with gate.operator(key=None, url=url) as browser:
        browser.answer = await signed_in(gate, browser, key)
        assert browser.answer.status_code == 303
        browser.headers["Origin"] = _origin(browser)
        yield browser


def token_in(page):
    """The token of a page's forms."""
    (token,) = set(re.findall(r'name="token" value="([A-Za-z0-9_-]{43})"', page))
    return token


def _origin(browser):
    return str(browser.base_url).rstrip("/")

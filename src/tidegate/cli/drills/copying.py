"""An isolated copy of a service: its numbers and policies, the sandbox in place of everybody else, and a clock to turn.

What names a place, a key or a secret is never copied, so whatever settings there will be, a drill reaches nothing of
the instance's, nor of anybody else's.
"""

import asyncio
import contextlib
import io
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Final

import httpx2
from pydantic import SecretStr

from tidegate.app.build import Runtime, build
from tidegate.app.stores import store_wanted
from tidegate.cli.drills.model import Mood, Seen
from tidegate.cli.exits import CommandFailed
from tidegate.clock import SystemClock
from tidegate.sandbox.authjs import ROUTE
from tidegate.sandbox.model import Sandbox
from tidegate.sandbox.people import APP_ORIGIN
from tidegate.sandbox.server import SandboxServer
from tidegate.settings import IssuerConfig, Settings, kinds
from tidegate.settings.model import SPECS
from tidegate.store import StoreUnavailable

POLICIES: Final = ("profile_sync", "escape_capitals", "pending_policy", "impersonation_policy")
"""What is copied besides numbers."""

APP: Final = "authjs"
"""What the sandbox calls the app."""

AUTHJS: Final = "authjs"
"""The kind of its issuer, and its name."""

START_SECONDS: Final = 10.0
"""By the real clock."""

_RESTORE_SECONDS: Final = 0.2
"""The same; reading keys from disk takes a few thousandths."""

_CHANGED: Final = {
    # One machine asks in everybody's place here, so limits would be met that nobody meets otherwise.
    "limit_address_per_minute": 0,
    "limit_subject_per_minute": 0,
    "limit_issuer_per_minute": 0,
    "limit_total_per_minute": 0,
    # These wait by the real clock; hours pass in seconds here.
    "sync_drain_seconds": 0,
    "sync_pause_max_seconds": 1,
    "upstream_attempts": 1,
}
_MOODS: Final = {"healthy": Mood.GOOD, "degraded": Mood.WEAK, "unhealthy": Mood.BAD}


class Also(StrEnum):
    """What a copy has besides the issuer and Stream."""

    SESSION_ROUTE = "session-route"  # in place of the issuer: an app that keeps the sessions
    DATABASE = "database"


class DrillClock(SystemClock):
    """The machine's clock, moved ahead; the sandbox and the service share it.

    Attributes:
        shift: seconds ahead.
    """

    def __init__(self) -> None:
        self.shift = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return SystemClock.now() + self.shift

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return SystemClock.monotonic() + self.shift


def isolated(
    settings: Settings, server: SandboxServer, state_dir: Path, *, pem: bool, also: Also | None = None
) -> Settings:
    """The settings of the copy.

    Args:
        settings: of the instance.
        server: the sandbox, running.
        state_dir: of the copy.
        pem: whether the public key is configured, as with an issuer that is never asked for it.
        also: what it has besides.
    """
    numbers = {name: getattr(settings, name) for name, one in SPECS.items() if isinstance(one.kind, kinds.Integer)}
    api_key, secret = server.sandbox.credentials()
    own: dict[str, object] = {
        "api_key": api_key,
        "api_secret": SecretStr(secret),
        "base_url": server.stream_url,
        "issuers": (_issuer(settings, server, pem=pem),),
        "state_dir": state_dir,
        "log_format": "json",
    }
    if also is Also.SESSION_ROUTE:
        own |= _app(settings, server)
    if also is Also.DATABASE:
        own |= {"database_url": SecretStr(f"sqlite:///{state_dir / 'drill.db'}")}
    policies = {name: getattr(settings, name) for name in POLICIES}
    return Settings.model_validate({**dict(Settings()), **numbers, **policies, **_CHANGED, **own})


def _app(settings: Settings, server: SandboxServer) -> dict[str, object]:
    """The sandbox as an app that keeps sessions in a database, as issuer."""
    app = server.sandbox.app_as(APP)
    skews = [one.clock_skew_seconds for one in settings.issuers if one.kind == AUTHJS]
    members = {"name": AUTHJS, "kind": AUTHJS, "issuer": AUTHJS, "max_age_seconds": settings.authjs_max_age_seconds}
    return {
        "issuers": (IssuerConfig.model_validate({**members, "clock_skew_seconds": (skews or [15])[0]}),),
        "auth_secrets": (SecretStr(app.secret),),
        "authjs_session_url": f"{app.url}{ROUTE}",
    }


def _issuer(settings: Settings, server: SandboxServer, *, pem: bool) -> IssuerConfig:
    """The sandbox as issuer, held to the tolerances of the primary one."""
    members: dict[str, object] = dict(server.sandbox.issuer_config())
    if pem:
        members = {
            "name": members["name"],
            "kind": "pem",
            "issuer": members["issuer"],
            "pem": server.sandbox.provider.public_pem(),
            "authorized_parties": (APP_ORIGIN,),
        }
    if settings.issuers:
        first = settings.issuers[0]
        members |= {"clock_skew_seconds": first.clock_skew_seconds, "max_age_seconds": first.max_age_seconds}
    return IssuerConfig.model_validate(members)


@dataclass
class Copy:
    """The copy, running.

    Attributes:
        sandbox: everybody else.
        runtime: the service.
        clock: of both.
        directory: in which both keep what they keep.
    """

    sandbox: Sandbox
    runtime: Runtime
    clock: DrillClock
    directory: Path

    def __post_init__(self) -> None:
        self._numbers = count(1)

    async def exchange(self, session: str, runtime: Runtime | None = None) -> tuple[Seen, dict[str, str]]:
        """What an app gets for a session, and the members of the answer.

        Args:
            session: token of the identity provider.
            runtime: of another replica.
        """
        answer = await self._ask("POST", "/stream/token", session, runtime)
        members: dict[str, str] = answer.json()
        if answer.is_success:
            return Seen(Mood.GOOD, "gets a token"), members
        return Seen(Mood.BAD, f"{answer.status_code} {members['reason']}"), members

    async def works(self, session: str) -> dict[str, str]:
        """The members of the answer to a session, before anything is broken.

        Raises:
            CommandFailed: there is no token for it.
        """
        seen, members = await self.exchange(session)
        if seen.mood is not Mood.GOOD:
            raise CommandFailed(f"before anything was broken the copy answered {seen.said}")
        return members

    async def recovery(self, at: float, longest: int, session: Callable[[], str]) -> float | None:
        """Count the seconds until a session is taken again; None if that takes longer than is looked.

        Args:
            at: when the outage ended, seconds after its beginning.
            longest: how many seconds to look.
            session: makes one.
        """
        for seconds in range(longest):
            self.clock.shift = at + seconds
            if (await self.exchange(session()))[0].mood is Mood.GOOD:
                return float(seconds)
        return None

    async def status(self, session: str) -> Seen:
        """What an app gets that asks about its user at Stream."""
        answer = await self._ask("GET", "/api/chat/token", session)
        if answer.is_success:
            return Seen(Mood.GOOD, "gets an answer")
        return Seen(Mood.BAD, f"{answer.status_code} {answer.json()['reason']}")

    async def health(self) -> Seen:
        """What the health page says after a live test."""
        answer = await self._ask("GET", "/api/chat/test-connection")
        status = str(answer.json()["status"])
        return Seen(_MOODS[status], status)

    async def ready(self) -> Seen:
        """What a load balancer sees."""
        answer = await self._ask("GET", "/readyz")
        return Seen(Mood.GOOD, "ready") if answer.is_success else Seen(Mood.BAD, "not ready")

    async def restarted(self, session: str) -> Seen:
        """What an app gets from a replica that starts at this moment with the keys that are on disk."""
        async with self.started(self.clock) as fresh:
            return (await self.exchange(session, fresh))[0]

    @contextlib.asynccontextmanager
    async def started(self, clock: DrillClock, *, severed: bool = False) -> AsyncIterator[Runtime]:
        """A replica that starts at this moment with the keys that are on disk.

        Args:
            clock: of its own, or that of all.
            severed: whether it cannot reach the database.
        """
        with tempfile.TemporaryDirectory(dir=self.directory) as place:
            kept = self.runtime.settings.state_dir / "keys"
            if kept.is_dir():
                shutil.copytree(kept, Path(place) / "keys")
            fresh = _built(self.runtime.settings.model_copy(update={"state_dir": Path(place)}), clock)
            if severed:
                fresh.store.database.sever()
            async with fresh.background.running():
                await came(fresh.watch.can_exchange, _RESTORE_SECONDS)
                yield fresh

    async def _ask(
        self, method: str, path: str, session: str | None = None, runtime: Runtime | None = None
    ) -> httpx2.Response:
        headers = {} if session is None else {"Authorization": f"Bearer {session}"}
        transport = httpx2.ASGITransport((runtime or self.runtime).app, client=(_address(next(self._numbers)), 40_000))
        async with httpx2.AsyncClient(transport=transport, base_url="http://drill.invalid", trust_env=False) as http:
            return await http.request(method, path, headers=headers)


def _address(number: int) -> str:
    """Somebody else each time (RFC 2544's block for such tests)."""
    return f"198.18.{number // 256 % 256}.{number % 256}"


async def came(true: Callable[[], bool], seconds: float) -> bool:
    """Whether something comes true within a time by the real clock.

    Args:
        true: looked at a hundred times a second.
        seconds: how long to wait.
    """
    for _ in range(int(seconds * 100)):
        if true():
            return True
        await asyncio.sleep(0.01)
    return true()


def _is_up(runtime: Runtime, *, pem: bool) -> bool:
    """Whether a replica has its keys, and keeps them on disk where it fetched them."""
    return runtime.watch.can_exchange() and (pem or any((runtime.settings.state_dir / "keys").glob("set-*.json")))


async def _knows_all(runtime: Runtime) -> bool:
    """Whether the copy's database, if it has one, was made and read; else the health page would speak of that first."""
    if not store_wanted(runtime.settings):
        return True
    for _ in range(int(START_SECONDS * 20)):
        try:
            await runtime.store.bus.catch_up()
        except StoreUnavailable:
            await asyncio.sleep(0.05)
        else:
            return True
    return False


@contextlib.asynccontextmanager
async def copied(settings: Settings, *, pem: bool = False, also: Also | None = None) -> AsyncIterator[Copy]:
    """Run a copy until the block ends; nothing of it is left.

    Args:
        settings: of the instance.
        pem: as in `isolated`.
        also: likewise.
    """
    clock = DrillClock()
    with tempfile.TemporaryDirectory(prefix="tidegate-drill-") as place, SandboxServer(Sandbox(clock)) as server:
        directory = Path(place)
        runtime = _built(isolated(settings, server, directory / "state", pem=pem, also=also), clock)
        async with runtime.background.running():
            if not (await came(lambda: _is_up(runtime, pem=pem), START_SECONDS) and await _knows_all(runtime)):
                raise CommandFailed("the copy of the service did not come up", "look at tidegate config check")
            yield Copy(server.sandbox, runtime, clock, directory)


class _Nowhere(io.TextIOBase):
    """Where the copy's lines about requests go."""

    def write(self, text: str) -> int:
        return len(text)


def _built(settings: Settings, clock: DrillClock) -> Runtime:
    with contextlib.redirect_stdout(_Nowhere()):  # a service keeps the stream that it was built with
        return build(settings, clock=clock)

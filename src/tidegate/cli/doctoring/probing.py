"""Running the probes once, on a service that is assembled and not started."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from tidegate.app.build import Runtime, build
from tidegate.app.probing import places_of
from tidegate.cli.doctoring.model import Item, Section, State
from tidegate.clock import SystemClock
from tidegate.settings.repair import CREDENTIALS, Repaired
from tidegate.watch.probes.causes import spec_of
from tidegate.watch.probes.clocks import CLOCK
from tidegate.watch.probes.configuration import CONFIGURATION
from tidegate.watch.probes.disk import DISK, LEDGER, DiskProbe
from tidegate.watch.probes.generations import GENERATIONS
from tidegate.watch.probes.model import Blame, Outcome
from tidegate.watch.probes.model import State as Found
from tidegate.watch.probes.posture import POSTURE
from tidegate.watch.probes.quota import QUOTA
from tidegate.watch.probes.stores import DATABASE, REDIS
from tidegate.watch.probes.stream import CREDENTIALS as CREDENTIALS_PROBE

_STATES: Final = {
    Found.OK: State.OK,
    Found.WARNING: State.WARNING,
    Found.FAILING: State.ERROR,
    Found.UNKNOWN: State.WARNING,
}
_HERE: Final = frozenset({CONFIGURATION, DISK})
"""Probes that ask nobody."""

_STREAM: Final = CREDENTIALS | {"base_url", "timeout_ms"}
_NEEDS: Final = {
    CONFIGURATION: frozenset[str](),
    DISK: frozenset({"state_dir"}),
    CREDENTIALS_PROBE: _STREAM,
    GENERATIONS: _STREAM,
    POSTURE: _STREAM,
    QUOTA: _STREAM,
    CLOCK: _STREAM,
    "canary": _STREAM,
    "certificate:stream": frozenset({"base_url"}),
    "certificate:own": frozenset({"tls_certificate_file", "public_url"}),
    DATABASE: frozenset({"database_url"}),
    REDIS: frozenset({"redis_url"}),
}
"""By probe, the fields without which it would look at something else."""

_FIRST: Final = (CREDENTIALS_PROBE, "keys:")
"""Others judge by what these find."""


def can_ask_stream(fit: Repaired) -> bool:
    """Whether Stream's address, key and secret are as they were given.

    Args:
        fit: the settings.
    """
    return not fit.replaced & _STREAM


async def probe(fit: Repaired, *, live: bool, progress: Callable[[int, int], None]) -> list[Item]:
    """Run each probe that can be run.

    Args:
        fit: what to assemble the service from.
        live: whether Stream, the issuers, the database and others may be asked.
        progress: told the number of probes done, and of all.

    Raises:
        ValueError: the service cannot be assembled.
        TidegateError: likewise.
    """
    # A ledger opens a chain of its own when it closes, so it is left out; nothing of the state directory is changed.
    runtime = build(fit.settings.model_copy(update={"ledger": "off"}))
    async with runtime.background.closing():
        return [item async for item in _each(runtime, fit, live=live, progress=progress)]


async def _each(
    runtime: Runtime, fit: Repaired, *, live: bool, progress: Callable[[int, int], None]
) -> AsyncIterator[Item]:
    names = sorted((spec.name for spec in runtime.watching.runner.specs()), key=lambda one: not one.startswith(_FIRST))
    if live:
        await runtime.watch.fetch_keys()  # a service that is not started has none
    for done, name in enumerate(names):
        progress(done, len(names))
        why = _why_not(runtime, fit, name, live=live)
        if why:
            yield Item(Section.PROBES, name, State.SKIPPED, why)
            continue
        outcome = await _run(runtime, fit, name)
        if outcome is not None:
            yield item_of(outcome, runtime.watching.runner.spec(name).title)
    if fit.settings.ledger != "off":
        yield Item(Section.PROBES, LEDGER, State.SKIPPED, "Only the running service knows: tidegate probes.")


async def _run(runtime: Runtime, fit: Repaired, name: str) -> Outcome | None:
    if name == DISK:  # where the ledger is too
        return await DiskProbe(places_of(fit.settings), SystemClock()).run()
    return await runtime.watching.runner.run_now(name)


def _needs(fit: Repaired, name: str) -> frozenset[str]:
    """The fields without which a probe would look at something else."""
    if any(f"keys:{issuer.name}" == name and issuer.is_sandbox_like() for issuer in fit.settings.issuers):
        return frozenset({"api_key"})  # a sandbox's keys count for one app only
    return _NEEDS.get(name, frozenset())


def _why_not(runtime: Runtime, fit: Repaired, name: str, *, live: bool) -> str:
    """Why a probe is not run; empty where it is."""
    if name == CONFIGURATION and fit.stood_in_for:
        return "Nothing is configured, so the sandbox stands in."
    if fit.replaced & _needs(fit, name):
        return "Not looked at: the settings for it are missing or wrong."
    own_file = name == "certificate:own" and fit.settings.public_url is None
    if not live and name not in _HERE and not own_file:
        return "Not asked: --live does."
    path = runtime.store.database.target.path
    if name == DATABASE and path is not None and not path.exists():
        return "Not there yet: the service makes its file when it starts."
    return ""


def item_of(outcome: Outcome, title: str) -> Item:
    """What a probe found.

    Args:
        outcome: of the probe.
        title: of the probe.
    """
    known = spec_of(outcome.cause) if outcome.cause else None
    blame = "" if outcome.blame is Blame.NOBODY else outcome.blame.value
    return Item(
        Section.PROBES,
        outcome.probe,
        _STATES[outcome.state],
        outcome.text or f"{title}: well.",
        known.mends if known is not None else (),
        blame,
    )

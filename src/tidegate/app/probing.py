"""The probes that the settings ask for."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tidegate.app.ledger import ledger_folder
from tidegate.app.stores import store_wanted
from tidegate.app.watched import Watched
from tidegate.clock import Clock
from tidegate.identity.service import Issuer
from tidegate.settings import Settings
from tidegate.tokens.standing.model import FOREVER
from tidegate.watch.prober import Prober
from tidegate.watch.probes.blame import Around
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.certificates import CertificateProbe, in_file, shown_by, shown_elsewhere
from tidegate.watch.probes.clocks import ClockProbe, StreamTime, others_difference
from tidegate.watch.probes.configuration import ConfigurationProbe
from tidegate.watch.probes.disk import DiskProbe, LedgerProbe
from tidegate.watch.probes.generations import GenerationsProbe
from tidegate.watch.probes.keys import KeysProbe
from tidegate.watch.probes.model import Blame, State
from tidegate.watch.probes.posture import PostureProbe
from tidegate.watch.probes.quota import QuotaProbe
from tidegate.watch.probes.reach import Others, place_of
from tidegate.watch.probes.service import Probe
from tidegate.watch.probes.stores import DatabaseProbe, RedisProbe
from tidegate.watch.probes.stream import CREDENTIALS, StreamProbe

_CLOCK_AGREES_S = 4.0
_REACHED_FOR_S = 120.0
_UNREACHED = frozenset({Cause.STREAM_UNREACHABLE, Cause.STREAM_TIMED_OUT, Cause.NETWORK_DOWN})


def probes_of(watched: Watched, prober: Prober, board: Board, clock: Clock) -> Iterator[Probe]:
    """Every probe of this service.

    Args:
        watched: what is looked at.
        prober: makes the live call to Stream.
        board: what was found before.
        clock: for periods and ages.
    """
    settings, timeout_s = watched.settings, watched.settings.timeout_ms / 1000
    yield ConfigurationProbe(settings, clock)
    yield _stream(watched, prober)
    yield GenerationsProbe(watched.rotation, clock, timeout_s)
    yield PostureProbe(lambda: prober.last, _ordered(watched), clock, settings.probe_seconds)
    yield QuotaProbe(watched.client, clock, timeout_s)
    reached = _reached(board, clock)
    for issuer in watched.issuers.issuers:
        yield KeysProbe(issuer.keys, reached, clock)
    yield _clocks(watched, clock)
    yield from _certificates(watched, clock)
    yield from _kept(watched, clock)


def _ordered(watched: Watched) -> Callable[[], int]:
    """The latest revocation for everybody that was ordered here; before they are read, any could be."""
    memory = watched.standing.memory
    return lambda: memory.ordered_before if memory.knowledge == "known" else FOREVER


def _stream(watched: Watched, prober: Prober) -> Probe:
    settings = watched.settings
    others = Others(url for issuer in settings.issuers for url in issuer.fetched())

    async def around() -> Around:
        difference = _others_clock(watched)
        agrees = None if difference is None else abs(difference) <= _CLOCK_AGREES_S
        return Around(others_reached=await others.reached(), others_agree=agrees)

    return StreamProbe(prober, settings.probe_seconds, settings.timeout_ms / 1000, around)


def _clocks(watched: Watched, clock: Clock) -> Probe:
    stream = StreamTime(clock)
    watched.client.told_time = stream.hear
    return ClockProbe(stream.difference, lambda: _others_clock(watched), clock)


def _others_clock(watched: Watched) -> float | None:
    return others_difference(issuer.keys for issuer in watched.issuers.issuers)


def _reached(board: Board, clock: Clock) -> Callable[[], bool | None]:
    """Whether Stream could be reached at the last look, which says whether the network is there."""

    def reached() -> bool | None:
        last = board.last(CREDENTIALS)
        if last is None or last.state is State.UNKNOWN or clock.now() - last.at > _REACHED_FOR_S:
            return None
        return last.cause not in _UNREACHED

    return reached


def _certificates(watched: Watched, clock: Clock) -> Iterator[Probe]:
    """One for each server that shows one; plain HTTP, as to the sandbox, has none."""
    settings = watched.settings
    yield from _shown("certificate:stream", "Stream", Blame.STREAM, settings.base_url, clock)
    for issuer in settings.issuers:
        for url in issuer.fetched()[:1]:
            whose = f"issuer {issuer.name}"
            yield from _shown(f"certificate:issuer:{issuer.name}", whose, Blame.PROVIDER, url, clock)
    for known in watched.issuers.issuers:
        yield from _key_server(known, settings, clock)
    if settings.public_url is not None:
        yield from _shown("certificate:own", "this service", Blame.OURS, settings.public_url, clock)
    elif settings.tls_certificate_file is not None:
        read = in_file(settings.tls_certificate_file)
        yield CertificateProbe("certificate:own", "this service", Blame.OURS, read, clock, each_replica=True)


def _key_server(issuer: Issuer, settings: Settings, clock: Clock) -> Iterator[Probe]:
    """That of the keys, where only the issuer's discovery document says on which server they are."""
    name, address = issuer.policy.name, issuer.policy.issuer
    discovered = any(one.name == name and one.kind == "oidc" for one in settings.issuers)
    place = place_of(address) if discovered and address.startswith("https:") else None
    if place is not None:
        read = shown_elsewhere(lambda: issuer.keys.status().address, place)
        whose = f"the key server of issuer {name}"
        yield CertificateProbe(f"certificate:keys:{name}", whose, Blame.PROVIDER, read, clock)


def _shown(name: str, whose: str, blame: Blame, url: str, clock: Clock) -> Iterator[Probe]:
    place = place_of(url)
    if place is not None and urlsplit(url).scheme == "https":
        yield CertificateProbe(name, whose, blame, shown_by(place), clock)


def _kept(watched: Watched, clock: Clock) -> Iterator[Probe]:
    """Where this service keeps things."""
    settings = watched.settings
    if store_wanted(settings):
        yield DatabaseProbe(watched.store.database, clock, settings.database_timeout_ms / 1000)
    if settings.redis_url is not None:
        yield RedisProbe(settings.redis_url.get_secret_value(), clock)
    yield DiskProbe(places_of(settings), clock)
    if settings.ledger != "off":
        yield LedgerProbe(watched.records, clock)


def places_of(settings: Settings) -> tuple[Path, ...]:
    """The directories in which this service keeps things.

    Args:
        settings: sound ones.
    """
    return (settings.state_dir, ledger_folder(settings)) if settings.ledger == "files" else (settings.state_dir,)

"""From settings to issuers: each with its policy and the source of its keys."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import httpx2

from tidegate.clock import Clock
from tidegate.identity.authjs.assemble import authjs_sessions, secret_keys
from tidegate.identity.discovery import DirectKeyServer, DiscoveredKeyServer, KeyServer
from tidegate.identity.fetch import DocumentFetcher, Freshness, new_client
from tidegate.identity.jws import JwsLimits
from tidegate.identity.keydisk import KeyDisk
from tidegate.identity.keyring import FixedKeys, KeyOptions, RemoteKeys
from tidegate.identity.keys import KeySet
from tidegate.identity.keysource import KeySource
from tidegate.identity.model import IssuerPolicy
from tidegate.identity.service import Issuer
from tidegate.settings import Environment, IssuerConfig, Settings
from tidegate.settings.profile_rules import ProfileRule
from tidegate.settings.risk import Risk


@dataclass(frozen=True, slots=True)
class Issuers:
    """Everything a verifier is made of.

    Attributes:
        issuers: in the order of the settings; the first is the primary one.
        limits: sizes beyond which a session token is refused unread.
        aclose: closes the connections to the key servers.
    """

    issuers: tuple[Issuer, ...]
    limits: JwsLimits
    aclose: Callable[[], Awaitable[None]]


def assemble(settings: Settings, clock: Clock, *, client: httpx2.AsyncClient | None = None) -> Issuers:
    """Make the issuers that the settings describe. Nothing is fetched yet: each key source's ``run`` does that.

    Args:
        settings: sound ones.
        clock: for the ages of keys.
        client: for the key servers, made here if not given; ``aclose`` closes it either way.

    Raises:
        KeySetError: a configured PEM is not one admissible public key.
        KeyDiskError: the list of distrusted keys cannot be read.
        FetchError: a key server's URL is one from which nothing may be fetched.
    """
    client = client or new_client()
    freshness = Freshness(settings.keys_fresh_seconds, settings.keys_fresh_min_seconds, settings.keys_fresh_max_seconds)
    fetcher = _fetcher(settings, client, freshness)
    options = _options(settings, freshness)
    disk = KeyDisk(settings.state_dir)
    issuers = tuple(
        _authjs(config, settings, clock, disk)
        if config.kind == "authjs"
        else issuer_from_config(
            config,
            fetcher=fetcher,
            clock=clock,
            options=options,
            disk=disk,
            user_id_claim=settings.user_id_claim,
            factor=_reads_factor(settings),
            rules=settings.profile_rules,
        )
        for config in settings.issuers
    )
    return Issuers(
        issuers,
        JwsLimits(settings.session_token_bytes, settings.session_header_bytes),
        partial(_close, client, issuers),
    )


async def _close(client: httpx2.AsyncClient, issuers: tuple[Issuer, ...]) -> None:
    await client.aclose()
    for issuer in issuers:
        if issuer.sessions is not None:
            await issuer.sessions.aclose()


def _reads_factor(settings: Settings) -> bool:
    return any(row.risk is Risk.STALE_FACTOR for row in settings.life_by_risk)


def _authjs(config: IssuerConfig, settings: Settings, clock: Clock, disk: KeyDisk) -> Issuer:
    policy = IssuerPolicy.from_config(
        config,
        user_id_claim=settings.user_id_claim,
        factor=_reads_factor(settings),
        rules=settings.profile_rules,
    )
    keys = secret_keys(config, settings, disk)
    return Issuer(policy, keys, authjs_sessions(config, policy, keys, settings, clock))


def _fetcher(settings: Settings, client: httpx2.AsyncClient, freshness: Freshness) -> DocumentFetcher:
    return DocumentFetcher(
        client,
        timeout_seconds=settings.keys_fetch_timeout_ms / 1000,
        max_bytes=settings.keys_document_bytes,
        freshness=freshness,
        loopback_http=settings.environment is not Environment.PRODUCTION,
    )


def _options(settings: Settings, freshness: Freshness) -> KeyOptions:
    return KeyOptions(
        stale_seconds=settings.keys_stale_seconds,
        unknown_kid_seconds=settings.keys_unknown_kid_seconds,
        max_keys=settings.keys_max,
        ask_seconds=settings.keys_fetch_timeout_ms / 1000,
        api_key=settings.api_key,
        freshness=freshness,
        retry_max_seconds=settings.keys_retry_max_seconds,
    )


def issuer_from_config(
    config: IssuerConfig,
    *,
    fetcher: DocumentFetcher,
    clock: Clock,
    options: KeyOptions | None = None,
    disk: KeyDisk | None = None,
    user_id_claim: str = "",
    factor: bool = False,
    rules: tuple[ProfileRule, ...] = (),
) -> Issuer:
    """Make one issuer.

    Args:
        config: its settings, complete.
        fetcher: for its key server.
        clock: for the age of its keys.
        options: the limits of its keys' life.
        disk: where its last good keys are kept; None keeps them in memory only.
        user_id_claim: the claim of migration mode, or "".
        factor: whether it is read when people last signed in.
        rules: for profiles, which say what claims are carried along.

    Raises:
        KeySetError: the PEM is not one admissible public key.
        KeyDiskError: the list of distrusted keys cannot be read.
        FetchError: the key server's URL is one from which nothing may be fetched.
    """
    keys: KeySource
    if config.pem is not None:
        keys = FixedKeys(config.name, config.issuer, KeySet.from_pem(config.pem), disk=disk)
    else:
        server = _key_server(config, fetcher, clock)
        keys = RemoteKeys(config.name, config.issuer, server, clock=clock, options=options, disk=disk)
    return Issuer(IssuerPolicy.from_config(config, user_id_claim=user_id_claim, factor=factor, rules=rules), keys)


def _key_server(config: IssuerConfig, fetcher: DocumentFetcher, clock: Clock) -> KeyServer:
    if config.jwks_url is None:
        return DiscoveredKeyServer(fetcher, config.issuer, clock)
    return DirectKeyServer(fetcher, config.jwks_url)


async def fetch_documents(
    settings: Settings, configs: Iterable[IssuerConfig], clock: Clock
) -> dict[str, Mapping[str, object]]:
    """The key sets that issuers publish at this moment, for somebody who wants to keep them.

    Args:
        settings: for the limits of fetching.
        configs: of issuers that have a key server.
        clock: for discovery.

    Returns:
        exact issuer to its JWK set, as it came.

    Raises:
        FetchError: one of them cannot be had.
    """
    client = new_client()
    fetcher = _fetcher(settings, client, Freshness())
    try:
        return {one.issuer: (await _key_server(one, fetcher, clock).fetch()).members for one in configs}
    finally:
        await client.aclose()

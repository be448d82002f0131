"""Refusing an issuer's key: here at once, and on every other replica by way of the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from tidegate.clock import Clock
from tidegate.identity.keydisk import KeyDiskError
from tidegate.identity.service import Issuer
from tidegate.store import Change, Store, StoreUnavailable

TOPIC: Final = "distrusted_keys"


@dataclass(frozen=True, slots=True)
class Refused:
    """What came of it.

    Attributes:
        in_use: whether such a key was in use here.
        kept: whether this replica's next start will know of it without the database.
        shared: whether the database has it, and so every other replica.
    """

    in_use: bool
    kept: bool
    shared: bool


class KeyDistrust:
    """Refuses keys, and learns of those that other replicas refuse.

    Args:
        issuers: configured, with their keys.
        store: shared by the replicas.
        clock: for the time that is noted.
    """

    def __init__(self, issuers: Sequence[Issuer], store: Store, clock: Clock) -> None:
        self._by_iss = {issuer.policy.issuer: issuer for issuer in issuers}
        self._store = store
        self._clock = clock
        self._applied: set[tuple[str, str]] = set()
        store.bus.subscribe(TOPIC, self._heard, reload=self._reload)

    async def refuse(self, issuer: Issuer, kid: str, operator: str) -> Refused:
        """Refuse a key of an issuer at once and for good.

        Others are told its thumbprint where such a key is in use here, since some issuers keep one key id for ever
        and could not recover from that being refused.

        Args:
            issuer: one of those configured.
            kid: the key's id, or its RFC 7638 thumbprint.
            operator: who asks for it.

        Returns:
            how far it holds. It holds on this replica in any case.
        """
        found = [key.fingerprint for key in issuer.keys.current() or () if kid in {key.kid, key.fingerprint}]
        kept, in_use = self._apply(issuer, kid, in_use=bool(found))
        try:
            await self._share(issuer.policy.issuer, found or [kid], operator)
        except StoreUnavailable as error:
            structlog.get_logger("tidegate.operator").error(
                "distrust_not_shared", issuer=issuer.policy.name, operator=operator, cause=error.cause
            )
            return Refused(in_use, kept, shared=False)
        return Refused(in_use, kept, shared=True)

    async def _share(self, iss: str, names: Sequence[str], operator: str) -> None:
        from tidegate.identity.distrust import repo

        async with self._store.database.begin() as connection:
            await repo.add(connection, self._store.database.dialect, iss, names, operator, self._clock.now())
            await self._store.bus.publish(connection, TOPIC, {"issuer": iss, "names": list(names)})

    def _heard(self, change: Change) -> None:
        for name in change.body["names"]:
            self._learn(change.body["issuer"], name)

    async def _reload(self) -> None:
        from tidegate.identity.distrust import repo

        async with self._store.database.read() as connection:
            rows = await repo.everything(connection)
        for iss, name in rows:
            self._learn(iss, name)

    def _learn(self, iss: str, name: str) -> None:
        issuer = self._by_iss.get(iss)
        if issuer is not None and (iss, name) not in self._applied:
            self._apply(issuer, name, in_use=False)

    def _apply(self, issuer: Issuer, name: str, *, in_use: bool) -> tuple[bool, bool]:
        """Refuse a key on this replica; whether that is kept on its disk, and whether such a key was in use."""
        self._applied.add((issuer.policy.issuer, name))
        try:
            return True, issuer.keys.distrust(name) or in_use
        except KeyDiskError as error:
            structlog.get_logger("tidegate.operator").error(
                "distrust_not_kept", issuer=issuer.policy.name, cause=str(error)
            )
            return False, in_use

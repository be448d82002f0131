"""A key that one replica refuses is refused by all, over both kinds of database."""

import pytest

from support.issuing import clerk_policy
from tidegate.clock import ManualClock
from tidegate.identity.distrust.service import KeyDistrust
from tidegate.identity.fixedkeys import FixedKeys
from tidegate.identity.keydisk import KeyDisk, KeyDiskError
from tidegate.identity.keys import KeySet
from tidegate.identity.service import Issuer
from tidegate.sandbox.provider import IdentityProvider
from tidegate.store import Store

pytestmark = pytest.mark.anyio
PROVIDER = IdentityProvider("https://clerk.example.com")
KID = PROVIDER.kid()


class Replica:
    """One replica's part of it."""

    def __init__(self, database, disk=None):
        policy = clerk_policy()
        self.keys = FixedKeys(policy.name, policy.issuer, KeySet.from_jwks(PROVIDER.jwks()), disk=disk)
        self.issuer = Issuer(policy, self.keys)
        self.store = Store(database, ManualClock(), keep_s=86_400)
        self.distrust = KeyDistrust([self.issuer], self.store, ManualClock())

    def kids(self):
        return {key.kid for key in self.keys.current() or ()}


async def test_every_replica_hears_of_it_and_one_that_starts_later_too(database):
    first, second = Replica(database), Replica(database)
    await second.store.bus.catch_up()
    assert KID in second.kids()

    done = await first.distrust.refuse(first.issuer, KID, "otto")
    assert (done.in_use, done.kept, done.shared) == (True, True, True)
    assert KID not in first.kids()

    await second.store.bus.catch_up()
    later = Replica(database)
    await later.store.bus.catch_up()
    assert KID not in second.kids() | later.kids()
    assert len(second.kids()) == len(later.kids()) == 1


async def test_others_are_told_the_thumbprint_so_that_a_new_key_under_the_id_counts(database):
    first, second = Replica(database), Replica(database)
    await second.store.bus.catch_up()
    await first.distrust.refuse(first.issuer, KID, "otto")
    await second.store.bus.catch_up()

    renewed = IdentityProvider("https://clerk.example.com").jwks()["keys"][0] | {"kid": KID}
    keeper = second.keys._keeper
    assert KID in {key.kid for key in keeper.trusted(KeySet.from_jwks({"keys": [renewed]}))}


async def test_a_key_that_nobody_has_is_refused_by_its_name_should_it_come(database):
    first, second = Replica(database), Replica(database)
    done = await first.distrust.refuse(first.issuer, "a key to come", "otto")
    assert (done.in_use, done.shared) == (False, True)
    again = await first.distrust.refuse(first.issuer, "a key to come", "otto")
    assert (again.in_use, again.shared) == (False, True)
    await second.store.bus.catch_up()
    assert len(second.kids()) == 2

    coming = PROVIDER.jwks()["keys"][0] | {"kid": "a key to come"}
    assert second.keys._keeper.trusted(KeySet.from_jwks({"keys": [coming]})).keys == ()


async def test_without_the_database_it_holds_here_and_says_so(database):
    replica = Replica(database)
    await database.aclose()

    done = await replica.distrust.refuse(replica.issuer, KID, "otto")

    assert (done.in_use, done.kept, done.shared) == (True, True, False)
    assert KID not in replica.kids()


async def test_what_the_disk_cannot_keep_the_database_does(database, tmp_path, monkeypatch):
    def full(*_):
        raise KeyDiskError("no space left")

    replica = Replica(database, KeyDisk(tmp_path / "state"))
    monkeypatch.setattr(KeyDisk, "distrust", full)

    done = await replica.distrust.refuse(replica.issuer, KID, "otto")

    assert (done.in_use, done.kept, done.shared) == (True, False, True)
    assert KID not in replica.kids()


async def test_keys_of_issuers_that_are_not_configured_are_left_alone(database):
    replica = Replica(database)
    async with database.begin() as connection:
        await replica.store.bus.publish(
            connection, "distrusted_keys", {"issuer": "https://other.example", "names": [KID]}
        )
    await replica.store.bus.catch_up()
    assert KID in replica.kids()

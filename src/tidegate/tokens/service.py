"""The exchange: a session goes in, a Stream token comes out. It knows nothing of HTTP."""

from collections.abc import Callable
from typing import Final, Protocol

from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.identity.model import VerifiedSubject
from tidegate.identity.service import KeysNeeded, Verifier
from tidegate.limits import ExchangeLimits
from tidegate.tokens.life import LifeTable
from tidegate.tokens.mapping import SubjectMapping
from tidegate.tokens.mint import Minter
from tidegate.tokens.model import Issued, Session
from tidegate.tokens.profile import Profile, Profiles
from tidegate.tokens.sessions import SessionCache
from tidegate.tokens.standing.memory import Standing

_FIRST_SERVER_ERROR = 500
_new: Final = tuple.__new__
"""Makes a named tuple in half the time that its own name takes; for what every login makes."""

_KEY_ROUNDS = 2
"""A key set is asked for, and its answer looked into, this often for one request."""


class ProfileOffers(Protocol):
    """Where a session's profile goes on its way to Stream: the sync, or nowhere."""

    def offer(self, user_id: str, profile: Profile) -> None:
        """Take note; never waits, never raises."""
        ...

    def forget(self, user_id: str) -> None:
        """Bring the user's profile anew when it is next offered."""
        ...


class NoSync:
    """Profile sync switched off."""

    __slots__ = ()

    def offer(self, user_id: str, profile: Profile) -> None:
        """Nothing is owed."""

    def forget(self, user_id: str) -> None:
        """Nothing was remembered."""


class Exchange:
    """The steps of the design, in their order.

    Args:
        verifier: judges sessions.
        limits: address before cryptography, the others after it.
        mapping: subject to user id.
        minter: of Stream tokens.
        lives: how long they live.
        profiles: what of a person is brought to Stream.
        sessions: verified before.
        sync: where profiles go.
        standing: revocations and bans.
        clock: for all of it.
        stopping: whether this replica is shutting down.
    """

    __slots__ = (
        "_clock", "_limits", "_lives", "_mapping", "_minter", "_profiles", "_sessions", "_standing", "_stopping",
        "_sync", "_verifier",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - the parts of the exchange, each by its name
        self,
        *,
        verifier: Verifier,
        limits: ExchangeLimits,
        mapping: SubjectMapping,
        minter: Minter,
        lives: LifeTable,
        profiles: Profiles,
        sessions: SessionCache,
        sync: ProfileOffers,
        standing: Standing,
        clock: Clock,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._verifier = verifier
        self._limits = limits
        self._mapping = mapping
        self._minter = minter
        self._lives = lives
        self._profiles = profiles
        self._sessions = sessions
        self._sync = sync
        self._standing = standing
        self._clock = clock
        self._stopping = stopping

    @property
    def mapping(self) -> SubjectMapping:
        """Subject to user id."""
        return self._mapping

    @property
    def sync(self) -> ProfileOffers:
        """Where profiles go."""
        return self._sync

    def admit(self, bearer: bytes, address: str) -> Session:
        """Steps 1 to 6: whose session this is, if it may have a token. Never waits.

        Args:
            bearer: the session token as received.
            address: of the client, as the limits count it.

        Raises:
            Refusal: it may not.
            KeysNeeded: the issuer must be asked for its keys first; see `wait_for_keys`.
        """
        if self._stopping():
            raise Refusal(Reason.SHUTTING_DOWN, "This replica is shutting down; ask again.", retry_after=1)
        self._limits.spend_address(address, self._clock.monotonic())
        return self._admit(bearer, address)

    async def admit_after_keys(self, needed: KeysNeeded, bearer: bytes, address: str) -> Session:
        """The same once more, after the issuer was asked for its keys.

        Args:
            needed: what `admit` raised.
            bearer: the session token as received.
            address: of the client; it has paid for this request already.

        Raises:
            Refusal: the session may not have a token, or the keys are not to be had.
        """
        if needed.asks_app:
            self._limits.spend_lookup(address, needed.issuer, self._clock.monotonic())
        for _ in range(_KEY_ROUNDS):
            try:
                await self._verifier.resolve(needed)
            except Refusal as refusal:
                self._charge(refusal, address)
                raise
            try:
                return self._admit(bearer, address)
            except KeysNeeded as still:
                needed = still
        unknown = Refusal(Reason.KEY_UNKNOWN, "The issuer's key set was asked and has no such key.")
        self._charge(unknown, address)
        raise unknown

    def mint(self, session: Session) -> Issued:
        """Step 7: the user's token of this minute, or the first one that no revocation voids.

        Raises:
            Refusal: ``recently_revoked``.
        """
        now = self._clock.now()
        floor = self._standing.floor(session.user_id, now)
        minted = self._minter.mint(session.user_id, session, now, session.life, floor)
        return _new(Issued, (session, minted, now))

    def _admit(self, bearer: bytes, address: str) -> Session:
        ticks = self._clock.monotonic()
        now = self._clock.now()
        key = self._sessions.key(bearer)
        session = self._sessions.get(key, now)
        if session is None or not self._verifier.stands(session.who):
            try:
                who = self._verifier.verify(bearer, now)
            except Refusal as refusal:
                self._charge(refusal, address)
                self._verifier.doubt(refusal)
                raise
            session = self._open(who, now)
            self._sessions.put(key, session, ticks)
        try:
            self._limits.spend_subject(session.user_id, session.who.issuer, ticks)
            # Before the profile is offered: it would bring a deleted user back to Stream.
            self._standing.check(session.user_id, session.who, now)
        except Refusal as refusal:
            refusal.whose = session
            raise
        self._sync.offer(session.user_id, session.profile)
        return session

    def _charge(self, refusal: Refusal, address: str) -> None:
        """Make a failed verification dear, unless the failure is ours."""
        if refusal.spec.status < _FIRST_SERVER_ERROR:
            self._limits.charge_failure(address, self._clock.monotonic())

    def _open(self, who: VerifiedSubject, now: float) -> Session:
        user_id = user_id_of(who, self._mapping)
        rhythm, lives, profile = self._minter.rhythm(user_id), self._lives.of(who, now), self._profiles.of(who)
        return _new(Session, (who, user_id, *rhythm, *lives, profile))


def user_id_of(who: VerifiedSubject, mapping: SubjectMapping) -> str:
    """Step 5: the Stream user id that a session stands for.

    Args:
        who: the verified caller.
        mapping: subject to user id.

    Raises:
        Refusal: ``subject_unmappable``.
    """
    if not who.policy.user_id_claim:
        return mapping.user_id(who.namespace, who.subject)
    # Migration: the claim alone decides. Falling back to the subject where the claim is
    # missing would let one person's subject be another person's claimed id.
    claimed = who.claimed_user_id
    if claimed is None or not mapping.may_claim(claimed):
        raise Refusal(
            Reason.SUBJECT_UNMAPPABLE,
            "The claim named by TIDEGATE_USER_ID_CLAIM is missing or is not a user id that Stream takes.",
        )
    return claimed if who.namespace is None else mapping.user_id(who.namespace, claimed)

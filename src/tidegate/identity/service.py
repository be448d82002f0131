"""The verifier: from the octets of a bearer token to a verified subject.

The synchronous path never waits. Where a token names a key that is not here yet, it
raises :class:`KeysNeeded`, and the caller decides to wait (:meth:`Verifier.resolve`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tidegate.clock import Clock
from tidegate.errors import Reason, Refusal
from tidegate.identity.authjs.apps import AuthjsApps
from tidegate.identity.authjs.sessions import AuthjsSessions
from tidegate.identity.claims import judge
from tidegate.identity.explain import Check, Verdict, checks
from tidegate.identity.jws import DEFAULT, AlgorithmNotAllowed, Compact, JwsLimits, KeyUnknown, parse
from tidegate.identity.keys import Key
from tidegate.identity.keysource import AskResult, KeySource
from tidegate.identity.model import IssuerPolicy, KeysNeeded, VerifiedSubject

__all__ = ["Issuer", "KeysNeeded", "Verifier"]

_NOT_CONFIGURED: Final = (
    "No identity provider is configured. Add one line to the environment or the .env file, for instance "
    "CLERK_PUBLISHABLE_KEY=pk_test_... or TIDEGATE_OIDC_ISSUER=https://login.example.com"
)
_NOT_CONFIGURED_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer whose sessions are accepted.

    Attributes:
        policy: what its tokens are held to.
        keys: where its keys come from.
        sessions: opens its sessions where they are not signed; None where they are.
    """

    policy: IssuerPolicy
    keys: KeySource
    sessions: AuthjsSessions | None = None


class Verifier:
    """Verifies session tokens of the configured issuers.

    Args:
        issuers: the first is the primary one. Names and issuer values are unique.
        clock: read again after waiting for keys.
        limits: sizes beyond which a token is refused unread.

    Raises:
        ValueError: two issuers share a name or an issuer value.
    """

    __slots__ = ("_by_iss", "_by_name", "_clock", "_limits", "_unsigned", "issuers")

    def __init__(self, issuers: Sequence[Issuer], clock: Clock, limits: JwsLimits = DEFAULT) -> None:
        self.issuers = tuple(issuers)
        self._by_iss = {issuer.policy.issuer: issuer for issuer in issuers}
        self._by_name = {issuer.policy.name: issuer for issuer in issuers}
        if not len(self._by_iss) == len(self._by_name) == len(self.issuers):
            raise ValueError("issuers must differ in name and in issuer value")
        unsigned = [issuer.sessions for issuer in self.issuers if issuer.sessions is not None]
        self._unsigned: AuthjsApps | AuthjsSessions | None = unsigned[0] if unsigned else None
        if len(unsigned) > 1:
            self._unsigned = AuthjsApps(unsigned, limits)
        self._clock = clock
        self._limits = limits

    def verify(self, bearer: bytes, now: float) -> VerifiedSubject:
        """Verify a session token in full, with the keys at hand.

        Args:
            bearer: the token as received.
            now: seconds since the epoch.

        Returns:
            who is calling.

        Raises:
            Refusal: the session is not accepted.
            KeysNeeded: the issuer must be asked for its keys first.
        """
        if self._unsigned is not None and self._unsigned.takes(bearer):
            return _verify_unsigned(self._unsigned, bearer, now)
        token = self._read(bearer)
        issuer = self._choose(token)
        try:
            key = _authenticate(token, issuer)
            return judge(token.unverified_claims, token.typ, issuer.policy, now, key)  # verified by now
        except Refusal as refusal:
            refusal.issuer = issuer.policy.name
            raise

    def stands(self, who: VerifiedSubject) -> bool:
        """Whether a subject verified earlier would still be: its key is in use, and not older than its bound.

        Args:
            who: verified by this verifier. Its expiry is for whoever keeps it to look at.
        """
        return self._by_name[who.policy.name].keys.current() is not None and who.key.live

    def doubt(self, refusal: Refusal) -> None:
        """Have the keys looked at again where a refused token's signature did not fit the key it names.

        Issuers that keep one key id, as Clerk's instances do, may replace the key under it. The caller is
        refused all the same; the next one is judged with newer keys.

        Args:
            refusal: what :meth:`verify` raised.
        """
        if refusal.reason is Reason.SIGNATURE_INVALID and refusal.issuer is not None:
            self._by_name[refusal.issuer].keys.doubt()

    async def resolve(self, needed: KeysNeeded) -> None:
        """Ask an issuer for the keys that a verification lacked; bounded by the fetch time-out.

        Args:
            needed: what :meth:`verify` raised.

        Raises:
            Refusal: ``key_unknown`` while the budget for unknown keys is spent, ``identity_unavailable``
                while the key server fails; both say when to ask again.
        """
        issuer = self._by_name[needed.issuer]
        if issuer.sessions is not None:
            await issuer.sessions.ask(needed)
            return
        outcome = await issuer.keys.ask(needed.kid)
        if outcome.result is AskResult.BUDGET_SPENT:
            raise needed.refusal(outcome.retry_after)
        if outcome.result is AskResult.FAILED:
            raise needed.unavailable(outcome.retry_after)

    async def verify_or_ask(self, bearer: bytes, now: float) -> VerifiedSubject:
        """Verify a session token, asking its issuer for keys once if they are not at hand.

        Args:
            bearer: the token as received.
            now: seconds since the epoch; the clock is read again after waiting.

        Raises:
            Refusal: the session is not accepted, or its issuer's keys are not to be had.
        """
        try:
            return self.verify(bearer, now)
        except KeysNeeded as needed:
            await self.resolve(needed)
        try:
            return self.verify(bearer, self._clock.now())
        except KeysNeeded as still:
            raise still.refusal() from None

    def explain(self, bearer: bytes, now: float) -> list[Check]:
        """What :meth:`verify` says to a token, check by check.

        Args:
            bearer: the token as received.
            now: seconds since the epoch.
        """
        verdict: Verdict
        try:
            verdict = self.verify(bearer, now)
        except (Refusal, KeysNeeded) as error:
            verdict = error
        return checks(verdict, self._policy_of(bearer, verdict))

    def _read(self, bearer: bytes) -> Compact:
        """Size and form. The payload is read once, and what was read is what the signature is checked over."""
        if not self.issuers:
            raise Refusal(Reason.ISSUER_NOT_CONFIGURED, _NOT_CONFIGURED, retry_after=_NOT_CONFIGURED_SECONDS)
        return parse(bearer, self._limits)

    def _choose(self, token: Compact) -> Issuer:
        """The configured issuer, by exact look-up; the unverified value serves for nothing else."""
        iss = token.unverified_claims.get("iss")
        issuer = self._by_iss.get(iss) if type(iss) is str else None
        if issuer is None or issuer.sessions is not None:  # whose own name proves nothing
            raise Refusal(
                Reason.ISSUER_UNKNOWN,
                "The token's issuer (iss) is none of the configured ones; they are compared byte for byte, "
                "a slash at the end included.",
            )
        return issuer

    def _policy_of(self, bearer: bytes, verdict: Verdict) -> IssuerPolicy | None:
        """The policy that a token is held to, or None if it does not get so far."""
        if self._unsigned is not None and self._unsigned.takes(bearer):
            return None if verdict.issuer is None else self._by_name[verdict.issuer].policy
        try:
            return self._choose(self._read(bearer)).policy
        except Refusal:
            return None


def _verify_unsigned(sessions: AuthjsApps | AuthjsSessions, bearer: bytes, now: float) -> VerifiedSubject:
    """What is no signed token is for the issuers whose sessions are not signed; of several, the one that opens it."""
    issuer = sessions.policy.name if isinstance(sessions, AuthjsSessions) else None
    try:
        opened = sessions.open(bearer)
        issuer = opened.policy.name
        return judge(opened.claims, None, opened.policy, now, opened.key)
    except Refusal as refusal:
        refusal.issuer = refusal.issuer or issuer
        raise


def _authenticate(token: Compact, issuer: Issuer) -> Key:
    """Algorithm, key and signature, with the keys of this issuer and no other."""
    keys = issuer.keys.current()
    if keys is None:
        _refuse_shared_secret(token, issuer)  # such a provider publishes no keys, and never will for this token
        raise KeysNeeded(issuer.policy.name, None)
    try:
        return token.verify(keys, issuer.policy.algorithms)
    except KeyUnknown as error:
        # Without a name there is nothing to ask for; the refusal stands. A bad signature asks for nothing either.
        if error.kid is None:
            raise
        raise KeysNeeded(issuer.policy.name, error.kid) from None
    except AlgorithmNotAllowed:
        _refuse_shared_secret(token, issuer)
        raise


def _refuse_shared_secret(token: Compact, issuer: Issuer) -> None:
    """Say how to go on where the provider is known to have signed with a shared secret once."""
    mend = issuer.policy.preset.shared_secret
    if mend and token.unverified_header.alg.startswith("HS"):
        raise AlgorithmNotAllowed(f"{mend}.")

"""What a verified caller is, what an issuer is held to, and the checks in between.

:class:`VerifiedSubject` is the currency of this room: who holds one need not ask
again whether the caller was checked. It can therefore be made in one place only,
by :func:`tidegate.identity.claims.judge`, after the signature has been verified.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn, Self

from tidegate.errors import Reason, Refusal, TidegateError
from tidegate.identity.keys import LiveKey
from tidegate.settings import IssuerConfig
from tidegate.settings.presets import OIDC, PRESETS, Preset
from tidegate.settings.profile_rules import ProfileRule, carried_claims

# Shown by the judge when it makes a subject. It is no secret against code that means harm inside the
# process; it keeps code that means well from making a subject by accident or for convenience.
_PROOF: Final = object()

# What Retry-After says where the key source gives no time of its own.
RETRY_SECONDS: Final = 30


class CheckName(StrEnum):
    """The checks a session token goes through, in the order in which they are made."""

    SIZE = "size"
    FORM = "form"
    ISSUER = "issuer"
    ALGORITHM = "algorithm"
    KEY = "key"
    SIGNATURE = "signature"
    EXPIRY = "expiry"
    NOT_BEFORE = "not-before"
    ISSUED_AT = "issued-at"
    AUDIENCE = "audience"
    AUTHORIZED_PARTY = "authorized-party"
    KIND = "kind"
    PENDING = "pending"
    IMPERSONATION = "impersonation"
    SUBJECT = "subject"


class TokenKind(StrEnum):
    """What a token is for. An issuer's policy lists the kinds that count as a session; ``other`` never does."""

    SESSION = "session"
    TEMPLATE = "template"
    MACHINE = "machine"
    ACCESS = "access"
    ANONYMOUS = "anonymous"
    OTHER = "other"


class ClaimRefused(Refusal):
    """A claim breaks a rule; raised after the signature was found good.

    Args:
        check: the check that failed.
        reason: the code of the closed table.
        detail: a sentence a developer can act on; it quotes the configuration, never the token.
    """

    def __init__(self, check: CheckName, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.check = check


class KeysNeeded(TidegateError):
    """The answer depends on keys that are not here yet: ask the key source, then verify again.

    Args:
        issuer: the configured name of the issuer whose keys are needed.
        kid: the key that is missing; None if the issuer has no usable key at all. It is text of
            an unverified token: it must not be logged, and the message does not contain it.

    Attributes:
        asks_app: whether the question is about this one caller, so that each caller causes one of its own.
    """

    asks_app = False

    def __init__(self, issuer: str, kid: str | None) -> None:
        super().__init__(f"keys of issuer {issuer} are needed")
        self.issuer = issuer
        self.kid = kid

    def refusal(self, retry_after: int | None = RETRY_SECONDS) -> Refusal:
        """What to answer when asking did not bring the keys.

        Args:
            retry_after: whole seconds after which the answer can be another one; None for never.
        """
        if self.kid is None:
            return self.unavailable(retry_after)
        return Refusal(
            Reason.KEY_UNKNOWN,
            f"The key named by the token's header (kid) is not in the key set of issuer {self.issuer}.",
            retry_after=retry_after,
        )

    def unavailable(self, retry_after: int | None = RETRY_SECONDS) -> Refusal:
        """What to answer when the key server does not answer.

        Args:
            retry_after: whole seconds until the next attempt to fetch the keys.
        """
        return Refusal(
            Reason.IDENTITY_UNAVAILABLE,
            f"The keys of issuer {self.issuer} cannot be fetched at this moment, so no session can be checked.",
            retry_after=retry_after or RETRY_SECONDS,
        )


@dataclass(frozen=True, slots=True)
class IssuerPolicy:
    """What one issuer's tokens are held to.

    Attributes:
        name: the configured name, which logs, metrics and the ledger show.
        issuer: the exact ``iss``.
        algorithms: the signature algorithms allowed.
        preset: the row of rules that tell its sessions from its other tokens.
        namespace: the fixed prefix of this issuer's user ids; None for the primary issuer.
        audience: accepted values of ``aud``; empty means that ``aud`` is not checked.
        authorized_parties: accepted values of ``azp``; empty means that ``azp`` is not checked.
        party_required: whether a token without ``azp`` is refused (where ``azp`` is checked).
        refuse_pending: whether sessions whose tasks are not done are refused.
        refuse_impersonation: whether sessions that carry ``act`` are refused.
        kinds: the token kinds that count as a session.
        skew: tolerated difference of the clocks, seconds.
        max_age: longest age counted from ``iat``, seconds; 0 means no maximum.
        user_id_claim: the verified claim that carries the Stream user id in migration mode, or "".
        controlled_claims: paths of the claims that only the issuer's administrators write.
        factor: whether it is read when the person last signed in; only a table of lives asks for it.
        carried: paths of the claims whose values stay with the subject; only rules for profiles ask for any.
    """

    name: str
    issuer: str
    algorithms: frozenset[str]
    preset: Preset = OIDC
    namespace: str | None = None
    audience: frozenset[str] = frozenset()
    authorized_parties: frozenset[str] = frozenset()
    party_required: bool = False
    refuse_pending: bool = True
    refuse_impersonation: bool = False
    kinds: frozenset[str] = frozenset({TokenKind.SESSION})
    skew: int = 5
    max_age: int = 0
    user_id_claim: str = ""
    controlled_claims: tuple[str, ...] = ()
    factor: bool = False
    carried: tuple[str, ...] = ()

    @classmethod
    def from_config(
        cls,
        config: IssuerConfig,
        *,
        user_id_claim: str = "",
        factor: bool = False,
        rules: tuple[ProfileRule, ...] = (),
    ) -> Self:
        """The policy that an issuer's settings describe.

        Args:
            config: one entry of the resolved list of issuers.
            user_id_claim: the claim of migration mode, or "".
            factor: whether it is read when the person last signed in.
            rules: for profiles, which say what claims are carried.
        """
        return cls(
            name=config.name,
            issuer=config.issuer,
            algorithms=frozenset(config.algorithms),
            preset=PRESETS[config.preset],
            namespace=config.namespace,
            audience=frozenset(config.audience),
            authorized_parties=frozenset(() if config.azp == "off" else config.authorized_parties),
            party_required=config.azp == "required",
            refuse_pending=config.pending == "refuse",
            refuse_impersonation=config.impersonation == "refuse",
            kinds=frozenset(config.kinds),
            skew=config.clock_skew_seconds,
            max_age=config.max_age_seconds,
            user_id_claim=user_id_claim,
            controlled_claims=config.controlled_claims,
            factor=factor,
            carried=carried_claims(rules, config.controlled_claims),
        )


@dataclass(frozen=True, slots=True)
class Particulars:
    """The optional part of a verified subject. Most sessions have none of it and share one object.

    Attributes:
        name: the person's name.
        email: the person's e-mail address; it never leaves for Stream.
        image: an http or https address of a picture.
        organization: the id of the active organisation.
        actor: who acts in the subject's place (``act.sub``, RFC 8693, section 4.1).
        claimed_user_id: the value of the migration claim.
        anonymous: whether the issuer says that nobody signed in.
        factor_at: when the person last signed in, seconds since the epoch, where the policy asks for it.
        carried: the values of the policy's carried claims, in its order: text, truth, whole numbers, tuples of texts,
            None for one that is not there. Empty if none of them is.
    """

    name: str | None = None
    email: str | None = None
    image: str | None = None
    organization: str | None = None
    actor: str | None = None
    claimed_user_id: str | None = None
    anonymous: bool = False
    factor_at: int | None = None
    carried: tuple[object, ...] = ()


NO_PARTICULARS: Final = Particulars()


class VerifiedSubject:
    """A caller whose session token was verified in full. Only the verifier can make one.

    Immutable, and neither copied, replaced, subclassed nor pickled, so that each one in the
    process comes from a verification. It is lean because the session cache holds many: rare
    fields live in ``particulars``, the issuer's in the shared policy, and ``iat`` is kept as its
    distance from ``exp``, which an issuer's sessions have in common and therefore share.

    Args:
        proof: the judge's proof; anything else is refused.
        policy: the issuer's policy the token was judged against.
        key: the key that signed the token, or opened it.
        subject: the verified ``sub``.
        session_id: the session's id (``sid``), if it has one.
        kind: what the token is for.
        expires_at: seconds since the epoch: ``exp``, or the end of the maximum age if that is sooner.
        issued_at: ``iat``, seconds since the epoch, if present.
        particulars: the optional fields.

    Raises:
        TypeError: the proof is missing or wrong.
    """

    __slots__ = ("_lifetime", "expires_at", "key", "kind", "particulars", "policy", "session_id", "subject")

    policy: IssuerPolicy
    key: LiveKey
    subject: str
    session_id: str | None
    kind: TokenKind
    expires_at: int
    particulars: Particulars
    _lifetime: int | None

    def __init__(  # noqa: PLR0913, PLR0917 - one caller, on the hot path
        self,
        proof: object,
        policy: IssuerPolicy,
        key: LiveKey,
        subject: str,
        session_id: str | None,
        kind: TokenKind,
        expires_at: int,
        issued_at: int | None,
        particulars: Particulars,
    ) -> None:
        if proof is not _PROOF:
            raise TypeError("a VerifiedSubject is made by the verifier alone")
        # The slots' own setters: __setattr__ is closed, and these are faster than object.__setattr__.
        _set_policy(self, policy)
        _set_key(self, key)
        _set_subject(self, subject)
        _set_session_id(self, session_id)
        _set_kind(self, kind)
        _set_expires_at(self, expires_at)
        _set_lifetime(self, None if issued_at is None else _shared(expires_at - issued_at))
        _set_particulars(self, particulars)

    @property
    def issuer(self) -> str:
        """The configured name of the issuer."""
        return self.policy.name

    @property
    def namespace(self) -> str | None:
        """The namespace of the issuer's user ids; None for the primary issuer."""
        return self.policy.namespace

    @property
    def issued_at(self) -> int | None:
        """``iat``, seconds since the epoch, if the token carried it."""
        return None if self._lifetime is None else self.expires_at - self._lifetime

    @property
    def name(self) -> str | None:
        """The person's name."""
        return self.particulars.name

    @property
    def email(self) -> str | None:
        """The person's e-mail address."""
        return self.particulars.email

    @property
    def image(self) -> str | None:
        """The address of the person's picture."""
        return self.particulars.image

    @property
    def organization(self) -> str | None:
        """The id of the active organisation."""
        return self.particulars.organization

    @property
    def actor(self) -> str | None:
        """Who acts in the subject's place, if the session is impersonated."""
        return self.particulars.actor

    @property
    def claimed_user_id(self) -> str | None:
        """The Stream user id that the migration claim carries."""
        return self.particulars.claimed_user_id

    @property
    def anonymous(self) -> bool:
        """Whether the issuer says that nobody signed in."""
        return self.kind is TokenKind.ANONYMOUS or self.particulars.anonymous

    @property
    def factor_at(self) -> int | None:
        """When the person last signed in, seconds since the epoch, if the policy asks for it and the token says so."""
        return self.particulars.factor_at

    @property
    def carried(self) -> tuple[object, ...]:
        """The values of the claims that the policy carries; empty if the token has none of them."""
        return self.particulars.carried

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a VerifiedSubject cannot be changed: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a VerifiedSubject cannot be changed: {name}")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        # copy, deepcopy and pickle all come through here.
        raise TypeError("a VerifiedSubject is neither copied nor stored")

    def __init_subclass__(cls) -> None:
        raise TypeError("a VerifiedSubject has no subclasses")

    def __repr__(self) -> str:
        return f"<VerifiedSubject of issuer {self.policy.name}, {self.kind}>"


def _shared(lifetime: int) -> int:
    """One object for all sessions of this lifetime; an issuer makes them in a few lengths."""
    known = _LIFETIMES.get(lifetime)
    if known is None:
        if len(_LIFETIMES) >= _LIFETIMES_MOST:
            return lifetime
        known = _LIFETIMES[lifetime] = lifetime
    return known


_LIFETIMES: Final[dict[int, int]] = {}
_LIFETIMES_MOST: Final = 64


def _setter(slot: str) -> Callable[[VerifiedSubject, object], None]:
    setter: Callable[[VerifiedSubject, object], None] = VerifiedSubject.__dict__[slot].__set__
    return setter


_set_policy: Final = _setter("policy")
_set_key: Final = _setter("key")
_set_subject: Final = _setter("subject")
_set_session_id: Final = _setter("session_id")
_set_kind: Final = _setter("kind")
_set_expires_at: Final = _setter("expires_at")
_set_lifetime: Final = _setter("_lifetime")
_set_particulars: Final = _setter("particulars")

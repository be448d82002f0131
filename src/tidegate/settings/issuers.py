"""What is to be known of one issuer before a token of its can be judged."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from tidegate.settings import claimpaths, clerk, urls
from tidegate.settings.authjs_section import COOKIE_NAME, COOKIES_MAX, AuthjsVersion
from tidegate.settings.filling import fill
from tidegate.settings.kinds import Pem
from tidegate.settings.presets import PRESETS, PUBLIC_KEY_ALGORITHMS, AzpPolicy, PresetName, TokenKindName
from tidegate.settings.problems import Unfit

__all__ = [
    "PUBLIC_KEY_ALGORITHMS",
    "AzpPolicy",
    "ImpersonationPolicy",
    "IssuerConfig",
    "IssuerKind",
    "PendingPolicy",
    "TokenKindName",
    "parse_issuer",
]

IssuerKind = Literal["clerk", "oidc", "jwks", "pem", "authjs"]
PendingPolicy = Literal["refuse", "allow"]
ImpersonationPolicy = Literal["allow", "refuse"]

_Text = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=r"^[^\x00-\x20\x7f]+$")]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
_Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,16}$")]
_Cookie = Annotated[str, StringConstraints(pattern=f"^{COOKIE_NAME}$")]
_OF_APP: Final = "version, cookies and session_url are of apps with Auth.js only"
_RESERVED_NAMES: Final = frozenset({"none"})
_HIDDEN_IN: Final = MappingProxyType({"extra_forbidden": "is unknown", "missing": "is missing"})


class IssuerConfig(BaseModel):
    """One issuer, complete: nothing is left to be defaulted by whoever reads it.

    Attributes:
        name: how logs, metrics and commands call it; ``none`` is taken.
        preset: whose rules its tokens are held to; ``oidc`` are the common ones.
        kind: where its keys come from: Clerk, discovery, a key set's URL, a PEM, or a secret of Auth.js.
        issuer: the ``iss`` of its tokens, compared byte for byte; for Auth.js, whose sessions have none, a name.
        jwks_url: its key set's URL; None for discovery and for a PEM.
        pem: its public key, where no network is to be used.
        algorithms: the signature algorithms that it may use.
        audience: the accepted values of ``aud``; empty accepts any and none.
        authorized_parties: the accepted values of ``azp``; empty leaves it unchecked.
        azp: whether ``azp`` must be there, must fit where it is there, or is not looked at.
        pending: what becomes of a session that is signed in with tasks left to do.
        impersonation: what becomes of a session in which somebody acts for somebody else.
        kinds: the kinds of token that count as a session.
        controlled_claims: the claims that only its administrators write; roles and teams come from no others.
        namespace: what sets its users' ids apart; None for the primary issuer only.
        clock_skew_seconds: how far its clock may be off.
        max_age_seconds: the greatest age of a session, counted from ``iat``; 0 for any.
        version: for a further app with Auth.js: whose encrypted sessions count, ``5``, ``4``, ``any`` or ``off``.
        cookies: for such an app: the names of its session cookie; empty for the usual ones.
        session_url: for such an app: its session route, asked for sessions in a database.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: _Name
    preset: PresetName = "oidc"
    kind: IssuerKind
    issuer: _Text
    jwks_url: _Text | None = None
    pem: str | None = None
    algorithms: tuple[str, ...] = ()
    audience: tuple[_Text, ...] = ()
    authorized_parties: tuple[_Text, ...] = ()
    azp: AzpPolicy = "if-present"
    pending: PendingPolicy = "refuse"
    impersonation: ImpersonationPolicy = "allow"
    kinds: tuple[TokenKindName, ...] = Field(default=("session",), min_length=1)
    controlled_claims: tuple[_Text, ...] = Field(default=(), max_length=32)
    namespace: _Namespace | None = None
    clock_skew_seconds: int = Field(default=5, ge=0, le=60)
    max_age_seconds: int = Field(default=0, ge=0)
    version: AuthjsVersion = "any"
    cookies: tuple[_Cookie, ...] = Field(default=(), max_length=COOKIES_MAX)
    session_url: _Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, raw: object) -> object:
        """Fill in what follows from the preset and the kind."""
        if not isinstance(raw, Mapping):
            return raw
        try:
            members = fill(raw)
        except Unfit as unfit:
            raise ValueError(f"it {unfit.wrong}; {unfit.mend}") from None
        is_clerk = members.get("kind") == "clerk"
        row = next(row for row in PRESETS.values() if row.name == members["preset"])
        members.setdefault("controlled_claims", row.controlled_claims)
        issuer = members.get("issuer")
        if is_clerk and isinstance(issuer, str) and not members.get("pem") and not members.get("jwks_url"):
            members["jwks_url"] = clerk.key_set_url(issuer)
        if isinstance(pem := members.get("pem"), str):
            members["pem"] = _read_pem(pem)
        return members

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Refuse what contradicts itself."""
        if self.name in _RESERVED_NAMES:
            raise ValueError("the name 'none' is taken: it labels requests without a known issuer")
        if not set(self.algorithms) <= set(PUBLIC_KEY_ALGORITHMS):
            raise ValueError(f"algorithms may be {', '.join(PUBLIC_KEY_ALGORITHMS)}")
        for own in ("clerk", "authjs"):
            if (self.kind == own) != (self.preset == own):
                raise ValueError(f"kind {own} and preset {own} belong together")
        if (fault := self._source_fault()) is not None:
            raise ValueError(fault)
        if self.kind == "clerk" and self.issuer.endswith("/"):
            raise ValueError("Clerk's issuers have no slash at their end")
        for url in self.fetched():
            _check_url(url)
        if self.session_url is not None:
            _check_url(self.session_url, "its session route")
        for claim in self.controlled_claims:
            _check_controlled(claim)
        return self

    def _source_fault(self) -> str | None:
        """What contradicts the kind among the places where keys can come from."""
        if self.jwks_url and self.pem:
            return "jwks_url and pem exclude each other"
        match self.kind:
            case "oidc" if self.jwks_url or self.pem:
                return "kind oidc finds its keys by discovery; with jwks_url the kind is jwks, with pem it is pem"
            case "jwks" if not self.jwks_url:
                return "kind jwks needs jwks_url"
            case "pem" if not self.pem:
                return "kind pem needs pem"
            case "authjs" if self.jwks_url or self.pem:
                return "kind authjs has no public keys: its sessions are opened with a secret"
            case _:
                of_app = self.version != "any" or self.cookies or self.session_url
                return _OF_APP if of_app and self.kind != "authjs" else None

    def fetched(self) -> tuple[str, ...]:
        """The URLs that are asked for this issuer's keys, as far as they are configured.

        Returns:
            the key set's URL, or the issuer itself for discovery, or nothing for a PEM.
        """
        if self.kind == "oidc":
            return (self.issuer,)
        return (self.jwks_url,) if self.jwks_url else ()

    def is_bound(self) -> bool:
        """Whether its tokens must be meant for these apps: by audience, or by an authorized party that must be there.

        Clerk's and Auth.js's sessions are the app's by their kind.
        """
        return self.kind in {"clerk", "authjs"} or bool(
            self.audience or (self.azp == "required" and self.authorized_parties)
        )

    def is_sandbox_like(self) -> bool:
        """Whether it is one that only development can trust: anyone on the machine can be it."""
        return any(urls.is_loopback_http(url) for url in (self.issuer, *self.fetched()))


def parse_issuer(members: Mapping[str, object]) -> IssuerConfig:
    """Make an issuer's configuration from plain values.

    Args:
        members: as the attributes are called.

    Returns:
        the complete configuration.

    Raises:
        Unfit: when a member is unknown, missing or does not fit; no value is repeated.
    """
    try:
        return IssuerConfig.model_validate(members)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Unfit(_describe(first["loc"], first["type"], first["msg"]), "mend this member") from None


def _read_pem(text: str) -> str:
    try:
        return Pem().read(text)
    except Unfit as unfit:
        raise ValueError(f"its pem {unfit.wrong}") from None


def _check_url(url: str, what: str = "the URL of its keys") -> None:
    try:
        urls.split(url)
    except Unfit as unfit:
        raise ValueError(f"{what} {unfit.wrong}") from None


def _check_controlled(claim: str) -> None:
    try:
        own = claimpaths.is_own(claim)
    except Unfit:
        raise ValueError("controlled_claims has a claim that cannot be one") from None
    if own:
        raise ValueError("controlled_claims has a claim that people can edit about themselves")


def _describe(location: tuple[int | str, ...], kind: str, message: str) -> str:
    said = re.sub(r"^Value error, ", "", message)
    if not location:
        return f"is refused: {said}"
    # The name of an unknown member is text of its author's, so it is not repeated unless it looks like a name.
    name = str(location[0])
    shown = name if re.fullmatch(r"[a-z_]{1,32}", name) else "(not a name)"
    return f"has a member {shown} that {_HIDDEN_IN.get(kind, f'does not fit: {said}')}"

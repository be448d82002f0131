"""The identity providers by name: for each one row of declared policy, and no code of its own.

A row says how issuer and key set follow from what a team knows, what its sessions are signed with,
whom they are for, and by which signs a session is told from the other tokens that the same keys sign.
:mod:`tidegate.settings.filling` fills an issuer's settings in from a row,
:mod:`tidegate.identity.claims` judges tokens by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

PUBLIC_KEY_ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Every algorithm that an issuer may use: signatures with a public key, never ``none`` and never HS*."""

AzpPolicy = Literal["required", "if-present", "off"]
PresetName = Literal["clerk", "authjs", "supabase", "firebase", "auth0", "cognito", "keycloak", "oidc"]
TokenKindName = Literal["session", "template", "machine", "access", "anonymous"]
KindName = Literal["session", "template", "machine", "access", "anonymous", "other"]
Sign = Literal["is", "begins", "ends", "there", "no-text", "true", "same"]

HEADER_TYPE: Final = "header typ"
"""In a mark: the protected header's ``typ``, in lower case and without ``application/``, in place of a claim."""

SUBJECT_LENGTH: Final = 255


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign by which a kind of token is told; of a row's marks the first that fits decides.

    Attributes:
        kind: what the token is, if the mark fits.
        claim: the claim looked at, with dots between the names of nested members; or :data:`HEADER_TYPE`.
        sign: ``is``, ``begins`` and ``ends`` compare text with ``values``; ``there`` fits any value but null;
            ``no-text`` fits where no text stands that says something; ``true`` fits everything besides absence,
            null and false, so that a value of an odd type counts as true; ``same`` fits where both claims hold
            the same text.
        values: what to compare with; for ``same`` the other claim.
        needs_claim: whether it can only fit where the token's own members hold the claim; most tokens hold few.
    """

    kind: KindName
    claim: str
    sign: Sign
    values: tuple[str, ...] = ()
    needs_claim: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        needs = self.claim != HEADER_TYPE and "." not in self.claim and self.sign != "no-text"
        object.__setattr__(self, "needs_claim", needs)


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that a team knows of its provider, and that the rest follows from.

    Attributes:
        member: its name in an element of ``TIDEGATE_ISSUERS``; the setting is called after preset and member.
        question: what ``tidegate issuer add`` asks.
        example: a value of the right form.
        pattern: what a value must match as a whole. Its named groups can be used as the members can.
        fills: the issuer's setting that it is a list of values for; "" where issuer or key set follow from it.
    """

    member: str
    question: str
    example: str
    pattern: str
    fills: Literal["", "audience", "authorized_parties"] = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of a provider's tokens.

    Attributes:
        name: as in ``"preset"``.
        title: its name for people.
        asks: what has to be known.
        issuer: the ``iss``, made of what is asked in braces; "" where it is itself what is asked.
        jwks_url: its key set's URL, made likewise, ``{issuer}`` among it; "" for discovery.
        hosts: a pattern that its issuers fit, to notice one that is configured without its preset; "" for none.
        algorithms: what it can sign with.
        audience: the accepted audience that follows from what is asked; "" for none.
        audience_claim: the claim that says whom a token is for.
        azp: the policy for ``azp`` where the issuer's settings say nothing; "" for the common one.
        usual: the kind of a token that no mark fits.
        marks: in order.
        kinds: the kinds that count as a session by default.
        session_claim: the claim that holds the session's id.
        subject_length: the most characters that a subject has.
        controlled_claims: claims that only the issuer or the team's own server writes, the person never.
        has_iss: whether its tokens name their issuer. Those that only the app's own secret opens need not, and ``iss``
            is not looked at in them: there it is whatever the app put in.
        shared_secret: what to do where the provider still signs with a shared secret (HS256); "" where it never does.
    """

    name: PresetName
    title: str
    asks: tuple[Ask, ...]
    issuer: str = ""
    jwks_url: str = ""
    hosts: str = ""
    algorithms: tuple[str, ...] = PUBLIC_KEY_ALGORITHMS
    audience: str = ""
    audience_claim: str = "aud"
    azp: AzpPolicy | Literal[""] = ""
    usual: KindName = "session"
    marks: tuple[Mark, ...] = ()
    kinds: tuple[TokenKindName, ...] = ("session",)
    session_claim: str = "sid"
    subject_length: int = SUBJECT_LENGTH
    controlled_claims: tuple[str, ...] = ()
    has_iss: bool = True
    shared_secret: str = ""


_HOST: Final = r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ACCESS_TYPE: Final = Mark("access", HEADER_TYPE, "is", ("at+jwt",))
_ISSUER: Final = Ask("issuer", "The issuer, exactly as in iss", "https://login.example.com/", r"https?://\S{1,2040}")

CLERK: Final = Preset(
    name="clerk",
    title="Clerk",
    asks=(_ISSUER,),
    jwks_url="{issuer}/.well-known/jwks.json",
    hosts=r"https://(clerk\..+|.+\.clerk\.accounts\.dev)",
    algorithms=("RS256",),
    marks=(
        Mark("machine", "sub", "begins", ("mch_",)),
        _ACCESS_TYPE,
        Mark("template", "sid", "no-text"),
    ),
    # Whoever makes an organisation administers it: its slug and the roles in it are the members' own choice.
    # Other claims are what a template makes of them, which only its author knows.
    controlled_claims=("o.id", "org_id", "public_metadata"),
)

# Its sessions are encrypted, or known to the app alone: no key of theirs is public, and no signature counts. What is in
# them the app's own callbacks put there, so only the app's team knows which of it people can edit.
AUTHJS: Final = Preset(name="authjs", title="Auth.js", asks=(), issuer="authjs", algorithms=(), has_iss=False)

# The person may write user_metadata; app_metadata and role are the project's.
SUPABASE: Final = Preset(
    name="supabase",
    title="Supabase",
    asks=(Ask("project", "The project's reference, before .supabase.co", "abcdefghijklmnopqrst", r"[a-z0-9]{8,40}"),),
    issuer="https://{project}.supabase.co/auth/v1",
    jwks_url="{issuer}/.well-known/jwks.json",
    hosts=r"https://[^/]+\.supabase\.(co|in)/.*",
    algorithms=("ES256", "RS256"),
    audience="authenticated",
    usual="other",
    marks=(
        Mark("machine", "role", "is", ("service_role", "anon")),
        # Given to another application over OAuth: the person let it read something, not chat as them.
        Mark("access", "client_id", "there"),
        Mark("template", "session_id", "no-text"),
        Mark("anonymous", "is_anonymous", "true"),
        Mark("session", "role", "is", ("authenticated",)),
    ),
    session_claim="session_id",
    controlled_claims=("app_metadata", "role", "aal"),
    shared_secret=(
        "Supabase's shared secret (HS256) is not supported: in the project's settings, JWT keys, migrate to signing "
        "keys (ES256), rotate to them, and let people sign in again"
    ),
)

FIREBASE: Final = Preset(
    name="firebase",
    title="Firebase",
    asks=(Ask("project", "The project id", "my-app-1a2b3", r"[a-z][a-z0-9-]{4,28}[a-z0-9]"),),
    issuer="https://securetoken.google.com/{project}",
    jwks_url="https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    hosts=r"https://securetoken\.google\.com/.+",
    algorithms=("RS256",),
    audience="{project}",
    marks=(
        # Tenants of one project share issuer and audience, and may hold the same user id.
        Mark("other", "firebase.tenant", "there"),
        Mark("other", "firebase.sign_in_provider", "no-text"),
        Mark("anonymous", "firebase.sign_in_provider", "is", ("anonymous",)),
        Mark("anonymous", "provider_id", "is", ("anonymous",)),
    ),
    subject_length=128,
    controlled_claims=("role", "roles", "team", "teams", "groups"),
)

AUTH0: Final = Preset(
    name="auth0",
    title="Auth0",
    asks=(
        Ask("domain", "The tenant's domain, or its custom domain", "example.eu.auth0.com", _HOST),
        Ask(
            "audience",
            "The identifier of the API that access tokens are for",
            "https://chat.example.com",
            r"\S{1,2048}",
            "audience",
        ),
    ),
    issuer="https://{domain}/",
    jwks_url="{issuer}.well-known/jwks.json",
    hosts=r"https://[^/]+\.auth0\.com/?",
    algorithms=("RS256", "PS256"),
    usual="access",
    marks=(
        Mark("machine", "gty", "is", ("client-credentials",)),
        Mark("machine", "sub", "ends", ("@clients",)),
        Mark("machine", "sub", "same", ("client_id",)),
        Mark("machine", "sub", "same", ("azp",)),
        Mark("session", "nonce", "there"),
        Mark("session", "at_hash", "there"),
    ),
    kinds=("access",),
    controlled_claims=("permissions", "org_id"),
)

# Access tokens name the client in client_id and have no aud; token_use tells them from ID tokens.
COGNITO: Final = Preset(
    name="cognito",
    title="Amazon Cognito",
    asks=(
        Ask(
            "pool",
            "The user pool's id",
            "eu-west-1_AbCdEf123",
            r"(?P<region>[a-z]{2}(?:-[a-z]{2,16}){1,2}-[0-9])_[A-Za-z0-9]{1,50}",
        ),
        Ask("client", "The app client's id", "1example23456789abcdefghij", r"[A-Za-z0-9_+]{1,128}", "audience"),
    ),
    issuer="https://cognito-idp.{region}.amazonaws.com/{pool}",
    jwks_url="{issuer}/.well-known/jwks.json",
    hosts=r"https://cognito-idp\.[^/]+/.+",
    algorithms=("RS256",),
    audience_claim="client_id",
    usual="other",
    marks=(
        Mark("machine", "sub", "same", ("client_id",)),
        Mark("access", "token_use", "is", ("access",)),
        Mark("session", "token_use", "is", ("id",)),
    ),
    kinds=("access",),
    session_claim="origin_jti",
    controlled_claims=("cognito:groups",),
)

# The kind stands in the payload's own typ. Access tokens name the client in azp; aud holds it only with a mapper.
KEYCLOAK: Final = Preset(
    name="keycloak",
    title="Keycloak",
    asks=(
        Ask("realm", "The realm's URL", "https://login.example.com/realms/example", r"https?://\S+/realms/[^/\s]+"),
        Ask("client", "The client that people sign in with", "chat-app", r"\S{1,255}", "authorized_parties"),
    ),
    issuer="{realm}",
    jwks_url="{issuer}/protocol/openid-connect/certs",
    hosts=r"https?://[^/]+/(?:.+/)?realms/[^/]+",
    azp="required",
    usual="other",
    marks=(
        Mark("machine", "preferred_username", "begins", ("service-account-",)),
        Mark("machine", "client_id", "there"),
        Mark("machine", "clientId", "there"),
        Mark("template", "sid", "no-text"),
        Mark("access", "typ", "is", ("Bearer",)),
        Mark("session", "typ", "is", ("ID",)),
    ),
    kinds=("access",),
    controlled_claims=("realm_access", "resource_access", "groups"),
)

OIDC: Final = Preset(name="oidc", title="OpenID Connect", asks=(_ISSUER,), marks=(_ACCESS_TYPE,))

PRESETS: Final[Mapping[PresetName, Preset]] = MappingProxyType(
    {row.name: row for row in (CLERK, AUTHJS, SUPABASE, FIREBASE, AUTH0, COGNITO, KEYCLOAK, OIDC)}
)
"""Name to row, in the order of the documentation."""

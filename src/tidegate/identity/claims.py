"""Claims, judged after the signature: the rules of one issuer's policy at one moment.

The order of the checks is fixed and is that of
:class:`~tidegate.identity.model.CheckName`; the first broken rule gives the reason.
Details quote the configuration, never the token.
"""

import re
from collections.abc import Mapping
from typing import Final

from tidegate.errors import Reason
from tidegate.identity.carried import carried
from tidegate.identity.keys import LiveKey
from tidegate.identity.marks import classify
from tidegate.identity.model import (
    _PROOF,
    NO_PARTICULARS,
    CheckName,
    ClaimRefused,
    IssuerPolicy,
    Particulars,
    TokenKind,
    VerifiedSubject,
)

SUBJECT_LENGTH: Final = 255
NAME_LENGTH: Final = 255
EMAIL_LENGTH: Final = 320  # RFC 3696, erratum 1690, names 254; 320 is the older bound of RFC 2821
IMAGE_LENGTH: Final = 2048
LATEST_TIME: Final = 253_402_300_799  # the last second of the year 9999; larger numbers are milliseconds

# Control characters of both sets, and surrogates: strict JSON can spell a lone one as an escape,
# and it cannot be written as UTF-8 again.
_UNCLEAN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]").search
_ABSENT: Final = object()
_IMAGE_PREFIXES: Final = ("https://", "http://")
_FIRST_NAMES: Final = ("given_name", "first_name")
_LAST_NAMES: Final = ("family_name", "last_name")
_IMAGES: Final = ("picture", "image", "image_url")
_RARE: Final = frozenset(
    {"act", "name", "email", "o", "org_id", "is_anonymous", "firebase", *_FIRST_NAMES, *_LAST_NAMES, *_IMAGES}
)


def judge(
    claims: Mapping[str, object], header_typ: str | None, policy: IssuerPolicy, now: float, key: LiveKey
) -> VerifiedSubject:
    """Judge the claims of a token whose signature ``key`` was found good.

    Args:
        claims: the verified payload.
        header_typ: the protected header's ``typ``, if present.
        policy: the policy of the issuer whose key signed the token.
        now: seconds since the epoch.
        key: the key that verified the signature.

    Returns:
        the verified subject.

    Raises:
        ClaimRefused: the first rule that the claims break.
    """
    get = claims.get
    if get("iss") != policy.issuer and policy.preset.has_iss:
        raise _other_issuer()
    expires_at, issued_at = _times(claims, policy, now)
    preset = policy.preset
    if policy.audience:
        _check_audience(get(preset.audience_claim), policy)
    if policy.authorized_parties:
        _check_party(get("azp"), policy)
    kind = classify(claims, header_typ, preset)
    if kind not in policy.kinds:
        raise _kind_refused(kind)
    if policy.refuse_pending and get("sts") == "pending":
        raise _pending()
    rare = not _RARE.isdisjoint(claims)
    actor = _actor(get("act"), policy) if rare else None
    subject = _subject(get("sub"), preset.subject_length)
    sid = get(preset.session_claim)
    wanted = rare or policy.user_id_claim or policy.factor or policy.carried
    particulars = _particulars(claims, policy, actor, issued_at) if wanted else NO_PARTICULARS
    session_id = sid if type(sid) is str and _clean(sid, SUBJECT_LENGTH) else None
    return VerifiedSubject(_PROOF, policy, key, subject, session_id, kind, expires_at, issued_at, particulars)


def _times(claims: Mapping[str, object], policy: IssuerPolicy, now: float) -> tuple[int, int | None]:
    """Judge ``exp``, ``nbf`` and ``iat`` (RFC 7519, sections 4.1.4 to 4.1.6); the effective end, and ``iat``."""
    get = claims.get
    early, late = now - policy.skew, now + policy.skew
    expires_at = get("exp")
    # A boolean is no integer here, so isinstance() will not do.
    if type(expires_at) is not int or not 0 <= expires_at <= LATEST_TIME:
        raise _bad_time("exp", CheckName.EXPIRY)
    if expires_at <= early:
        raise ClaimRefused(CheckName.EXPIRY, Reason.TOKEN_EXPIRED, "The session token has expired; get a fresh one.")
    not_before = get("nbf", 0)
    if type(not_before) is not int or not 0 <= not_before <= LATEST_TIME:
        raise _bad_time("nbf", CheckName.NOT_BEFORE)
    if not_before > late:
        raise _too_early("is not valid yet (nbf)", CheckName.NOT_BEFORE, policy)
    issued_at = get("iat", _ABSENT)
    if issued_at is _ABSENT:
        return (min(expires_at, _end_of_age(None, policy.max_age, early)) if policy.max_age else expires_at), None
    if type(issued_at) is not int or not 0 <= issued_at <= LATEST_TIME:
        raise _bad_time("iat", CheckName.ISSUED_AT)
    if issued_at > late:
        raise _too_early("was issued in the future (iat)", CheckName.ISSUED_AT, policy)
    if policy.max_age:
        expires_at = min(expires_at, _end_of_age(issued_at, policy.max_age, early))
    return expires_at, issued_at


def _other_issuer() -> ClaimRefused:
    detail = "The issuer (iss) is not the one whose key signed the token."
    return ClaimRefused(CheckName.ISSUER, Reason.ISSUER_UNKNOWN, detail)


def _pending() -> ClaimRefused:
    detail = "The session is pending (sts): the person still has to choose an organisation or finish another task."
    return ClaimRefused(CheckName.PENDING, Reason.SESSION_PENDING, detail)


def _bad_time(claim: str, check: CheckName) -> ClaimRefused:
    need = "is required and must be" if check is CheckName.EXPIRY else "must be"
    detail = f"The claim {claim} {need} a whole number of seconds since 1970, as a JSON number."
    return ClaimRefused(check, Reason.TOKEN_MALFORMED, detail)


def _too_early(what: str, check: CheckName, policy: IssuerPolicy) -> ClaimRefused:
    detail = f"The token {what}, with {policy.skew} s of tolerance; check this machine's clock."
    return ClaimRefused(check, Reason.TOKEN_NOT_YET_VALID, detail)


def _end_of_age(issued_at: int | None, max_age: int, early: float) -> int:
    """The last moment at which a token is young enough, seconds since the epoch."""
    if issued_at is None:
        raise ClaimRefused(
            CheckName.ISSUED_AT,
            Reason.TOKEN_MALFORMED,
            "The token has no iat, and a maximum age is configured that is counted from it.",
        )
    end = issued_at + max_age
    if end <= early:
        raise ClaimRefused(
            CheckName.ISSUED_AT,
            Reason.TOKEN_EXPIRED,
            f"The session is older than the configured maximum of {max_age} s.",
        )
    return end


def _check_audience(aud: object, policy: IssuerPolicy) -> None:
    """``aud`` is one string or a list of strings, and one of them is ours (RFC 7519, section 4.1.3)."""
    values = aud if type(aud) is list else (aud,)
    if not any(type(value) is str and value in policy.audience for value in values):
        raise ClaimRefused(
            CheckName.AUDIENCE,
            Reason.AUDIENCE_MISMATCH,
            f"The audience ({policy.preset.audience_claim}) must hold one of the configured values.",
        )


def _check_party(azp: object, policy: IssuerPolicy) -> None:
    """``azp`` is the origin that asked for the token; native apps often have none."""
    if azp is None:
        if not policy.party_required:
            return
        detail = "The token names no authorized party (azp), and the policy requires one."
    elif type(azp) is str and azp in policy.authorized_parties:
        return
    else:
        detail = "The authorized party (azp) is none of the configured ones."
    raise ClaimRefused(CheckName.AUTHORIZED_PARTY, Reason.AUTHORIZED_PARTY_MISMATCH, detail)


_KIND_DETAILS: Final = {
    TokenKind.SESSION: "This is a session or ID token, and the policy for this issuer accepts other kinds only.",
    TokenKind.TEMPLATE: "This token names no session, as from a JWT template. Send the session token itself.",
    TokenKind.MACHINE: "This is a machine token (its subject is a machine); a person's session token is needed.",
    TokenKind.ACCESS: "This is an OAuth access token, and the policy for this issuer accepts other kinds only.",
    TokenKind.ANONYMOUS: "The session is anonymous: the person still has to sign in.",
    TokenKind.OTHER: "This is no token that a person signs in with (typ, events, or the provider's own marks).",
}


def _kind_refused(kind: TokenKind) -> ClaimRefused:
    # Like a pending session: it is genuine, a new one of the same kind changes nothing, and signing in does.
    reason = Reason.SESSION_PENDING if kind is TokenKind.ANONYMOUS else Reason.TOKEN_KIND_REFUSED
    return ClaimRefused(CheckName.KIND, reason, _KIND_DETAILS[kind])


def _subject(sub: object, length: int) -> str:
    """``sub``: a non-empty string that can be written down anywhere without harm."""
    if type(sub) is str and _clean(sub, length):
        return sub
    raise ClaimRefused(
        CheckName.SUBJECT,
        Reason.SUBJECT_MISSING,
        f"The subject (sub) must be a string of 1 to {length} characters without control characters.",
    )


def _actor(act: object, policy: IssuerPolicy) -> str | None:
    """``act.sub`` (RFC 8693, section 4.1), or None for a session that nobody impersonates."""
    if act is None:
        return None
    if policy.refuse_impersonation:
        detail = "The session is impersonated (act), which the policy for this issuer refuses."
        raise ClaimRefused(CheckName.IMPERSONATION, Reason.IMPERSONATION_REFUSED, detail)
    actor = _text(act.get("sub"), SUBJECT_LENGTH) if isinstance(act, dict) else None
    if actor is None:
        detail = "The session is impersonated (act) and names no actor (act.sub), so it cannot be accounted for."
        raise ClaimRefused(CheckName.IMPERSONATION, Reason.IMPERSONATION_REFUSED, detail)
    return actor


def _particulars(
    claims: Mapping[str, object], policy: IssuerPolicy, actor: str | None, issued_at: int | None
) -> Particulars:
    """The optional claims. Those of a wrong type are passed over: none of them decides anything."""
    image = _first(claims, _IMAGES, IMAGE_LENGTH)
    return Particulars(
        name=_name(claims),
        email=_text(claims.get("email"), EMAIL_LENGTH),
        image=image if image is not None and image.startswith(_IMAGE_PREFIXES) else None,
        organization=_organization(claims),
        actor=actor,
        claimed_user_id=_text(claims.get(policy.user_id_claim), SUBJECT_LENGTH) if policy.user_id_claim else None,
        anonymous=_anonymous(claims),
        factor_at=_factor_at(claims, issued_at) if policy.factor else None,
        carried=carried(claims, policy.carried) if policy.carried else (),
    )


def _anonymous(claims: Mapping[str, object]) -> bool:
    """Whether nobody signed in, as Supabase and Firebase say it."""
    firebase = claims.get("firebase")
    by_firebase = isinstance(firebase, dict) and firebase.get("sign_in_provider") == "anonymous"
    return by_firebase or claims.get("is_anonymous") is True


def _factor_at(claims: Mapping[str, object], issued_at: int | None) -> int | None:
    """When the first factor was last given: Clerk's ``fva``, or ``auth_time`` (OpenID Connect Core 1.0, section 2).

    A claim of a wrong type, or one that lies after ``iat``, says nothing. Clerk's -1 means never.
    """
    ages, moment = claims.get("fva"), claims.get("auth_time")
    if issued_at is None:
        return None
    if type(ages) is list and ages and type(ages[0]) is int:
        return max(0, issued_at - 60 * ages[0]) if ages[0] >= 0 else 0
    return moment if type(moment) is int and 0 <= moment <= issued_at else None


def _name(claims: Mapping[str, object]) -> str | None:
    """``name``, or the first and last name as far as they are there."""
    name = _text(claims.get("name"), NAME_LENGTH)
    if name is not None:
        return name
    parts = (_first(claims, _FIRST_NAMES, NAME_LENGTH), _first(claims, _LAST_NAMES, NAME_LENGTH))
    return _text(" ".join(part for part in parts if part is not None), NAME_LENGTH)


def _organization(claims: Mapping[str, object]) -> str | None:
    """The active organisation's id: Clerk's second form ``o.id``, or its first, ``org_id``."""
    second = claims.get("o")
    if isinstance(second, dict):
        return _text(second.get("id"), SUBJECT_LENGTH)
    return _text(claims.get("org_id"), SUBJECT_LENGTH)


def _first(claims: Mapping[str, object], names: tuple[str, ...], length: int) -> str | None:
    """The first of several claims that is usable text."""
    for name in names:
        text = _text(claims.get(name), length)
        if text is not None:
            return text
    return None


def _text(value: object, length: int) -> str | None:
    """A claim as text of 1 to ``length`` characters with something to see, or None."""
    return value if type(value) is str and _clean(value, length) and not value.isspace() else None


def _clean(text: str, length: int) -> bool:
    """Whether text is neither empty nor too long and holds no control character or surrogate."""
    # What is printable is clean; the reverse does not hold (a line separator, a code point without a character).
    return 0 < len(text) <= length and (text.isprintable() or _UNCLEAN(text) is None)

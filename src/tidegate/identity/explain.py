"""A verdict of the verifier in words: each check with what it asks, what decides it and how to mend it.

There is no second set of rules here. The verifier says what it says, and this module only
finds the check at which it stopped; so an explanation cannot differ from the verdict.
"""

from dataclasses import dataclass
from typing import Final

from tidegate.errors import Reason, Refusal
from tidegate.identity.model import CheckName, ClaimRefused, IssuerPolicy, KeysNeeded, VerifiedSubject

Verdict = VerifiedSubject | Refusal | KeysNeeded


@dataclass(frozen=True, slots=True)
class Check:
    """One line of an explanation.

    Attributes:
        name: the check.
        passed: True, False, or None if it was not reached.
        detail: what was found, or what the check asks for.
        setting: the settings that decide it, or "" if it is fixed.
        mend: what to do when it fails.
    """

    name: CheckName
    passed: bool | None
    detail: str
    setting: str
    mend: str


@dataclass(frozen=True, slots=True)
class _Row:
    asks: str
    setting: str
    mend: str


_ISSUERS: Final = "in TIDEGATE_ISSUERS"
_NEW: Final = "Get a fresh session token just before each request."
_CLOCK: Final = "Set the clock of this machine (NTP), or allow more tolerance, at most 60 s."

_ROWS: Final = {
    CheckName.SIZE: _Row(
        "The token and its header are small enough.",
        "TIDEGATE_SESSION_TOKEN_BYTES, TIDEGATE_SESSION_HEADER_BYTES",
        "Take claims out of the session token, or raise the limit.",
    ),
    CheckName.FORM: _Row(
        "Three segments of base64url, or the five of an encrypted session; header and content are strict JSON objects.",
        "AUTH_SECRET, TIDEGATE_AUTHJS_SECRETS, TIDEGATE_AUTHJS_SESSION_URL",
        "Send the session token itself, whole and without quotes. Encrypted and opaque ones are Auth.js's alone.",
    ),
    CheckName.ISSUER: _Row(
        "The issuer (iss) is a configured one, byte for byte; what is not signed is of Auth.js.",
        f"CLERK_PUBLISHABLE_KEY, CLERK_JWT_ISSUER, TIDEGATE_OIDC_ISSUER, or preset and issuer {_ISSUERS}",
        "Compare the token's iss with the configured issuer: scheme, host, and a slash at the end.",
    ),
    CheckName.ALGORITHM: _Row(
        "The signature algorithm (alg), or the encryption (enc), is allowed for this issuer.",
        f"algorithms {_ISSUERS}, TIDEGATE_AUTHJS_VERSION",
        "Let the identity provider sign with an asymmetric algorithm that is allowed here.",
    ),
    CheckName.KEY: _Row(
        "The key named by the header (kid) is in the issuer's key set, or follows from the app's secret.",
        f"CLERK_JWT_KEY, TIDEGATE_OIDC_JWKS_URL, TIDEGATE_OIDC_PEM, or jwks_url and pem {_ISSUERS}; AUTH_SECRET, "
        "TIDEGATE_AUTHJS_SECRETS, TIDEGATE_AUTHJS_COOKIES",
        "See that token and configuration are of one instance, and that the key server can be reached from here. For "
        "Auth.js compare secret and cookie name with the app's.",
    ),
    CheckName.SIGNATURE: _Row(
        "The signature is that of the key over header and payload; an encrypted session opens with its key.",
        "AUTH_SECRET",
        "Send the token exactly as the identity provider made it, and see that a secret is the app's own.",
    ),
    CheckName.EXPIRY: _Row("The token has not expired (exp).", "TIDEGATE_CLOCK_SKEW_SECONDS", _NEW),
    CheckName.NOT_BEFORE: _Row("The token is valid already (nbf).", "TIDEGATE_CLOCK_SKEW_SECONDS", _CLOCK),
    CheckName.ISSUED_AT: _Row(
        "The token was not issued in the future (iat), nor too long ago.",
        "TIDEGATE_CLOCK_SKEW_SECONDS, TIDEGATE_SESSION_MAX_AGE_SECONDS, TIDEGATE_AUTHJS_MAX_AGE_SECONDS",
        f"{_CLOCK} If the session is too old, sign in again or raise the maximum age.",
    ),
    CheckName.AUDIENCE: _Row(
        "The audience (aud, for Cognito client_id) holds a configured value.",
        f"TIDEGATE_OIDC_AUDIENCE, or audience {_ISSUERS}",
        "Ask the identity provider for a token for this audience, or list the audience.",
    ),
    CheckName.AUTHORIZED_PARTY: _Row(
        "The authorized party (azp) is a configured origin, or client.",
        f"CLERK_AUTHORIZED_PARTIES, TIDEGATE_AZP_POLICY, or authorized_parties and azp {_ISSUERS}",
        "List the origin of the app that signs in, with scheme and without a slash at the end.",
    ),
    CheckName.KIND: _Row(
        "The token is of a kind that counts as a session.",
        f"kinds and preset {_ISSUERS}",
        "Send the session token of a person who signed in, no machine's and no other app's; or allow that kind.",
    ),
    CheckName.PENDING: _Row(
        "The session is not pending (sts).",
        f"TIDEGATE_PENDING_POLICY, or pending {_ISSUERS}",
        "Let the person finish signing in: choose an organisation, add a second factor.",
    ),
    CheckName.IMPERSONATION: _Row(
        "The session is not impersonated (act), or that is allowed and the actor is named.",
        f"TIDEGATE_IMPERSONATION_POLICY, or impersonation {_ISSUERS}",
        "Sign in as the person, or allow impersonation.",
    ),
    CheckName.SUBJECT: _Row(
        "The subject (sub) is a string of 1 to 255 characters (for Firebase 128) without control characters.",
        "",
        "Let the identity provider put the person's id into sub.",
    ),
}

_BY_REASON: Final = {
    Reason.TOKEN_TOO_LARGE: CheckName.SIZE,
    Reason.TOKEN_MALFORMED: CheckName.FORM,
    Reason.ISSUER_UNKNOWN: CheckName.ISSUER,
    Reason.ISSUER_NOT_CONFIGURED: CheckName.ISSUER,
    Reason.ALGORITHM_NOT_ALLOWED: CheckName.ALGORITHM,
    Reason.KEY_UNKNOWN: CheckName.KEY,
    Reason.IDENTITY_UNAVAILABLE: CheckName.KEY,
    Reason.SIGNATURE_INVALID: CheckName.SIGNATURE,
}
_CLAIM_REASONS: Final = {
    CheckName.EXPIRY: (Reason.TOKEN_EXPIRED, Reason.TOKEN_MALFORMED),
    CheckName.NOT_BEFORE: (Reason.TOKEN_NOT_YET_VALID, Reason.TOKEN_MALFORMED),
    CheckName.ISSUED_AT: (Reason.TOKEN_NOT_YET_VALID, Reason.TOKEN_EXPIRED, Reason.TOKEN_MALFORMED),
    CheckName.AUDIENCE: (Reason.AUDIENCE_MISMATCH,),
    CheckName.AUTHORIZED_PARTY: (Reason.AUTHORIZED_PARTY_MISMATCH,),
    CheckName.KIND: (Reason.TOKEN_KIND_REFUSED, Reason.SESSION_PENDING),
    CheckName.PENDING: (Reason.SESSION_PENDING,),
    CheckName.IMPERSONATION: (Reason.IMPERSONATION_REFUSED,),
    CheckName.SUBJECT: (Reason.SUBJECT_MISSING,),
}
"""What a check of claims says no with; the checks before them say it with the reasons of `_BY_REASON`."""

_ORDER: Final = tuple(CheckName)


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check in general, whatever the token.

    Attributes:
        name: its name.
        asks: what must hold.
        setting: what decides it, or "" where nothing can change it.
        mend: what to do when it fails.
        reasons: with which it refuses.
    """

    name: CheckName
    asks: str
    setting: str
    mend: str
    reasons: tuple[Reason, ...]


def table() -> list[CheckRow]:
    """Every check, in the order in which they are made; the page of the documentation shows it."""
    return [CheckRow(name, _ROWS[name].asks, _ROWS[name].setting, _ROWS[name].mend, _reasons(name)) for name in _ORDER]


def _reasons(name: CheckName) -> tuple[Reason, ...]:
    return tuple(reason for reason, check in _BY_REASON.items() if check is name) + _CLAIM_REASONS.get(name, ())


def checks(verdict: Verdict, policy: IssuerPolicy | None) -> list[Check]:
    """Lay out a verdict check by check.

    Args:
        verdict: what the verifier returned or raised.
        policy: the policy that the token is held to; None if it did not get so far.

    Returns:
        every check in order: passed, failed (at most one), or not reached.
    """
    failed = failed_check(verdict)
    if failed is None:
        return [_line(name, _passed(name, policy), passed=True) for name in _ORDER]
    skipped = _skipped(verdict)
    lines = []
    for position, name in enumerate(_ORDER):
        if name is failed:
            lines.append(_line(name, _failed(verdict), passed=False))
        elif position < _ORDER.index(failed) and name not in skipped:
            lines.append(_line(name, _passed(name, policy), passed=True))
        else:
            lines.append(_line(name, "Not reached.", passed=None))
    return lines


def failed_check(verdict: Verdict) -> CheckName | None:
    """The check at which the verifier stopped, or None if all passed.

    Args:
        verdict: what the verifier returned or raised.
    """
    if isinstance(verdict, VerifiedSubject):
        return None
    if isinstance(verdict, ClaimRefused):
        return verdict.check
    return CheckName.KEY if isinstance(verdict, KeysNeeded) else _BY_REASON[verdict.reason]


def _line(name: CheckName, detail: str, *, passed: bool | None) -> Check:
    row = _ROWS[name]
    return Check(name, passed, detail, row.setting, row.mend)


def _failed(verdict: Verdict) -> str:
    if isinstance(verdict, KeysNeeded):
        return verdict.refusal().detail
    return verdict.detail if isinstance(verdict, Refusal) else ""


def _skipped(verdict: Verdict) -> frozenset[CheckName]:
    """Checks that stand before the failed one, but were not made."""
    if isinstance(verdict, Refusal) and verdict.reason is Reason.ISSUER_NOT_CONFIGURED:
        return frozenset({CheckName.SIZE, CheckName.FORM})
    no_keys = isinstance(verdict, KeysNeeded) and verdict.kid is None
    if no_keys or (isinstance(verdict, Refusal) and verdict.reason is Reason.IDENTITY_UNAVAILABLE):
        return frozenset({CheckName.ALGORITHM})
    return frozenset()


def _passed(name: CheckName, policy: IssuerPolicy | None) -> str:
    """What a check asks for, or that it asks for nothing under this policy."""
    asks = _ROWS[name].asks
    if policy is None:
        return asks
    if name is CheckName.ISSUER:
        return f"{asks} It is {policy.name}."
    if name in (CheckName.EXPIRY, CheckName.NOT_BEFORE, CheckName.ISSUED_AT):
        return f"{asks} Tolerance: {policy.skew} s."
    unchecked = {
        CheckName.AUDIENCE: not policy.audience,
        CheckName.AUTHORIZED_PARTY: not policy.authorized_parties,
        CheckName.PENDING: not policy.refuse_pending,
    }
    return "Not checked: the configuration asks for nothing." if unchecked.get(name) else asks

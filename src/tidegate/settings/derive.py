"""The complete list of issuers, from the Clerk and OpenID Connect variables and ``TIDEGATE_ISSUERS``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tidegate.settings import authjs, authjs_apps, clerk, urls
from tidegate.settings.authjs_section import SECRET_FIELDS
from tidegate.settings.draft import Draft
from tidegate.settings.filling import fill
from tidegate.settings.issuers import IssuerConfig, parse_issuer
from tidegate.settings.preset_section import PresetSection
from tidegate.settings.presets import PRESETS, Preset
from tidegate.settings.problems import Problem, Unfit


@dataclass(slots=True)
class Derived:
    """What came of it.

    Attributes:
        issuers: in order, the primary one first.
        variables: for each issuer, the variable to name in a problem.
        problems: what is wrong.
        warnings: what is not wrong but should be known.
    """

    issuers: list[IssuerConfig] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, variable: str, members: Mapping[str, object], label: str = "") -> None:
        """Take an issuer in, or the problem that it has."""
        try:
            issuer = parse_issuer(members)
        except Unfit as unfit:
            self.problems.append(Problem(variable, f"{label}{unfit.wrong}", unfit.mend))
        else:
            self.issuers.append(issuer)
            self.variables.append(variable)


def derive(draft: Draft, listed: tuple[Mapping[str, object], ...]) -> Derived:
    """Put the issuers together and judge them.

    Args:
        draft: the settings as far as they could be read, without their issuers.
        listed: the objects of ``TIDEGATE_ISSUERS``.

    Returns:
        the issuers with their problems and warnings.
    """
    derived = Derived()
    common = _common(draft)
    _add_clerk(draft, common, derived)
    _add_oidc(draft, common, derived)
    for row in PRESETS.values():
        _add_preset(draft, common, derived, row)
    _add_authjs(draft, common, listed, derived)
    for number, members in enumerate(listed, 1):
        known, own = authjs_apps.members(members, draft.settings) if authjs.is_listed(members) else ({}, members)
        _add_members({**common, **known}, derived, draft.name("issuers"), own, f"element {number} ")
    derived.problems.extend(_check_list(derived))
    derived.problems.extend(authjs_apps.check_listed(draft, listed))
    if not derived.problems:
        derived.problems.extend(authjs_apps.check(draft, derived.issuers))
    for issuer, variable in zip(derived.issuers, derived.variables, strict=True):
        derived.problems.extend(_check_transport(draft, issuer, variable))
    return derived


def _common(draft: Draft) -> dict[str, object]:
    settings = draft.settings
    controlled = {"controlled_claims": settings.controlled_claims} if settings.controlled_claims else {}
    return {
        **controlled,
        "azp": settings.azp_policy,
        "pending": settings.pending_policy,
        "impersonation": settings.impersonation_policy,
        "clock_skew_seconds": settings.clock_skew_seconds,
        "max_age_seconds": settings.session_max_age_seconds,
    }


def _add_clerk(draft: Draft, common: Mapping[str, object], derived: Derived) -> None:
    settings = draft.settings
    issuer, variable = settings.clerk_jwt_issuer, draft.name("clerk_jwt_issuer")
    if settings.clerk_publishable_key:
        name = draft.name("clerk_publishable_key")
        try:
            key = clerk.decode(settings.clerk_publishable_key)
        except Unfit as unfit:
            derived.problems.append(unfit.at(name))
            return
        if issuer and issuer != key.issuer:
            derived.warnings.append(f"{variable} is not the issuer that {name} names; {variable} counts")
        if not issuer:
            issuer, variable = key.issuer, name
        if draft.is_production() and not key.live:
            derived.warnings.append(f"{name} is of a Clerk development instance (pk_test_); production has pk_live_")
    if draft.failed & {"clerk_publishable_key", "clerk_jwt_issuer", "clerk_jwt_key"}:
        return
    if issuer:
        of_clerk = {
            "audience": (),
            "authorized_parties": settings.clerk_authorized_parties,
            "pem": settings.clerk_jwt_key,
        }
        derived.add(variable, {**common, **of_clerk, "name": "clerk", "kind": "clerk", "issuer": issuer})
    elif settings.clerk_jwt_key:
        mend = "set CLERK_PUBLISHABLE_KEY or CLERK_JWT_ISSUER too"
        derived.problems.append(Problem(draft.name("clerk_jwt_key"), "is a key without an issuer", mend))
    elif settings.clerk_authorized_parties:
        derived.warnings.append("CLERK_AUTHORIZED_PARTIES has no effect: no Clerk issuer is configured by variables")


def _add_oidc(draft: Draft, common: Mapping[str, object], derived: Derived) -> None:
    settings = draft.settings
    parts = [name for name in ("oidc_jwks_url", "oidc_pem", "oidc_audience") if getattr(settings, name)]
    if draft.failed & {"oidc_issuer", "oidc_jwks_url", "oidc_pem", "oidc_audience"}:
        return
    if not settings.oidc_issuer:
        if parts:
            problem = Problem(draft.name(parts[0]), "is set without TIDEGATE_OIDC_ISSUER", "set the issuer too")
            derived.problems.append(problem)
        return
    if settings.oidc_jwks_url and settings.oidc_pem:
        wrong = "and TIDEGATE_OIDC_PEM are both set"
        derived.problems.append(Problem("TIDEGATE_OIDC_JWKS_URL", wrong, "set one: keys come from a URL or a PEM"))
        return
    kind = "pem" if settings.oidc_pem else "jwks" if settings.oidc_jwks_url else "oidc"
    keys = {"jwks_url": settings.oidc_jwks_url, "pem": settings.oidc_pem, "audience": settings.oidc_audience}
    members = {**common, **keys, "name": "oidc", "kind": kind, "issuer": settings.oidc_issuer}
    derived.add(draft.name("oidc_issuer"), members)


def _add_preset(draft: Draft, common: Mapping[str, object], derived: Derived, row: Preset) -> None:
    """An issuer by the variables that are called after a preset and what it asks for."""
    asked = {ask.member: f"{row.name}_{ask.member}" for ask in row.asks}
    if not set(asked.values()) <= PresetSection.model_fields.keys() or draft.failed & set(asked.values()):
        return
    given = {member: value for member, name in asked.items() if (value := getattr(draft.settings, name))}
    if not given:
        return
    for member, name in asked.items():
        if member not in given:
            first = draft.name(asked[next(iter(given))])
            problem = Problem(draft.name(name), f"is not set, while {first} is", f"set it too: {row.title} needs both")
            derived.problems.append(problem)
            return
    variable = draft.name(asked[next(iter(given))])
    _add_members(common, derived, variable, {"preset": row.name, **given}, "")


def _add_members(
    common: Mapping[str, object], derived: Derived, variable: str, members: Mapping[str, object], label: str
) -> None:
    """What an issuer's own settings say counts before what its preset says, and that before the common settings."""
    try:
        filled = fill(members) if "preset" in members else members
    except Unfit as unfit:
        derived.problems.append(Problem(variable, f"{label}{unfit.wrong}", unfit.mend))
    else:
        derived.add(variable, {**common, **filled}, label)


def _add_authjs(
    draft: Draft, common: Mapping[str, object], listed: tuple[Mapping[str, object], ...], derived: Derived
) -> None:
    """It is the primary one where all others have a namespace, or stands where ``TIDEGATE_ISSUERS`` lists it."""
    settings = draft.settings
    if not authjs.is_configured(settings) or any(
        authjs.is_listed(one) and not authjs_apps.is_own(one, settings) for one in listed
    ):
        return
    given = next((field for field in (*SECRET_FIELDS, "authjs_session_url") if field in draft.given), None)
    if given is None:
        return
    if derived.issuers or not all(one.get("namespace") for one in listed):
        # Which of two is the primary one decides everybody's user id, so it is not for us to choose.
        mend = (
            'say where Auth.js stands with {"kind": "authjs", "namespace": ...} in TIDEGATE_ISSUERS, '
            "or set TIDEGATE_AUTHJS_VERSION=off if its sessions are not to be accepted"
        )
        derived.problems.append(Problem(draft.name(given), "adds Auth.js to another issuer without a namespace", mend))
        return
    derived.add(draft.name(given), {**common, **authjs.members(settings)})


def _check_list(derived: Derived) -> Iterator[Problem]:
    """User ids depend on this order: the first issuer's are bare, every other issuer's carry its namespace."""
    seen: set[tuple[str, str]] = set()
    for position, (issuer, variable) in enumerate(zip(derived.issuers, derived.variables, strict=True)):
        if position == 0 and issuer.namespace is not None:
            mend = "leave its namespace out, or put the primary issuer before it"
            yield Problem(variable, f"gives the first issuer, {issuer.name}, a namespace", mend)
        if position > 0 and issuer.namespace is None:
            mend = 'add it with TIDEGATE_ISSUERS and a "namespace" of its own, 1 to 16 of a-z and 0-9'
            yield Problem(variable, f"adds a further issuer, {issuer.name}, without a namespace", mend)
        for what, value in (("name", issuer.name), ("issuer", issuer.issuer), ("namespace", issuer.namespace)):
            if value is not None and (what, value) in seen:
                yield Problem(variable, f"adds an issuer whose {what} another has", f"give each its own {what}")
            seen.add((what, value or ""))


def _check_transport(draft: Draft, issuer: IssuerConfig, variable: str) -> Iterator[Problem]:
    """Keys that could be replaced on their way prove nothing."""
    if issuer.is_sandbox_like() and not draft.is_development():
        wrong = f"makes {issuer.name} an issuer on plain http to loopback, as the sandbox's is"
        mend = f"configure a real issuer: {draft.settings.environment} trusts none that anyone on the machine can be"
        yield Problem(variable, wrong, mend)
        return
    for url in issuer.fetched():
        try:
            urls.demand_encrypted(url, development=draft.is_development())
        except Unfit as unfit:
            yield Problem(variable, f"has a key URL for {issuer.name} that {unfit.wrong}", unfit.mend)

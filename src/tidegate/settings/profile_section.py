"""Settings of what a session's claims decide beyond the user id: the life of the tokens, and the profile at Stream."""

from typing import Annotated

from tidegate.settings.claimpaths import Controlled
from tidegate.settings.profile_rules import ProfileRule
from tidegate.settings.profile_text import ProfileRules, Roles
from tidegate.settings.risk import DEFAULT_ROWS, LifeByRisk, RiskRow
from tidegate.settings.spec import Section, spec


class ProfileSection(Section):
    """Lives and profiles by claims."""

    life_by_risk: Annotated[
        tuple[RiskRow, ...],
        spec(
            "TIDEGATE_LIFE_BY_RISK",
            LifeByRisk(),
            "How long a Stream token lives at most where somebody acts for somebody else, nobody signed in, or "
            "signing in was long ago; the shortest row that fits counts.",
        ),
    ] = DEFAULT_ROWS
    controlled_claims: Annotated[
        tuple[str, ...],
        spec(
            "TIDEGATE_CONTROLLED_CLAIMS",
            Controlled(),
            "The claims that only the issuer's own administrators write, for issuers that name none of their own; "
            "roles and teams are taken from no others.",
            "what follows from the kind of issuer",
        ),
    ] = ()
    profile_rules: Annotated[
        tuple[ProfileRule, ...],
        spec(
            "TIDEGATE_PROFILE_RULES",
            ProfileRules(),
            "What of a session's claims goes into the profile at Stream besides name and image: fields of yours, role, "
            "teams.",
        ),
    ] = ()
    profile_allow_admin: Annotated[
        tuple[str, ...],
        spec(
            "TIDEGATE_PROFILE_ALLOW_ADMIN",
            Roles(),
            "The roles with `admin` in their names that rules may give; none if unset.",
        ),
    ] = ()

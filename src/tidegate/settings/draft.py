"""Settings on their way: read, not yet judged."""

from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.settings.authjs_section import SECRET_FIELDS
from tidegate.settings.model import SPECS, Settings
from tidegate.settings.preset_section import PresetSection
from tidegate.settings.sources import Given
from tidegate.settings.stream_section import Environment


@dataclass(frozen=True, slots=True)
class Draft:
    """What the rules look at.

    Attributes:
        settings: with the default in place of whatever could not be read.
        given: field to what was given for it.
        failed: the fields that could not be read; they have their problem already.
        unknown: variables that are none of ours, each with the one that was probably meant, or "".
    """

    settings: Settings
    given: Mapping[str, Given]
    failed: frozenset[str]
    unknown: Mapping[str, str]

    def name(self, field: str) -> str:
        """The variable to name in a problem: the one that was used, else the preferred one."""
        given = self.given.get(field)
        return given.variable if given else SPECS[field].variables[0]

    def misspelt(self, field: str) -> str:
        """A variable that is set and was probably meant to be this setting's; "" where there is none."""
        return next((name for name, meant in self.unknown.items() if meant in SPECS[field].variables), "")

    def is_production(self) -> bool:
        """Whether the strictest rules hold."""
        return self.settings.environment is Environment.PRODUCTION

    def is_development(self) -> bool:
        """Whether plain http to loopback will do."""
        return self.settings.environment is Environment.DEVELOPMENT

    def has_issuers(self) -> bool:
        """Whether an issuer was asked for, sound or not."""
        wanted = {"clerk_publishable_key", "clerk_jwt_issuer", "clerk_jwt_key", "oidc_issuer", "issuers"}
        wanted |= PresetSection.model_fields.keys()
        if self.settings.authjs_version != "off":
            wanted |= {*SECRET_FIELDS, "authjs_session_url"}
        return bool(wanted & (self.given.keys() | self.failed))

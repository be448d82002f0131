"""Every setting in one model, and the tables that follow from its declarations.

The declaration of a field drives the loading, the origins, ``tidegate config
show``, ``docs/settings.md`` and ``.env.example``. To add a setting, add a field to its section.
"""

from types import MappingProxyType
from typing import Final, cast

from tidegate.settings import urls
from tidegate.settings.alert_section import AlertSection
from tidegate.settings.authjs_section import AuthjsSection
from tidegate.settings.bounds_section import BoundsSection
from tidegate.settings.canary_section import CanarySection
from tidegate.settings.console_section import ConsoleSection
from tidegate.settings.credentials_section import CredentialsSection
from tidegate.settings.identity_section import IdentitySection
from tidegate.settings.ledger_section import LedgerSection
from tidegate.settings.operator_section import OperatorSection
from tidegate.settings.preset_section import PresetSection
from tidegate.settings.profile_section import ProfileSection
from tidegate.settings.server_section import ServerSection
from tidegate.settings.spec import Section, Spec
from tidegate.settings.standing_section import StandingSection
from tidegate.settings.store_section import StoreSection
from tidegate.settings.stream_section import Environment, StreamSection, TokenSection
from tidegate.settings.telemetry_section import TelemetrySection
from tidegate.settings.webhook_section import WebhookSection


class Settings(
    StreamSection,
    CredentialsSection,
    IdentitySection,
    PresetSection,
    AuthjsSection,
    TokenSection,
    ProfileSection,
    ServerSection,
    OperatorSection,
    ConsoleSection,
    StoreSection,
    LedgerSection,
    StandingSection,
    WebhookSection,
    CanarySection,
    AlertSection,
    TelemetrySection,
    BoundsSection,
):
    """The effective settings: read once at start, passed to whoever needs them, never changed.

    Made without arguments it is development on a bare machine, which tests rely on.
    """

    @property
    def sandbox_wanted(self) -> bool:
        """Whether nothing at all is configured in development, so that the sandbox stands in."""
        configured = self.api_key or self.api_secret or self.credentials_source or self.issuers
        return not configured and self.environment is Environment.DEVELOPMENT

    @property
    def host(self) -> str:
        """The address to listen on, without brackets."""
        return urls.split_bind(self.bind)[0]

    @property
    def port(self) -> int:
        """The port to listen on; 0 lets the system choose."""
        return urls.split_bind(self.bind)[1]


SECTIONS: Final = cast("tuple[type[Section], ...]", Settings.__bases__)
"""The sections, in the order of the documentation page."""


def _specs() -> MappingProxyType[str, Spec]:
    found: dict[str, Spec] = {}
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            (found[name],) = (item for item in field.metadata if isinstance(item, Spec))
    return MappingProxyType(found)


SPECS: Final = _specs()
"""Field name to declaration, in the order of the documentation page. Every field has one."""

VARIABLES: Final = MappingProxyType({variable: field for field, spec in SPECS.items() for variable in spec.variables})
"""Every known variable to its field."""

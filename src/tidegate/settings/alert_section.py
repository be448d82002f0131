"""Settings of alerts: who is told, and how often."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, SecretStr

from tidegate.settings import kinds as k
from tidegate.settings import urls
from tidegate.settings.problems import Unfit
from tidegate.settings.spec import COUNT_MAX, OFF, Section, spec
from tidegate.settings.webhook_section import webhook_key

_RECEIVERS_MOST = 16
_LENGTH_MOST = 2_048


@dataclass(frozen=True, slots=True)
class HookUrl(k.Hidden):
    """The address of a webhook, which may be all that keeps strangers from it."""

    def read(self, text: str) -> SecretStr:
        """The URL, wrapped."""
        urls.split(text)
        return SecretStr(text)

    def form(self) -> str:
        """What it is."""
        return "an https URL; a secret"


@dataclass(frozen=True, slots=True)
class HookSecret(k.Hidden):
    """What signs our webhooks."""

    def read(self, text: str) -> SecretStr:
        """The secret, wrapped."""
        try:
            webhook_key(text)
        except ValueError:
            raise Unfit(
                "is no secret of Standard Webhooks",
                "write whsec_ and the Base64 of 24 to 64 random octets, as the receiver has it",
            ) from None
        return SecretStr(text)

    def form(self) -> str:
        """What it is."""
        return "`whsec_...`; a secret"


@dataclass(frozen=True, slots=True)
class ReceiverUrls(k.Hidden):
    """Receivers as apprise writes them. Their URLs have commas of their own, so spaces separate them."""

    def read(self, text: str) -> tuple[SecretStr, ...]:
        """Each URL, wrapped."""
        found = tuple(dict.fromkeys(text.split()))
        if len(found) > _RECEIVERS_MOST:
            raise Unfit(f"names more than {_RECEIVERS_MOST} receivers", "shorten the list")
        if any("://" not in url or len(url) > _LENGTH_MOST for url in found):
            raise Unfit("has an element that is no URL of apprise", f"write {self.form()}")
        return tuple(SecretStr(url) for url in found)

    def form(self) -> str:
        """What they are."""
        return "URLs of apprise such as `slack://...`, with spaces between them; secrets"


class AlertSection(Section):
    """Alerts."""

    alert_webhook_url: Annotated[
        SecretStr | None,
        spec("TIDEGATE_ALERT_WEBHOOK_URL", HookUrl(), "Where alerts are posted, signed."),
    ] = Field(default=None)
    alert_webhook_secret: Annotated[
        SecretStr | None,
        spec("TIDEGATE_ALERT_WEBHOOK_SECRET", HookSecret(), "What signs them, by Standard Webhooks."),
    ] = Field(default=None)
    alert_receivers: Annotated[
        tuple[SecretStr, ...],
        spec(
            "TIDEGATE_ALERT_RECEIVERS",
            ReceiverUrls(),
            "Slack, mail, PagerDuty, Teams and others that are told of alerts; needs the extra `notify`.",
        ),
    ] = ()
    alert_repeat_hours: Annotated[
        int,
        spec(
            "TIDEGATE_ALERT_REPEAT_HOURS",
            k.Integer(1, 168, "h", OFF),
            "After how long people are told again of an alert that still fires.",
        ),
    ] = 4
    plan_connections: Annotated[
        int,
        spec(
            "TIDEGATE_PLAN_CONNECTIONS",
            k.Integer(1, COUNT_MAX, "connections", "for not known"),
            "How many connections at a time the plan at Stream has; an alert comes at 80 %.",
        ),
    ] = 0

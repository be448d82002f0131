"""The part of the production checklist that only calls to Stream and to the issuers can answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.settings.checklist import Line
from tidegate.settings.model import Settings

QUOTA_MIN: Final = 0.2
CLOCK_DIFFERENCE_MAX_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """What calls to Stream and to the issuers showed. None: could not be found out, which never passes.

    Attributes:
        app_reachable: whether Stream answered at all.
        credentials_accepted: whether Stream took the secret as the key's.
        auth_checks_on: whether the app at Stream verifies tokens.
        permission_checks_on: whether it checks permissions.
        suspended: whether Stream has suspended the app.
        quota_ratio: the least part left of any rate limit, 0 to 1.
        clock_difference_s: Stream's clock less this machine's, in seconds.
        issuer_keys: issuer to whether its keys could be had.
        capitals_distinguished: whether Stream tells user ids apart by case; None where nobody tried.
    """

    app_reachable: bool
    credentials_accepted: bool | None = None
    auth_checks_on: bool | None = None
    permission_checks_on: bool | None = None
    suspended: bool | None = None
    quota_ratio: float | None = None
    clock_difference_s: float | None = None
    issuer_keys: Mapping[str, bool] | None = None
    capitals_distinguished: bool | None = None


def check_live(settings: Settings, facts: LiveFacts) -> list[Line]:
    """Go through the live part.

    Args:
        settings: what the calls were made with.
        facts: what they showed.

    Returns:
        every line, passed or not, always in the same order.
    """
    return [*_check_app(facts), *_check_measures(facts), _check_keys(facts), *_check_capitals(settings, facts)]


def _check_app(facts: LiveFacts) -> Iterator[Line]:
    yield Line(
        "live-reachable",
        facts.app_reachable,
        "Stream answers.",
        "See that STREAM_CHAT_BASE_URL is right and that outbound HTTPS is open.",
    )
    yield Line(
        "live-credentials",
        facts.credentials_accepted is True,
        "Key and secret belong together.",
        "Copy both from the same app in Stream's dashboard.",
    )
    yield Line(
        "live-auth-checks",
        facts.auth_checks_on is True,
        "The app at Stream verifies tokens.",
        "Switch off 'disable auth checks' in Stream's dashboard: with it anyone can be anyone.",
    )
    yield Line(
        "live-permission-checks",
        facts.permission_checks_on is True,
        "The app at Stream checks permissions.",
        "Switch off 'disable permissions checks' in Stream's dashboard.",
    )
    yield Line("live-not-suspended", facts.suspended is False, "The app at Stream is not suspended.", "Ask Stream why.")


def _check_measures(facts: LiveFacts) -> Iterator[Line]:
    yield Line(
        "live-quota",
        facts.quota_ratio is not None and facts.quota_ratio >= QUOTA_MIN,
        f"At least {QUOTA_MIN:.0%} of every rate limit of Stream's is left.",
        "Find out who spends it, or ask Stream for more.",
    )
    difference = facts.clock_difference_s
    yield Line(
        "live-clock",
        difference is not None and abs(difference) < CLOCK_DIFFERENCE_MAX_S,
        f"This machine's clock and Stream's differ by less than {CLOCK_DIFFERENCE_MAX_S:.0f} s.",
        "Keep the machine's clock by NTP.",
    )


def _check_keys(facts: LiveFacts) -> Line:
    keys = facts.issuer_keys or {}
    missing = ", ".join(name for name, had in keys.items() if not had)
    mend = f"See why the keys of {missing} cannot be fetched." if missing else "Configure an issuer."
    return Line("live-issuer-keys", bool(keys) and all(keys.values()), "Every issuer's keys can be had.", mend)


def _check_capitals(settings: Settings, facts: LiveFacts) -> Iterator[Line]:
    if facts.capitals_distinguished is not None:
        yield Line(
            "live-capitals",
            facts.capitals_distinguished or settings.escape_capitals,
            "User ids that differ in case only are two users.",
            "Set TIDEGATE_ESCAPE_CAPITALS=true before the first user exists.",
        )

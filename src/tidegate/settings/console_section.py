"""Settings of the operator's console."""

from typing import Annotated

from pydantic import SecretStr

from tidegate.settings import kinds as k
from tidegate.settings.console_allow import Allowed, ConsoleAllow
from tidegate.settings.spec import Section, spec


class ConsoleSection(Section):
    """The operator's console."""

    console_url: Annotated[
        str,
        spec(
            "TIDEGATE_CONSOLE_URL",
            k.Url(),
            "Where browsers reach the operator's listener; `/console/oidc/callback` below it is the redirect URI.",
        ),
    ] = ""
    console_oidc_issuer: Annotated[
        str,
        spec(
            "TIDEGATE_CONSOLE_OIDC_ISSUER",
            k.Url(slash="keep"),
            "The OpenID Connect provider at which people sign in to the console, exactly as it calls itself.",
        ),
    ] = ""
    console_oidc_client_id: Annotated[
        str,
        spec("TIDEGATE_CONSOLE_OIDC_CLIENT_ID", k.Line("the client's id"), "The console's own client there."),
    ] = ""
    console_oidc_client_secret: Annotated[
        SecretStr | None,
        spec("TIDEGATE_CONSOLE_OIDC_CLIENT_SECRET", k.Hidden(), "Its secret; none for a public client."),
    ] = None
    console_allow: Annotated[
        tuple[Allowed, ...],
        spec(
            "TIDEGATE_CONSOLE_ALLOW",
            ConsoleAllow(),
            "Who may sign in there, each with name, role, issuer and subject; nobody else is let in.",
        ),
    ] = ()
    console_idle_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_CONSOLE_IDLE_SECONDS",
            k.Integer(60, 86_400, "s"),
            "After so long without a page or an action a browser is signed out of the console.",
        ),
    ] = 3_600
    console_session_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_CONSOLE_SESSION_SECONDS",
            k.Integer(300, 604_800, "s"),
            "After so long a browser is signed out of the console in any case.",
        ),
    ] = 43_200
    console_sessions: Annotated[
        int,
        spec(
            "TIDEGATE_CONSOLE_SESSIONS",
            k.Integer(1, 10_000, "browsers"),
            "How many browsers can be signed in to the console; each operator has an equal share, and at least one.",
        ),
    ] = 64
    console_streams: Annotated[
        int,
        spec(
            "TIDEGATE_CONSOLE_STREAMS",
            k.Integer(1, 1_000, "pages"),
            "How many open pages of the console are kept up to date at a time; each operator has an equal share.",
        ),
    ] = 32
    console_refusals: Annotated[
        int,
        spec(
            "TIDEGATE_CONSOLE_REFUSALS",
            k.Integer(10, 10_000, "refusals"),
            "How many of the last refusals the console can explain.",
        ),
    ] = 200

"""Settings of the operator's console."""

from typing import Annotated

from tidegate.settings import kinds as k
from tidegate.settings.spec import Section, spec


class ConsoleSection(Section):
    """The operator's console."""

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
            "How many browsers can be signed in to the console; a further one takes the place of the quietest.",
        ),
    ] = 64
    console_streams: Annotated[
        int,
        spec(
            "TIDEGATE_CONSOLE_STREAMS",
            k.Integer(1, 1_000, "pages"),
            "How many open pages of the console are kept up to date at a time.",
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

"""What is configured, held to what production asks for."""

from typing import Final

from tidegate.clock import Clock
from tidegate.settings import Environment, Settings
from tidegate.settings.checklist import lines_of
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import Outcome, ProbeSpec, State
from tidegate.watch.probes.outcomes import fine, wrong

CONFIGURATION: Final = "configuration"
PERIOD_S: Final = 3_600.0


class ConfigurationProbe:
    """Goes through the production checklist, as far as the settings alone answer it.

    A service does not start with settings that are not valid, so what is found here is a warning.

    Args:
        settings: sound ones.
        clock: for the outcome.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.spec = ProbeSpec(CONFIGURATION, "The configuration", PERIOD_S, timeout_s=5.0, each_replica=True)
        self._settings = settings
        self._clock = clock

    async def run(self) -> Outcome:
        """Look."""
        now = self._clock.now()
        if not self._settings.issuers:
            return wrong(CONFIGURATION, now, State.FAILING, Cause.NO_ISSUER, sure=1.0)
        if self._settings.environment is not Environment.PRODUCTION:
            return fine(CONFIGURATION, now)
        failed = [line.id for line in lines_of(self._settings) if not line.passed]
        if not failed:
            return fine(CONFIGURATION, now)
        text = f"Lines of the production checklist do not hold: {', '.join(failed)}."
        figures = {"lines_failed": float(len(failed))}
        return wrong(CONFIGURATION, now, State.WARNING, Cause.CHECKLIST, text=text, sure=1.0, figures=figures)

"""The keys of one issuer, as this replica has them; nothing is fetched for it."""

from collections.abc import Callable
from typing import Final

from tidegate.clock import Clock
from tidegate.identity.fetch import Fault
from tidegate.identity.keysource import KeySource, KeyState, KeyStatus
from tidegate.watch.probes.blame import of_keys
from tidegate.watch.probes.causes import Cause
from tidegate.watch.probes.model import Outcome, ProbeSpec, State
from tidegate.watch.probes.outcomes import fine, unknown, wrong

PERIOD_S: Final = 10.0

_BY_STATE: Final = {
    KeyState.FRESH: (State.WARNING, Cause.KEYS_FAILING),
    KeyState.STALE: (State.WARNING, Cause.KEYS_STALE),
    KeyState.NEVER: (State.FAILING, Cause.KEYS_UNUSABLE),
    KeyState.EXPIRED: (State.FAILING, Cause.KEYS_UNUSABLE),
}


class KeysProbe:
    """Looks at a key source.

    Args:
        keys: of the issuer.
        stream_reached: whether Stream could be reached lately; None where not known.
        clock: for the outcome.
    """

    def __init__(self, keys: KeySource, stream_reached: Callable[[], bool | None], clock: Clock) -> None:
        self.spec = ProbeSpec(
            f"keys:{keys.name}", f"Keys of issuer {keys.name}", PERIOD_S, timeout_s=1.0, each_replica=True
        )
        self._keys = keys
        self._stream_reached = stream_reached
        self._clock = clock

    async def run(self) -> Outcome:
        """Look."""
        status, now, name = self._keys.status(), self._clock.now(), self.spec.name
        figures = _figures(status)
        if status.last_error is None and status.state is KeyState.FRESH:
            return fine(name, now, figures)
        if status.last_error is None and status.state is KeyState.NEVER:
            return unknown(name, now, Cause.NOT_YET_CHECKED, text="The keys are being fetched for the first time.")
        state, cause = _BY_STATE[status.state]
        verdict = of_keys(fault=status.fault, cause=cause, stream_reached=self._stream_reached())
        return wrong(
            name,
            now,
            state,
            verdict.cause,
            text=f"{_SENTENCES[cause].format(self._keys.name)}{_why(status.fault)}.",
            blame=verdict.blame,
            sure=verdict.sure,
            figures=figures,
        )


_SENTENCES: Final = {
    Cause.KEYS_FAILING: "The keys of issuer {} could not be refreshed; those here are still fresh",
    Cause.KEYS_STALE: "The keys of issuer {} could not be refreshed; the last good ones are in use",
    Cause.KEYS_UNUSABLE: "There are no usable keys of issuer {}; its sessions cannot be verified",
}


def _why(fault: Fault | None) -> str:
    return f" ({fault.value})" if fault is not None else ""


def _figures(status: KeyStatus) -> dict[str, float]:
    figures = {"keys": float(status.keys)}
    if status.age_seconds is not None:
        figures["age_seconds"] = status.age_seconds
    if status.clock_difference_s is not None:
        figures["clock_difference_seconds"] = status.clock_difference_s
    return figures

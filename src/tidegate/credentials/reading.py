"""Reading the source of credentials: off the event loop, bounded in time, the last good pairs kept."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from tidegate import metrics
from tidegate.credentials.generation import Pair
from tidegate.credentials.sources import Pairs, SecretSource, SourceError

_log = structlog.get_logger("tidegate.credentials")


class SourceReader:
    """A source, and what it gave last.

    Args:
        source: of pairs.
        faults: says what is wrong with the form of a pair, a sentence each.
        timeout_s: seconds that a reading may take.

    Attributes:
        pairs: the last sound ones; None before the first time.
        trouble: why the last reading gave nothing to use; empty where nothing is wrong.
    """

    def __init__(self, source: SecretSource, faults: Callable[[Pair], Sequence[str]], timeout_s: float) -> None:
        self._source = source
        self._faults = faults
        self._timeout = timeout_s
        self.pairs: Pairs | None = None
        self.trouble = ""

    @property
    def name(self) -> str:
        """Where pairs come from."""
        return self._source.name

    @property
    def given(self) -> tuple[Pair, ...]:
        """The last sound pairs, the current one first."""
        pairs = () if self.pairs is None else (self.pairs.current, self.pairs.following)
        return tuple(pair for pair in pairs if pair is not None)

    async def read(self) -> bool:
        """Read it; a pair that is not sound is not taken, and neither is the one beside it.

        Returns:
            whether the current pair is another than the last time.
        """
        try:
            # A thread that hangs in a system call cannot be ended; at least nobody waits for it.
            async with asyncio.timeout(self._timeout):
                pairs = await asyncio.to_thread(self._source.read)
            self._demand_sound(pairs)
        except (SourceError, TimeoutError) as error:
            metrics.CREDENTIAL_READS.labels("failed").inc()
            self.note(str(error) or f"it gave nothing within {self._timeout:g} s")
            return False
        metrics.CREDENTIAL_READS.labels("read").inc()
        self.note("")
        before, self.pairs = self.pairs, pairs
        return before is not None and before.current != pairs.current

    def note(self, trouble: str) -> None:
        """Remember what is wrong with what the source gave, and log it once."""
        if trouble and trouble != self.trouble:
            _log.warning("credentials_not_read", source=self.name, why=trouble)
        elif self.trouble and not trouble:
            _log.info("credentials_read_again", source=self.name)
        self.trouble = trouble

    def _demand_sound(self, pairs: Pairs) -> None:
        for pair in (pairs.current, pairs.following):
            if pair is not None and (faults := self._faults(pair)):
                raise SourceError(f"the pair that it gives cannot be used: {'; '.join(faults)}")

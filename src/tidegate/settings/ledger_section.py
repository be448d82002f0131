"""Settings of the ledger: who was given a token, who was refused."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import SecretStr

from tidegate.settings import kinds as k
from tidegate.settings.problems import Unfit
from tidegate.settings.spec import BYTES_MAX, COUNT_MAX, Section, spec

_KEY_MIN: Final = 32


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """Secrets with commas between them."""

    def read(self, text: str) -> tuple[SecretStr, ...]:
        """Each secret, wrapped so that it shows itself nowhere."""
        parts = [part.strip() for part in text.split(",")]
        if any(len(part) < _KEY_MIN for part in parts):
            mend = "write the output of `openssl rand -hex 32`; after a comma, the key that it replaces"
            raise Unfit(f"has a key of fewer than {_KEY_MIN} characters", mend)
        return tuple(SecretStr(part) for part in dict.fromkeys(parts))

    def write(self, value: object) -> str:
        """Nothing, whatever the value."""
        del value
        return ""

    def form(self) -> str:
        """What it is."""
        return "secrets, with commas between them"


class LedgerSection(Section):
    """The ledger."""

    ledger: Annotated[
        Literal["files", "database", "off"],
        spec(
            "TIDEGATE_LEDGER",
            k.Choice(("files", "database", "off")),
            "Where issuances and refusals are recorded; the database is that of `TIDEGATE_DATABASE_URL`.",
        ),
    ] = "files"
    ledger_dir: Annotated[
        Path | None,
        spec(
            "TIDEGATE_LEDGER_DIR",
            k.File("a directory's path"),
            "The ledger's folder.",
            "`ledger` in `TIDEGATE_STATE_DIR`",
        ),
    ] = None
    ledger_keys: Annotated[
        tuple[SecretStr, ...],
        spec(
            "TIDEGATE_LEDGER_KEY",
            LedgerKeys(),
            "What entries are sealed with. After a comma: keys that were replaced, and still prove.",
            "made at the first start, in `TIDEGATE_STATE_DIR`",
        ),
    ] = ()
    ledger_hashed: Annotated[
        bool,
        spec(
            "TIDEGATE_LEDGER_HASHED",
            k.Boolean(),
            "Write subject, user id and address as keyed hashes, so that only who has the key can find a person.",
        ),
    ] = False
    ledger_durability: Annotated[
        Literal["batch", "sync"],
        spec(
            "TIDEGATE_LEDGER_DURABILITY",
            k.Choice(("batch", "sync")),
            "`batch`: a crash can lose the entries of the last `TIDEGATE_LEDGER_WINDOW_MS`. "
            "`sync`: a token is handed out when its entry is durable.",
        ),
    ] = "batch"
    ledger_when_full: Annotated[
        Literal["count", "refuse"],
        spec(
            "TIDEGATE_LEDGER_WHEN_FULL",
            k.Choice(("count", "refuse")),
            "Where entries cannot be written and no more can wait: `count` the lost ones, or `refuse` exchanges.",
        ),
    ] = "count"
    ledger_window_ms: Annotated[
        int,
        spec(
            "TIDEGATE_LEDGER_WINDOW_MS",
            k.Integer(20, 10_000, "ms"),
            "How long after its answer an entry is durable at most; a fifth of it is spent on waiting for others.",
        ),
    ] = 500
    ledger_wait_ms: Annotated[
        int,
        spec(
            "TIDEGATE_LEDGER_WAIT_MS",
            k.Integer(10, 60_000, "ms"),
            "How long a token waits for its entry, where it does; then 503.",
        ),
    ] = 2_000
    ledger_queue_size: Annotated[
        int,
        spec("TIDEGATE_LEDGER_QUEUE_SIZE", k.Integer(64, COUNT_MAX, "entries"), "How many entries may wait."),
    ] = 65_536
    ledger_refusals_per_second: Annotated[
        int,
        spec(
            "TIDEGATE_LEDGER_REFUSALS_PER_SECOND",
            k.Integer(0, COUNT_MAX, "refusals"),
            "How many refusals that name nobody are written one by one; further ones of the second are summed up in "
            "one entry for each issuer and reason. 0 for any number.",
        ),
    ] = 50
    ledger_segment_bytes: Annotated[
        int,
        spec(
            "TIDEGATE_LEDGER_SEGMENT_BYTES",
            k.Integer(4_096, 256 * BYTES_MAX, "bytes"),
            "The size of a file at which another begins; one begins each day too.",
        ),
    ] = 16 * BYTES_MAX

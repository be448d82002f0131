"""kill -9, again and again, under load: does every chain of the ledger verify, and what is lost?

For each place where it is kept and each durability in turn: a service is started on the ledger that the one before
left, asked for tokens over several connections, and killed at a random moment. Each time the whole ledger is verified,
and every issuance that was answered is looked for. With ``batch``, one that is missing must have been answered within
the window; with ``sync``, none may be missing. A new ledger begins after every 25 kills, or verifying would take most
of the time.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import machine
from issuer import ROOT

sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from tidegate.sandbox.server import SandboxServer
from tidegate.store import Database
from tidegate.tokens.ledger.audit import Finding, audit
from tidegate.tokens.ledger.keys import LedgerKeys, ledger_keys
from tidegate.tokens.ledger.reading import KeptChain, Walk, file_chains
from tidegate.tokens.ledger.rows import database_chains

KILLS = 500
WINDOW_MS = 500
CONNECTIONS = 6
RUN_MS = {"files": (20, 350), "sqlite": (20, 1_000), "postgresql": (20, 1_000)}
SEGMENT_BYTES = 32_768
SESSIONS = 40
KILLS_OF_A_LEDGER = 25
PLACES = ("files", "sqlite", "postgresql")
DURABILITIES = ("batch", "sync")
KEY = secrets.token_hex(32)


@dataclass
class Run:
    """What was seen with one durability.

    Attributes:
        answers: tokens that were handed out.
        lost: of these, how many the ledger does not have.
        oldest_lost_ms: the longest time between the answer and the kill of one that is lost.
        entries: in all the ledgers together.
        chains: likewise.
        torn: how often a kill cut a line off.
        recoveries: how often a chain says so.
        wrong: what did not hold.
    """

    answers: int = 0
    lost: int = 0
    oldest_lost_ms: float = 0.0
    entries: int = 0
    chains: int = 0
    torn: int = 0
    recoveries: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where a ledger is kept.

    Attributes:
        state: the state directory.
        url: of its database; "" for files.
        durability: as the setting says.
        lasts: how long a service may answer before it is killed, from and to, milliseconds.
    """

    state: Path
    url: str
    durability: str
    lasts: tuple[int, int]

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The database, for the time of a block."""
        database = Database.open(self.url)
        try:
            yield database
        finally:
            await database.aclose()

    async def chains(self) -> list[KeptChain]:
        """The chains of the ledger."""
        return await database_chains(self.database) if self.url else file_chains(self.state / "ledger")

    def settings(self) -> dict[str, str]:
        """What a service must be told."""
        kept = {"TIDEGATE_LEDGER": "database", "TIDEGATE_DATABASE_URL": self.url} if self.url else {}
        return {"TIDEGATE_STATE_DIR": str(self.state), "TIDEGATE_LEDGER_DURABILITY": self.durability, **kept}


@contextlib.contextmanager
def _services(sandbox: SandboxServer, place: Place) -> Iterator["subprocess.Popen[str]"]:
    """The program that makes a service for each line it is sent."""
    key, secret = sandbox.sandbox.credentials()
    variables = {
        "STREAM_API_KEY": key,
        "STREAM_API_SECRET": secret,
        "STREAM_CHAT_BASE_URL": sandbox.stream_url,
        "STREAM_CHAT_ENVIRONMENT": "development",
        "TIDEGATE_ISSUERS": json.dumps([sandbox.sandbox.issuer_config()]),
        **place.settings(),
        "TIDEGATE_BIND": "127.0.0.1:0",
        "TIDEGATE_LOG_FORMAT": "json",
        "TIDEGATE_PROFILE_SYNC": "off",
        "TIDEGATE_LIMIT_ADDRESS_PER_MINUTE": "0",
        "TIDEGATE_LIMIT_SUBJECT_PER_MINUTE": "0",
        "TIDEGATE_LEDGER_KEY": KEY,
        "TIDEGATE_LEDGER_WINDOW_MS": str(WINDOW_MS),
        "TIDEGATE_LEDGER_SEGMENT_BYTES": str(SEGMENT_BYTES),
        "PYTHONPATH": str(ROOT / "src"),
        "PATH": os.environ["PATH"],
    }
    script = Path(__file__).with_name("kills_services.py")
    log = (place.state / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env=variables,
        cwd=place.state,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        log.close()


async def _ask(port: int, sessions: list[str], answered: dict[str, float]) -> None:
    """One connection after another token until the service is gone."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                head = (
                    f"POST /stream/token HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {random.choice(sessions)}\r\n\r\n"
                )
                writer.write(head.encode())
                answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(answer.split("content-length: ", 1)[1].split("\r\n", 1)[0])
                await reader.readexactly(length)
                if answer.startswith("http/1.1 200"):
                    answered[answer.split("x-request-id: ", 1)[1].split("\r\n", 1)[0]] = time.monotonic()
        finally:
            writer.close()


async def _load_and_kill(
    pid: int, port: int, sessions: list[str], lasts: tuple[int, int]
) -> tuple[dict[str, float], float]:
    answered: dict[str, float] = {}
    asking = [asyncio.create_task(_ask(port, sessions, answered)) for _ in range(CONNECTIONS)]
    while not answered:  # noqa: ASYNC110 - watched from outside, as the service is
        await asyncio.sleep(0.005)
    await asyncio.sleep(random.uniform(*lasts) / 1000)
    killed = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    await asyncio.gather(*asking)
    return answered, killed


async def _read(place: Place, keys: LedgerKeys) -> tuple[list[Finding], set[str]]:
    """What is found of each chain, and the requests of the issuances that stand in them."""
    chains, written = await place.chains(), set[str]()
    findings = await audit(chains, keys, checkpoints={})
    for chain in chains:
        async for lines in Walk(chain, keys).lines():
            written |= {json.loads(line)["request"] for line in lines if b'"event":"issued"' in line}
    return findings, written


def _check(run: Run, place: Place, keys: LedgerKeys, answered: dict[str, float], killed: float) -> list[Finding]:
    findings, written = asyncio.run(_read(place, keys))
    run.wrong += [finding.wrong for finding in findings if finding.wrong]
    if len(findings) > 1 and not place.url:
        run.wrong.append(f"there are {len(findings)} chains")
    run.torn += sum(finding.torn > 0 for finding in findings)
    for request, at in answered.items():
        if request not in written:
            run.lost += 1
            run.oldest_lost_ms = max(run.oldest_lost_ms, (killed - at) * 1000)
    run.answers += len(answered)
    return findings


def _killed_often(run: Run, sandbox: SandboxServer, place: Place, sessions: list[str], kills: int) -> None:
    """Kill so many services one after the other, on one ledger."""
    keys, findings = ledger_keys([KEY], place.state, make=False), list[Finding]()
    with _services(sandbox, place) as services:
        for _ in range(kills):
            print("start", file=services.stdin, flush=True)
            said = services.stdout.readline() if services.stdout else ""
            if not said:
                raise SystemExit("kills: no service:\n" + (place.state / "log").read_text()[-2000:])
            pid, port = map(int, said.split())
            answered, killed = asyncio.run(_load_and_kill(pid, port, sessions, place.lasts))
            findings = _check(run, place, keys, answered, killed)
            if run.wrong:
                return
    run.entries += sum(finding.entries for finding in findings)
    run.chains += len(findings)
    run.recoveries += sum(finding.recoveries for finding in findings)


@contextlib.contextmanager
def _urls(kept: str) -> Iterator[Iterator[str]]:
    """A new database's URL for each ledger; "" for files."""
    with contextlib.ExitStack() as until:
        if kept == "postgresql":
            from support.databases import Postgresql

            server = Postgresql()
            until.callback(server.stop)
            yield (until.enter_context(server.database()) for _ in itertools.count())
        elif kept == "sqlite":
            made = (Path(until.enter_context(tempfile.TemporaryDirectory())) for _ in itertools.count())
            yield (_migrated(f"sqlite:///{folder}/tidegate.db") for folder in made)
        else:
            yield itertools.repeat("")


def _migrated(url: str) -> str:
    from support.migrating import migrate_now

    migrate_now(url)
    return url


def measured(sandbox: SandboxServer, kept: str, durability: str, kills: int) -> dict[str, Any]:
    """Kill so many services, on one ledger after the other."""
    run, began, done = Run(), time.monotonic(), 0
    sessions = [sandbox.sandbox.provider.session(life=7_200, sub=f"user_{n:024d}") for n in range(SESSIONS)]
    with _urls(kept) as urls:
        while done < kills and not run.wrong:
            count = min(KILLS_OF_A_LEDGER, kills - done)
            with tempfile.TemporaryDirectory() as state:
                place = Place(Path(state), next(urls), durability, RUN_MS[kept])
                _killed_often(run, sandbox, place, sessions, count)
            done += count
            print(f"{kept}, {durability}: {done} kills, {run.answers} answers, {run.lost} lost", flush=True)
    return {
        "kills": done,
        "answers": run.answers,
        "entries": run.entries,
        "chains": run.chains,
        "every_chain_verified_after_every_kill": not run.wrong,
        "kills_that_cut_a_line_off": run.torn,
        "recoveries_in_the_chains": run.recoveries,
        "answers_lost": run.lost,
        "oldest_lost_ms": round(run.oldest_lost_ms, 1),
        "window_ms": WINDOW_MS if durability == "batch" else 0,
        "holds": not run.wrong and (run.oldest_lost_ms <= WINDOW_MS if durability == "batch" else run.lost == 0),
        "wrong": run.wrong,
        "seconds": round(time.monotonic() - began),
    }


def main() -> int:
    """Every place with both durabilities, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help="of each durability and place")
    parser.add_argument("--kept", nargs="+", choices=PLACES, default=PLACES[:2], help="where the ledger is kept")
    parser.add_argument("--durability", nargs="+", choices=DURABILITIES, default=DURABILITIES)
    parser.add_argument("--keep", action="store_true", help="write the evidence even with fewer than 500")
    options = parser.parse_args()
    machine.warn_if_busy()
    result: dict[str, Any] = {"machine": machine.facts()}
    with SandboxServer() as sandbox:
        for kept, durability in itertools.product(options.kept, options.durability):
            found = measured(sandbox, kept, durability, options.kills)
            result.setdefault(kept, {})[durability] = found
            print(kept, durability, found, flush=True)
    if options.keep or options.kills >= KILLS:
        machine.keep(result, "docs/evidence", f"ledger-kill-{'-'.join((*options.kept, *options.durability))}-")
    return 0 if all(result[kept][one]["holds"] for kept in options.kept for one in options.durability) else 1


if __name__ == "__main__":
    sys.exit(main())

"""kill -9, again and again, under load: does every chain of the ledger verify, and what is lost?

For each durability in turn: a service is started on the ledger that the one before left, asked for tokens over several
connections, and killed at a random moment. Each time the whole ledger is verified, and every issuance that was
answered is looked for. With ``batch``, one that is missing must have been answered within the window; with ``sync``,
none may be missing.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import machine
from issuer import ROOT

from tidegate.sandbox.server import SandboxServer
from tidegate.tokens.ledger.audit import audit
from tidegate.tokens.ledger.keys import LedgerKeys, ledger_keys
from tidegate.tokens.ledger.reading import file_chains

KILLS = 500
WINDOW_MS = 500
CONNECTIONS = 6
RUN_MS = (20, 350)
SEGMENT_BYTES = 32_768
SESSIONS = 40
KEY = secrets.token_hex(32)


@dataclass
class Run:
    """What was seen with one durability.

    Attributes:
        answers: tokens that were handed out.
        lost: of these, how many the ledger does not have.
        oldest_lost_ms: the longest time between the answer and the kill of one that is lost.
        torn: how often a kill cut a line off.
        wrong: what did not hold.
    """

    answers: int = 0
    lost: int = 0
    oldest_lost_ms: float = 0.0
    torn: int = 0
    wrong: list[str] = field(default_factory=list)


@contextlib.contextmanager
def _services(sandbox: SandboxServer, state: Path, durability: str) -> Iterator["subprocess.Popen[str]"]:
    """The program that makes a service for each line it is sent."""
    key, secret = sandbox.sandbox.credentials()
    variables = {
        "STREAM_API_KEY": key,
        "STREAM_API_SECRET": secret,
        "STREAM_CHAT_BASE_URL": sandbox.stream_url,
        "STREAM_CHAT_ENVIRONMENT": "development",
        "TIDEGATE_ISSUERS": json.dumps([sandbox.sandbox.issuer_config()]),
        "TIDEGATE_STATE_DIR": str(state),
        "TIDEGATE_BIND": "127.0.0.1:0",
        "TIDEGATE_LOG_FORMAT": "json",
        "TIDEGATE_PROFILE_SYNC": "off",
        "TIDEGATE_LIMIT_ADDRESS_PER_MINUTE": "0",
        "TIDEGATE_LIMIT_SUBJECT_PER_MINUTE": "0",
        "TIDEGATE_LEDGER_KEY": KEY,
        "TIDEGATE_LEDGER_DURABILITY": durability,
        "TIDEGATE_LEDGER_WINDOW_MS": str(WINDOW_MS),
        "TIDEGATE_LEDGER_SEGMENT_BYTES": str(SEGMENT_BYTES),
        "PYTHONPATH": str(ROOT / "src"),
        "PATH": os.environ["PATH"],
    }
    script = Path(__file__).with_name("kills_services.py")
    log = (state / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env=variables,
        cwd=state,
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


async def _load_and_kill(pid: int, port: int, sessions: list[str]) -> tuple[dict[str, float], float]:
    answered: dict[str, float] = {}
    asking = [asyncio.create_task(_ask(port, sessions, answered)) for _ in range(CONNECTIONS)]
    while not answered:  # noqa: ASYNC110 - watched from outside, as the service is
        await asyncio.sleep(0.005)
    await asyncio.sleep(random.uniform(*RUN_MS) / 1000)
    killed = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    await asyncio.gather(*asking)
    return answered, killed


def _written(folder: Path) -> set[str]:
    """Requests of the issuances that whole lines of the ledger's newest files tell of."""
    found = set()
    for chain in folder.glob("*"):
        for path in sorted(chain.glob("*.jsonl"))[-20:]:
            for line in path.read_bytes().split(b"\n")[:-1]:
                entry = json.loads(line)
                if entry["event"] == "issued":
                    found.add(entry["request"])
    return found


def _check(run: Run, folder: Path, keys: LedgerKeys, answered: dict[str, float], killed: float) -> None:
    findings = asyncio.run(audit(file_chains(folder), keys, checkpoints={}))
    run.wrong += [finding.wrong for finding in findings if finding.wrong]
    if len(findings) > 1:
        run.wrong.append(f"there are {len(findings)} chains")
    run.torn += sum(finding.torn > 0 for finding in findings)
    written = _written(folder)
    for request, at in answered.items():
        if request not in written:
            run.lost += 1
            run.oldest_lost_ms = max(run.oldest_lost_ms, (killed - at) * 1000)
    run.answers += len(answered)


def measured(sandbox: SandboxServer, durability: str, kills: int) -> dict[str, Any]:
    """Kill so many services one after the other, on one ledger."""
    run, began = Run(), time.monotonic()
    sessions = [sandbox.sandbox.provider.session(life=7_200, sub=f"user_{n:024d}") for n in range(SESSIONS)]
    with tempfile.TemporaryDirectory() as kept, _services(sandbox, Path(kept), durability) as services:
        folder, keys = Path(kept) / "ledger", ledger_keys([KEY], Path(kept), make=False)
        for number in range(kills):
            print("start", file=services.stdin, flush=True)
            said = services.stdout.readline()
            if not said:
                raise SystemExit("kills: no service:\n" + (Path(kept) / "log").read_text()[-2000:])
            pid, port = map(int, said.split())
            answered, killed = asyncio.run(_load_and_kill(pid, port, sessions))
            _check(run, folder, keys, answered, killed)
            if run.wrong:
                break
            if number % 50 == 49:
                print(f"{durability}: {number + 1} kills, {run.answers} answers, {run.lost} lost", flush=True)
        (finding,) = asyncio.run(audit(file_chains(folder), keys, checkpoints={}))
        files = len(list(folder.glob("*/*.jsonl")))
    return {
        "kills": number + 1,
        "answers": run.answers,
        "entries_at_the_end": finding.entries,
        "files": files,
        "chains_verified": number + 1 - bool(run.wrong),
        "kills_that_cut_a_line_off": run.torn,
        "recoveries_in_the_chain": finding.recoveries,
        "answers_lost": run.lost,
        "oldest_lost_ms": round(run.oldest_lost_ms, 1),
        "window_ms": WINDOW_MS if durability == "batch" else 0,
        "holds": not run.wrong and (run.oldest_lost_ms <= WINDOW_MS if durability == "batch" else run.lost == 0),
        "wrong": run.wrong,
        "seconds": round(time.monotonic() - began),
    }


def main() -> int:
    """Both durabilities, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help="of each durability")
    parser.add_argument("--keep", action="store_true", help="write the evidence even with fewer than 500")
    options = parser.parse_args()
    machine.warn_if_busy()
    result: dict[str, Any] = {"machine": machine.facts()}
    with SandboxServer() as sandbox:
        for durability in ("batch", "sync"):
            result[durability] = measured(sandbox, durability, options.kills)
            print(durability, result[durability], flush=True)
    if options.keep or options.kills >= KILLS:
        machine.keep(result, "docs/evidence", "ledger-kill-")
    return 0 if all(result[durability]["holds"] for durability in ("batch", "sync")) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Rotation under load: two replicas on one PostgreSQL, 500 exchanges a second, no answer may be wrong.

Each answer's token is checked with the secret of the API key that stands beside it. On the way: a pair is promoted
while it drains another, a wrong secret appears in the source, and a promoted pair is dropped by Stream.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import machine
from issuer import ROOT

sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from support.databases import Postgresql
from support.operating import OPERATOR
from support.processes import running
from tidegate.credentials import Generation, Pair
from tidegate.http.operators import digest
from tidegate.sandbox.server import SandboxServer
from tidegate.sandbox.stream import StreamStandIn

RATE = 500
CONNECTIONS = 8
SESSIONS = 200
OPS_PORTS = (18_451, 18_452)
ROUTES = "/operator/v1/credentials"


class Load:
    """Exchanges at a steady rate over kept connections, each answer checked."""

    def __init__(self, urls: list[str], sessions: list[str], secrets: dict[str, str]) -> None:
        self._urls, self._sessions, self._secrets = urls, sessions, secrets
        self._turn = 0
        self.by_key: Counter[str] = Counter()
        self.failed: list[str] = []
        self.mismatching = 0
        self.last_of: dict[str, float] = {}

    async def run(self, seconds: float) -> float:
        """Ask both replicas until the time is over; the seconds that it took."""
        began, pause = time.monotonic(), len(self._urls) * CONNECTIONS / RATE
        end = began + seconds
        await asyncio.gather(*(self._connection(url, end, pause) for url in self._urls for _ in range(CONNECTIONS)))
        return time.monotonic() - began

    async def _connection(self, url: str, end: float, pause: float) -> None:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        due = time.monotonic()
        while due < end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._turn += 1
            session = self._sessions[self._turn % len(self._sessions)]
            head = f"POST /stream/token HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {session}\r\n"
            writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self._judge(answer, await reader.readexactly(int(length.split(b":")[1])))
            due += pause
        writer.close()

    def _judge(self, head: bytes, body: bytes) -> None:
        if not head.startswith(b"HTTP/1.1 200"):
            self.failed.append(body.decode(errors="replace")[:300])
            return
        answer = json.loads(body)
        signed, _, signature = answer["token"].rpartition(".")
        secret = self._secrets.get(answer["api_key"], "")
        expected = base64.urlsafe_b64encode(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)).rstrip(b"=")
        self.mismatching += expected != signature.encode()
        self.by_key[answer["api_key"]] += 1
        self.last_of[answer["api_key"]] = time.monotonic()


class Source:
    """The file that both replicas read their pairs from."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, current: Pair, following: Pair | None = None) -> None:
        """Replace it whole."""
        members = {"STREAM_API_KEY": current.api_key, "STREAM_API_SECRET": current.secret}
        if following is not None:
            members |= {"TIDEGATE_NEXT_API_KEY": following.api_key, "TIDEGATE_NEXT_API_SECRET": following.secret}
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(members))
        beside.replace(self.path)


class Operator:
    """Asks the first replica's operator's listener."""

    def __init__(self, port: int) -> None:
        self._client = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {OPERATOR}"},
            timeout=30,
        )

    async def states(self) -> dict[str, str]:
        """Generation to state."""
        return {one["generation"]: one["state"] for one in (await self._client.get(ROUTES)).json()["generations"]}

    async def until(self, name: str, state: str, limit_s: float = 15.0) -> float:
        """Wait for a state; the seconds that it took."""
        began = time.monotonic()
        while (await self.states()).get(name) != state:
            if time.monotonic() - began > limit_s:
                raise TimeoutError(f"{name} is not {state}: {await self.states()}")
            await asyncio.sleep(0.05)
        return round(time.monotonic() - began, 2)

    async def promote(self, name: str) -> dict[str, Any]:
        """Promote and return the answer."""
        answer = await self._client.post(f"{ROUTES}/{name}/promote", json={})
        body: dict[str, Any] = answer.json() | {"status": answer.status_code}
        return body


async def story(source: Source, stream: StreamStandIn, load: Load, pairs: list[Pair], seconds: float) -> dict[str, Any]:
    """What happens while the load runs; each part leaves time for the load to see it."""
    first, second, third = pairs
    names = [Generation(pair).id for pair in pairs]
    operator, pause = Operator(OPS_PORTS[0]), seconds / 8
    found: dict[str, Any] = {}
    await asyncio.sleep(pause)
    source.write(first, second)
    found["verified_after_s"] = await operator.until(names[1], "verified")
    began = time.monotonic()
    found["promotion"] = await operator.promote(names[1])
    await asyncio.sleep(pause)
    found["last_old_answer_after_promotion_s"] = round(load.last_of[first.api_key] - began, 3)
    source.write(Pair(second.api_key, "wrong-secret-" + "x" * 52))
    await asyncio.sleep(pause)
    found["states_with_a_wrong_secret_in_the_source"] = sorted((await operator.states()).values())
    source.write(second, third)
    await operator.until(names[2], "verified")
    found["second_promotion"] = (await operator.promote(names[2]))["signs"]
    await asyncio.sleep(pause)
    before = load.by_key[third.api_key]
    stream.further_pairs.pop(third.api_key)  # from now on Stream refuses it
    dropped = time.monotonic()
    await operator.until(names[1], "primary")
    await asyncio.sleep(pause)
    found["rolled_back"] = {
        "last_answer_of_the_dropped_pair_after_s": round(load.last_of[third.api_key] - dropped, 3),
        "answers_of_the_dropped_pair_meanwhile": load.by_key[third.api_key] - before,
    }
    return found


async def loaded(
    urls: list[str], source: Source, server: SandboxServer, pairs: list[Pair], seconds: float
) -> dict[str, Any]:
    """Run load and story together."""
    provider, now = server.sandbox.provider, int(time.time())
    sessions = [provider.session(sub=f"user_{n}", sid=f"sess_{n}", exp=now + 7_200) for n in range(SESSIONS)]
    load = Load(urls, sessions, {pair.api_key: pair.secret for pair in pairs})
    found, lasted = await asyncio.gather(story(source, server.sandbox.stream, load, pairs, seconds), load.run(seconds))
    answers = sum(load.by_key.values()) + len(load.failed)
    return {
        "seconds": round(lasted, 1),
        "exchanges": answers,
        "rate": round(answers / lasted, 1),
        "failed": len(load.failed),
        "first_failures": load.failed[:3],
        "mismatching": load.mismatching,
        "answers_of_each_pair": [load.by_key[pair.api_key] for pair in pairs],
        **found,
        "met": not load.failed and not load.mismatching and answers / lasted >= RATE * 0.95,
    }


def rotate(seconds: float) -> dict[str, Any]:
    """Start everything, rotate, and say what was seen."""
    with ExitStack() as open_, tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        server = open_.enter_context(SandboxServer())
        stream, postgresql = server.sandbox.stream, Postgresql()
        open_.callback(postgresql.stop)
        pairs = [Pair(*server.sandbox.credentials()), *(Pair(*stream.add_pair()) for _ in range(2))]
        server.sandbox.provider.further_api_keys += list(stream.further_pairs)
        source = Source(place / "pairs.json")
        source.write(pairs[0])
        url = open_.enter_context(postgresql.database())
        urls = []
        for number, ops in enumerate(OPS_PORTS):
            (place / str(number)).mkdir()
            service = running(
                place / str(number),
                [sys.executable, "-m", "tidegate", "serve"],
                {
                    "STREAM_CHAT_BASE_URL": server.stream_url,
                    "TIDEGATE_CREDENTIALS_SOURCE": f"file:{source.path}",
                    "TIDEGATE_CREDENTIALS_POLL_SECONDS": "1",
                    "TIDEGATE_DATABASE_URL": url,
                    "TIDEGATE_ISSUERS": json.dumps([_issuer(server)]),
                    "TIDEGATE_LIMIT_ADDRESS_PER_MINUTE": "0",
                    "TIDEGATE_LIMIT_SUBJECT_PER_MINUTE": "0",
                    "TIDEGATE_PROFILE_SYNC": "off",
                    "TIDEGATE_OPERATOR_KEYS": f"otto:operator:{digest(OPERATOR)}",
                    "TIDEGATE_OPS_BIND": f"127.0.0.1:{ops}",
                },
            )
            urls.append(open_.enter_context(service).url)
        time.sleep(2)  # keys are fetched, the database is open
        return asyncio.run(loaded(urls, source, server, pairs, seconds))


def _issuer(server: SandboxServer) -> dict[str, object]:
    config = server.sandbox.issuer_config()
    return {name: list(value) if isinstance(value, tuple) else value for name, value in config.items()}


def main() -> int:
    """Rotate, write the evidence, and say whether it held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=64.0, help="shorter for a try; no evidence is written then")
    options = parser.parse_args()
    result = {"machine": machine.facts(), **rotate(options.seconds)}
    print(json.dumps({name: value for name, value in result.items() if name != "machine"}, indent=1))
    if options.seconds >= 60:  # what the evidence is to show
        machine.keep(result, "docs/evidence", "rotation-")
    return 0 if result["met"] else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""From ban to refusal on two replicas, each a process, with one PostgreSQL; then a third one starts.

With and without Redis. Figures go to docs/evidence/.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from support.operating import OPERATOR, bearer
from support.processes import environment, of_sandbox, running, started
from support.programs import program, server
from tidegate.http.operators import digest
from tidegate.sandbox import SandboxServer
from tidegate.tokens.standing.tell import moment_at_stream

RUNS = 200
NEW_EVERY = 10
"""One user in so many never chatted, so that Stream knows nothing of them yet."""
KEY = b"k" * 32
EVIDENCE = Path(__file__).resolve().parents[2] / "docs" / "evidence"
WAYS = ("ban by command", "ban by webhook", "revocation by command", "revocation by webhook")
SERVE = [sys.executable, "-m", "tidegate", "serve"]
WAITS = {(401, "session_revoked"), (403, "recently_revoked")}

pytestmark = [pytest.mark.stress, pytest.mark.anyio]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(params=[False, True], ids=["alone", "redis"])
def redis_url(request, tmp_path):
    if not request.param:
        yield None
        return
    port = free_port()

    def ready():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", "."]
    with server(command, tmp_path, ready):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def sandbox():
    with SandboxServer() as running_one:
        limits = running_one.sandbox.stream.limits
        limits.burst = False
        limits.per_minute.update(dict.fromkeys(limits.per_minute, 1_000_000))
        yield running_one


@pytest.fixture
def variables(sandbox, postgresql_url, redis_url):
    given = {
        **of_sandbox(sandbox),
        "TIDEGATE_DATABASE_URL": postgresql_url,
        "TIDEGATE_LIMIT_ADDRESS_PER_MINUTE": "0",
        "TIDEGATE_LIMIT_SUBJECT_PER_MINUTE": "0",
        "TIDEGATE_OPERATOR_KEYS": f"otto:operator:{digest(OPERATOR)}",
        "TIDEGATE_WEBHOOK_SECRETS": f"sandbox:whsec_{base64.b64encode(KEY).decode()}",
    }
    return given if redis_url is None else {**given, "TIDEGATE_REDIS_URL": redis_url}


class Story:
    """Two replicas, whom they serve, and what was seen."""

    def __init__(self, sandbox, urls, ops):
        self.sandbox = sandbox
        self.replicas = [httpx2.AsyncClient(base_url=url, timeout=10) for url in urls]
        self.otto = httpx2.AsyncClient(base_url=ops, headers=bearer(OPERATOR), timeout=10)
        self.sessions = {}
        self.refused, self.told, self.waited = [], [], []
        self.between, self.ahead, self.too_old, self.readmitted = 0, 0, 0, 0

    def session(self, subject):
        return self.sandbox.sandbox.provider.session(sub=subject, exp=int(time.time()) + 7_200)

    async def ready(self):
        for replica in self.replicas:
            while (await replica.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.05)

    async def prepare(self):
        """Let the others come once, and wait until their profiles are at Stream."""
        known = [f"user_{number}" for number in range(RUNS) if number % NEW_EVERY]
        for subject in known:
            assert {answer[0] for answer in await self.asked(self.session(subject))} == {200}
        while not set(known) <= set(self.sandbox.sandbox.stream.users):
            await asyncio.sleep(0.1)

    async def close(self):
        for client in (*self.replicas, self.otto):
            await client.aclose()

    async def run(self, number):
        """One ban or revocation at the first replica; the rest of it goes on while the next one begins."""
        way, subject = WAYS[number % len(WAYS)], f"user_{number}"
        session = self.sessions[subject] = self.session(subject)
        assert {answer[0] for answer in await self.asked(session)} == {200}
        began = time.perf_counter()
        await self.act(subject, way)
        tokens = []
        while True:
            answers = await self.asked(session)
            tokens += [body["token"] for status, body, _ in answers if status == 200]
            if all(status in {401, 403} for status, _, _ in answers):
                break
        self.refused.append(1_000 * (time.perf_counter() - began))
        return asyncio.create_task(self.follow(subject, way, began, tokens))

    async def asked(self, session):
        return await asyncio.gather(*(exchange(replica, session) for replica in self.replicas))

    async def act(self, subject, way):
        if way.endswith("command"):
            path = "/operator/v1/bans" if way.startswith("ban") else "/operator/v1/revocations"
            answer = await self.otto.post(path, json={"user": subject})
        else:
            ban, end = ("user.updated", {"id": subject, "banned": True}), ("session.ended", {"user_id": subject})
            kind, data = ban if way.startswith("ban") else end
            answer = await webhook(self.replicas[0], f"msg_{subject}", {"type": kind, "data": data})
        assert answer.status_code == 200, answer.text

    async def follow(self, subject, way, began, tokens):
        """Wait until Stream knows; then see that later tokens are dated after the revocation."""
        users = self.sandbox.sandbox.stream.users
        while subject not in users or not self.known(users[subject], way):
            await asyncio.sleep(0.02)
        self.told.append(1_000 * (time.perf_counter() - began))
        moment = moment_at_stream(users[subject]["revoke_tokens_issued_before"])
        self.between += len(tokens)
        self.too_old += sum(issued_at(token) > moment for token in tokens)  # the others are void at Stream
        if way.startswith("ban"):
            return
        for replica in self.replicas:
            while (answer := await exchange(replica, self.session(subject)))[0] != 200:
                assert (answer[0], answer[1]["reason"]) in WAITS
                await asyncio.sleep(0.25)
            dated = issued_at(answer[1]["token"])
            self.readmitted += 1
            self.ahead += dated > answer[2]
            self.too_old += dated <= moment
        self.waited.append(time.perf_counter() - began)

    @staticmethod
    def known(user, way):
        return user.get("revoke_tokens_issued_before") and (user["banned"] or not way.startswith("ban"))

    def figures(self):
        return {
            "refused_everywhere_ms": spread(self.refused),
            "stream_told_ms": spread(self.told),
            "tokens": {
                "issued_elsewhere_before_it_was_known_there": self.between,
                "issued_after_a_revocation_with_a_new_session": self.readmitted,
                "good_although_issued_before_it_was_known_there_or_dated_before_it": self.too_old,
                "dated_ahead_of_the_clock": self.ahead,
            },
        }


async def test_a_ban_is_effective_everywhere_within_a_second(tmp_path, sandbox, variables, redis_url):
    ops = [free_port() for _ in range(3)]
    with ExitStack() as open_:
        urls = [
            open_.enter_context(running(place(tmp_path, n), SERVE, with_ops(variables, ops[n]))).url for n in range(2)
        ]
        story = Story(sandbox, urls, f"http://127.0.0.1:{ops[0]}")
        await story.ready()
        await story.prepare()
        following = [await story.run(number) for number in range(RUNS)]
        await asyncio.gather(*following)
        kept = {**story.figures(), "a_third_replica": await third(tmp_path, story, with_ops(variables, ops[2]))}
        await story.close()
    keep("with Redis" if redis_url else "without Redis", kept)
    assert kept["refused_everywhere_ms"]["p99"] < 1_000
    assert kept["stream_told_ms"]["most"] < 5_000
    assert (story.too_old, story.ahead, story.readmitted) == (0, 0, RUNS)
    assert kept["a_third_replica"]["tokens"] == 0
    assert kept["a_third_replica"]["refused_for_good"] == RUNS


async def third(tmp_path, story, variables):
    """Start a replica and ask it for everybody's token, from before it listens until everybody was refused for good."""
    port, folder = free_port(), place(tmp_path, 2)
    variables = environment(**{**variables, "TIDEGATE_BIND": f"127.0.0.1:{port}"})
    answers, first, done = Counter(), [], []
    with (folder / "log").open("wb") as log:
        client = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10)
        with started(SERVE, cwd=folder, env=variables, stdout=log, stderr=subprocess.STDOUT):

            async def ask(sessions):
                for session in sessions:
                    while (answer := await exchange(client, session, patient=True))[0] == 503:
                        first.append(time.perf_counter())
                        answers[answer[1]["reason"]] += 1
                    first.append(time.perf_counter())
                    done.append(time.perf_counter())
                    answers[answer[1].get("reason", "issued")] += 1

            every = list(story.sessions.values())
            async with asyncio.timeout(60):
                await asyncio.gather(*(ask(every[n::8]) for n in range(8)))
            await client.aclose()
    return {
        "answers": dict(answers),
        "tokens": answers["issued"],
        "refused_for_good": answers["subject_banned"] + answers["session_revoked"],
        "first_answer_to_the_first_final_one_ms": round(1_000 * (min(done) - min(first)), 1),
    }


def place(tmp_path, number):
    folder = tmp_path / str(number)
    folder.mkdir()
    return folder


def with_ops(variables, port):
    return {**variables, "TIDEGATE_OPS_BIND": f"127.0.0.1:{port}"}


async def exchange(replica, session, *, patient=False):
    """Status, body and the moment of the answer; perhaps as soon as somebody listens."""
    while True:
        try:
            answer = await replica.post("/stream/token", headers={"Authorization": f"Bearer {session}"})
        except httpx2.TransportError:
            if not patient:
                raise
            await asyncio.sleep(0.005)
        else:
            return answer.status_code, answer.json(), time.time()


async def webhook(replica, name, event):
    body, at = json.dumps(event).encode(), str(int(time.time()))
    signature = base64.b64encode(hmac.digest(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256)).decode()
    headers = {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}
    return await replica.post("/webhooks/identity/sandbox", content=body, headers=headers)


def issued_at(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["iat"]


def spread(values):
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 1),
        "p99": round(ordered[int(len(ordered) * 0.99) - 1], 1),
        "most": round(ordered[-1], 1),
    }


def keep(name, figures):
    path = EVIDENCE / f"standing-{datetime.now(UTC):%Y-%m-%d}.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept["what"] = (
        "Bans and revocations, by the operator's API and by a webhook in turn, at one of two replicas (each a process) "
        "on one PostgreSQL: until both refuse, and until Stream's stand-in knows. Then a third replica starts and is "
        "asked for everybody's token from before it listens. One user in ten was new to Stream."
    )
    kept["runs"] = RUNS
    kept["machine"] = {"cores": os.cpu_count(), "python": sys.version.split()[0]}
    kept[name] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **figures}
    path.write_text(json.dumps(kept, indent=2) + "\n")

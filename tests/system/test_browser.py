"""A real browser obeys what our CORS headers say."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from support.processes import running
from support.programs import program
from support.websites import site

pytestmark = pytest.mark.system
PAGE = """<!doctype html>
<meta charset="utf-8">
<pre id="result"></pre>
<script>
async function ask(path, session) {
  try {
    const headers = { Authorization: `Bearer ${session}`, "Content-Type": "application/json" };
    const answer = await fetch(`SERVICE${path}`, { method: "POST", headers });
    const body = await answer.json();
    return { status: answer.status, reason: body.reason ?? null, id: answer.headers.get("X-Request-Id") };
  } catch (error) {
    return { error: error.name };
  }
}
(async () => {
  const result = {
    mobile: await ask("/stream/token", "SESSION"),
    web: await ask("/api/chat/token", "SESSION"),
    refused: await ask("/stream/token", "nonsense"),
  };
  document.getElementById("result").textContent = JSON.stringify(result);
})();
</script>
"""


def browse(url: str, directory: Path) -> dict[str, dict[str, object]]:
    """Open a page in headless Chromium, which may speak to loopback only; what its script found."""
    command = [
        program("chromium"),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--user-data-dir={directory}/profile",
        "--virtual-time-budget=20000",
        "--dump-dom",
        url,
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    found = re.search(r'<pre id="result">(.+?)</pre>', run.stdout)
    assert found is not None, run.stdout + run.stderr[-2000:]
    return json.loads(found[1])


def ask_from_a_page(tmp_path: Path, *, listed: bool) -> dict[str, dict[str, object]]:
    """What a page learns that asks for tokens, from an origin that is on the service's list or not."""
    with site() as (origin, shown):
        allowed = origin if listed else "http://127.0.0.1:1"
        with running(tmp_path, variables={"TIDEGATE_CORS_ORIGINS": allowed}) as service:
            shown.append(PAGE.replace("SERVICE", service.url).replace("SESSION", service.session()).encode())
            return browse(origin, tmp_path)


def test_a_page_of_a_listed_origin_reads_tokens_refusals_and_request_ids(tmp_path: Path) -> None:
    result = ask_from_a_page(tmp_path, listed=True)

    assert (result["mobile"]["status"], result["web"]["status"]) == (200, 200)
    assert (result["refused"]["status"], result["refused"]["reason"]) == (401, "token_malformed")
    assert all(answer["id"] for answer in result.values())


def test_a_page_of_another_origin_reads_nothing(tmp_path: Path) -> None:
    result = ask_from_a_page(tmp_path, listed=False)

    assert result == {name: {"error": "TypeError"} for name in ("mobile", "web", "refused")}

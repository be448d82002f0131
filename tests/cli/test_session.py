import subprocess
import sys
import time

import pytest

from support.processes import environment
from tidegate.cli.tokens_shown import decoded


def claims_of(ended):
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.count("\n") == 1
    return decoded(ended.out.strip())[1]


def test_it_prints_a_session_and_nothing_else(tidegate, sandbox):
    claims = claims_of(tidegate("session"))

    assert claims["iss"] == sandbox.issuer_url
    assert claims["exp"] - claims["iat"] == 60
    assert abs(claims["iat"] - time.time()) < 5


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--person", "grace"], {"name": "Grace Hopper"}),
        (["--pending"], {"sts": "pending"}),
        (["--impersonated-by", "user_admin"], {}),
        (["--claim", "sub=somebody"], {"sub": "somebody"}),
        (["--claim", "aud=[1, 2]", "--claim", 'iss="x"'], {"aud": [1, 2], "iss": "x"}),
        (["--claim", "v="], {"v": ""}),
    ],
)
def test_claims_are_settable(tidegate, arguments, expected):
    claims = claims_of(tidegate("session", *arguments))

    assert {name: claims[name] for name in expected} == expected
    assert ("act" in claims) == ("--impersonated-by" in arguments)


def test_sessions_of_another_provider(tidegate, sandbox):
    claims = claims_of(tidegate("session", "--as", "supabase", "--anonymous"))
    assert claims["iss"] == sandbox.sandbox.provider_as("supabase").issuer
    assert claims["is_anonymous"] is True
    assert claims_of(tidegate("session", "--as", "auth0", "--kind", "machine"))["gty"] == "client-credentials"


def test_sessions_of_authjs(tidegate, sandbox):
    bearer = tidegate("session", "--as", "authjs")
    assert (bearer.status, bearer.out.count(".")) == (0, 4)
    cookie = tidegate("session", "--as", "nextauth", "--cookie").out
    assert cookie.startswith("next-auth.session-token=ey")
    opaque = tidegate("session", "--as", "authjs", "--kind", "database").out.strip()
    assert sandbox.sandbox.app_as("authjs").answer({"authjs.session-token": opaque})["user"]["name"] == "Ada Lovelace"
    assert "only sessions of authjs" in tidegate("session", "--cookie").err


@pytest.mark.usefixtures("sandbox")
def test_claims_can_be_left_out(tidegate):
    claims = claims_of(tidegate("session", "--no-azp", "--without", "exp", "--without", "name"))

    assert claims.keys().isdisjoint({"azp", "exp", "name"})


@pytest.mark.usefixtures("sandbox")
def test_times(tidegate):
    expired = claims_of(tidegate("session", "--expired"))
    long = claims_of(tidegate("session", "--life", "900"))

    assert expired["exp"] < time.time() - 3000
    assert long["exp"] - long["iat"] == 900


def test_algorithm_and_key(tidegate, sandbox):
    kid = sandbox.sandbox.provider.kid()
    sandbox.sandbox.provider.rotate()

    assert decoded(tidegate("session", "--algorithm", "ES256").out.strip())[0]["alg"] == "ES256"
    assert decoded(tidegate("session", "--kid", kid).out.strip())[0]["kid"] == kid
    assert decoded(tidegate("session").out.strip())[0]["kid"] != kid


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--person", "nobody"], 1, "the sandbox refused (400)"),
        (["--algorithm", "HS256"], 1, "the sandbox refused (400)"),
        (["--as", "saml"], 1, "the sandbox can be clerk"),
        (["--anonymous"], 1, "Clerk's sessions have no anonymous"),
        (["--claim", "sub"], 2, "--claim needs NAME=JSON"),
        (["--claim", "=1"], 2, "--claim needs NAME=JSON"),
        (["--pending", "--claim", "pending=false"], 2, "pending is given twice"),
    ],
)
def test_what_it_refuses(tidegate, arguments, status, says):
    ended = tidegate("session", *arguments)

    assert (ended.status, ended.out) == (status, "")
    assert says in ended.err


def test_without_a_sandbox_it_says_so(tidegate, tmp_path):
    ended = tidegate("session", "--state-dir", str(tmp_path / "nothing"))

    assert (ended.status, ended.out) == (1, "")
    assert "no sandbox is running" in ended.err


def test_nothing_is_loaded_that_only_a_sandbox_needs():
    program = (
        "import sys, tidegate.cli.application, tidegate.sandbox.commanding, tidegate.sandbox.removed;"
        "print(sorted({'starlette', 'uvicorn', 'fastapi', 'httpx2', 'cryptography', 'pydantic'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

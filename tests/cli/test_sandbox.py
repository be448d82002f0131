import re
import signal
import subprocess
import sys

import httpx2
import pytest

from support.environments import loads
from support.processes import environment, started
from tidegate.cli.page import render
from tidegate.cli.sandbox import env_lines
from tidegate.sandbox.faults import FaultKind
from tidegate.sandbox.provider import Failure
from tidegate.settings import authjs_apps


def variables(lines):
    return dict(line.split("=", 1) for line in lines)


def test_its_lines_configure_a_service_that_trusts_it(sandbox):
    settings = loads(variables(env_lines(sandbox))).settings
    (issuer,) = settings.issuers

    assert (settings.api_key, settings.api_secret.get_secret_value()) == sandbox.sandbox.credentials()
    assert (issuer.issuer, issuer.jwks_url) == (sandbox.issuer_url, sandbox.sandbox.provider.jwks_url)
    assert issuer.authorized_parties == sandbox.sandbox.issuer_config()["authorized_parties"]
    assert settings.base_url == sandbox.stream_url


def test_its_lines_for_other_providers(sandbox, workplace):
    file = workplace / "sandbox.env"
    file.write_text("\n".join(env_lines(sandbox, ("supabase", "clerk", "auth0"))))
    issuers = loads({}, env_file=file).settings.issuers

    assert [(one.preset, one.namespace) for one in issuers] == [
        *(("supabase", None), ("clerk", "clerk"), ("auth0", "auth0")),
    ]
    for one, name in zip(issuers, ("supabase", "clerk", "auth0"), strict=True):
        provider = sandbox.sandbox.provider_as(name)
        assert (one.issuer, one.jwks_url) == (provider.issuer, provider.jwks_url)


def test_its_lines_for_an_app_with_authjs(sandbox, workplace):
    file = workplace / "sandbox.env"
    file.write_text("\n".join(env_lines(sandbox, ("authjs",))))
    settings = loads({}, env_file=file).settings
    assert [one.kind for one in settings.issuers] == ["authjs"]
    assert settings.authjs_secrets == (sandbox.sandbox.app_as("authjs").secret,)
    file.write_text("\n".join(env_lines(sandbox, ("clerk", "nextauth"))))
    issuers = loads({}, env_file=file).settings.issuers
    assert [(one.kind, one.namespace) for one in issuers] == [("clerk", None), ("authjs", "nextauth")]


@pytest.mark.parametrize("names", [("authjs", "nextauth"), ("nextauth", "authjs"), ("clerk", "nextauth", "authjs")])
def test_its_lines_for_two_apps_with_authjs(sandbox, workplace, names):
    file = workplace / "sandbox.env"
    file.write_text("\n".join(env_lines(sandbox, names)))
    settings = loads({}, env_file=file).settings
    assert [one.namespace for one in settings.issuers] == [None, *names[1:]]
    apps = {app.cookies: app.secrets for app in authjs_apps.apps(settings)}
    ours = [sandbox.sandbox.app_as(name) for name in names if name != "clerk"]
    assert apps == {(one.cookie,): (one.secret,) for one in ours}


def test_a_provider_that_it_cannot_be(tidegate):
    ended = tidegate("sandbox", "--as", "saml")

    assert (ended.status, ended.out) == (2, "")
    assert "write one of clerk, supabase" in ended.err


def test_it_runs_until_it_is_told_to_end(workplace):
    command = [sys.executable, "-m", "tidegate", "sandbox"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started(command, cwd=workplace, env=environment(), text=True, **pipes) as process:
        told = process.stderr.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", told)[0]
        keys = httpx2.get(f"{url}/idp/.well-known/jwks.json").json()["keys"]
        assert (workplace / ".tidegate" / "sandbox.json").is_file()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)

    assert (process.returncode, err) == (0, "")
    assert len(keys) == 2
    assert variables(out.splitlines())["CLERK_JWT_ISSUER"] == f"{url}/idp"
    assert not (workplace / ".tidegate" / "sandbox.json").exists()


def test_a_port_that_is_taken(tidegate, sandbox):
    ended = tidegate("sandbox", "--port", sandbox.url.rpartition(":")[2])

    assert (ended.status, ended.out) == (1, "")
    assert "--port" in ended.err


@pytest.mark.parametrize("compromised", [False, True])
def test_keys_are_rotated(tidegate, sandbox, compromised):
    before = sandbox.sandbox.provider.kid()

    ended = tidegate("sandbox", "rotate", *(["--compromised"] if compromised else []))

    assert (ended.status, ended.out.split()) == (0, [before, sandbox.sandbox.provider.kid()])
    assert before != sandbox.sandbox.provider.kid()
    published = [key["kid"] for key in sandbox.sandbox.provider.jwks()["keys"]]
    assert (before in published) is not compromised


def test_failures_and_faults_begin_and_end(tidegate, sandbox):
    provider, faults = sandbox.sandbox.provider, sandbox.sandbox.stream.faults

    assert tidegate("sandbox", "fail", "slow", "--delay", "0.1").status == 0
    assert provider.failing() == (Failure.SLOW, 0.1)
    assert tidegate("sandbox", "fault", "error", "--status", "503", "--path", "/users", "--times", "2").status == 0
    assert [(one.kind, one.status) for one in faults.take("GET", "/users")] == [(FaultKind.ERROR, 503)]
    assert tidegate("sandbox", "fault", "clock", "--seconds", "90").status == 0
    assert faults.clock_seconds == 90
    assert tidegate("sandbox", "heal").status == 0
    assert provider.failing() == (None, 0.0)
    assert faults.clock_seconds == 0
    assert faults.take("GET", "/users") == ()


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("arguments", [["fail", "sulking"], ["fault", "sulking"], ["rotate", "--algorithm", "none"]])
def test_what_it_refuses(tidegate, arguments):
    ended = tidegate("sandbox", *arguments)

    assert (ended.status, ended.out) == (1, "")
    assert "the sandbox refused (400)" in ended.err


@pytest.mark.parametrize(("argument", "names"), [("MODE", Failure), ("KIND", FaultKind)])
def test_the_help_names_every_way_to_fail(argument, names):
    meaning = re.search(rf"\| `{argument}` \| required \| (.*)\. \|", render())[1]

    assert re.split(r", | or ", meaning) == [one.value for one in names]

"""Identity providers added, listed and checked, against a sandbox over real sockets."""

import json
import stat

import pytest

from support.environments import KEY, SECRET
from tidegate.cli import envlines
from tidegate.settings import load
from tidegate.settings.sources import read_file

REF = "abcdefghijklmnopqrst"
CLERK_KEY = "pk_test_Y2xlcmsuYS5leGFtcGxlJA"
SUPABASE = ("issuer", "add", "supabase", f"project={REF}", "--offline")
KEYCLOAK = ("issuer", "add", "keycloak", "realm=https://login.example.com/realms/a", "client=app,web", "--offline")
CREDENTIALS = {"STREAM_API_KEY": KEY, "STREAM_API_SECRET": SECRET}


def written(path):
    return load({**CREDENTIALS, **read_file(path)}).settings.issuers


@pytest.mark.parametrize(
    ("preset", "known", "lines"),
    [
        ("supabase", [f"project={REF}"], [f"TIDEGATE_SUPABASE_PROJECT={REF}"]),
        ("firebase", ["project=my-app-1a2b3"], ["TIDEGATE_FIREBASE_PROJECT=my-app-1a2b3"]),
        (
            "auth0",
            ["domain=a.eu.auth0.com", "audience=chat"],
            ["TIDEGATE_AUTH0_DOMAIN=a.eu.auth0.com", "TIDEGATE_AUTH0_AUDIENCE=chat"],
        ),
        (
            "cognito",
            ["pool=eu-west-1_A", "client=a,b"],
            ["TIDEGATE_COGNITO_POOL=eu-west-1_A", "TIDEGATE_COGNITO_CLIENT=a,b"],
        ),
        ("oidc", ["issuer=https://a.example/"], ["TIDEGATE_OIDC_ISSUER=https://a.example/"]),
        (
            "clerk",
            ["publishable_key=pk_test_Y2xlcmsuYS5leGFtcGxlJA"],
            ["CLERK_PUBLISHABLE_KEY=pk_test_Y2xlcmsuYS5leGFtcGxlJA"],
        ),
    ],
)
def test_the_lines_and_nothing_else(tidegate, preset, known, lines):
    ended = tidegate("issuer", "add", preset, *known, "--offline")
    assert (ended.status, ended.out.splitlines(), ended.err) == (0, lines, "")


def test_a_file_grows_by_what_is_added_and_nobody_in_it_changes(tidegate, workplace):
    file = workplace / "service.env"
    file.write_text("# mine\nTIDEGATE_LOG_LEVEL=warning\n")
    assert tidegate(*SUPABASE, "--write", str(file)).status == 0
    alone = written(file)
    assert tidegate(*KEYCLOAK, "--write", str(file)).status == 2  # no namespace
    assert written(file) == alone
    assert tidegate(*KEYCLOAK, "--namespace", "kc", "--write", str(file)).status == 0
    assert tidegate(*KEYCLOAK, "--name", "other", "--namespace", "kc2", "--write", str(file)).status == 2  # same issuer
    first, second = written(file)
    assert (first, second.name, second.namespace) == (alone[0], "keycloak", "kc")
    assert file.read_text().startswith("# mine\nTIDEGATE_LOG_LEVEL=warning\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_adding_again_changes_what_is_there_and_keeps_its_namespace(tidegate, workplace):
    file = workplace / "service.env"
    for arguments in (
        SUPABASE,
        (*KEYCLOAK, "--namespace", "kc"),
        ("issuer", "add", "supabase", "project=zzzzzzzzzzzzzzzzzzzz", "--offline"),
        ("issuer", "add", "keycloak", "realm=https://login.example.com/realms/b", "client=app", "--offline"),
    ):
        assert tidegate(*arguments, "--write", str(file)).status == 0
    first, second = written(file)
    assert "zzzz" in first.issuer
    assert (second.issuer, second.namespace) == ("https://login.example.com/realms/b", "kc")


def test_what_the_environment_has_counts_where_no_file_is_written(tidegate, monkeypatch):
    monkeypatch.setenv("TIDEGATE_FIREBASE_PROJECT", "my-app-1a2b3")
    assert tidegate(*SUPABASE).status == 2
    ended = tidegate(*SUPABASE, "--namespace", "sb")
    (element,) = json.loads(ended.out.split("=", 1)[1].strip().strip("'"))
    assert element == {"preset": "supabase", "project": REF, "namespace": "sb"}


@pytest.mark.parametrize("name", ["supabase", "auth0", "keycloak", "cognito"])
def test_keys_are_fetched_before_anything_is_written(tidegate, sandbox, workplace, name):
    provider = sandbox.sandbox.provider_as(name)
    file = workplace / "x.env"
    known = {
        "supabase": [],
        "auth0": ["audience=chat"],
        "keycloak": ["client=app"],
        "cognito": ["client=app"],
    }[name]
    arguments = ("issuer", "add", name, f"issuer={provider.issuer}", *known, "--write", str(file))
    provider.fail("unavailable")
    assert (tidegate(*arguments).status, file.exists()) == (1, False)
    provider.fail("empty")
    ended = tidegate(*arguments)
    assert (ended.status, file.exists(), "migrate" in ended.err) == (1, False, name == "supabase")
    provider.fail(None)
    ended = tidegate(*arguments)
    assert (ended.status, provider.kid() in ended.err) == (0, True)
    assert written(file)[0].issuer == provider.issuer


def test_a_secret_is_neither_taken_nor_shown_on_the_command_line(tidegate, monkeypatch):
    ended = tidegate("issuer", "add", "authjs", f"secret={SECRET}", "--offline")
    assert (ended.status, ended.out, SECRET in ended.err) == (2, "", False)
    assert tidegate("issuer", "add", "authjs", "--offline").status == 2
    monkeypatch.setenv("AUTH_SECRET", SECRET)
    ended = tidegate("issuer", "add", "authjs", "--offline")
    assert (ended.status, SECRET in ended.out + ended.err) == (0, False)


def test_a_person_is_asked(tidegate, monkeypatch, workplace):
    asked = []
    answers = {"The AUTH_SECRET of the app": SECRET, "The project's reference": REF}

    def prompt(text, **options):
        asked.append((text, options["hide_input"]))
        return next((value for start, value in answers.items() if text.startswith(start)), "")

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", prompt)
    ended = tidegate("issuer", "add", "supabase", "--offline")
    assert (ended.status, ended.out) == (0, f"TIDEGATE_SUPABASE_PROJECT={REF}\n")
    file = workplace / "x.env"
    ended = tidegate("issuer", "add", "authjs", "--offline", "--write", str(file))
    assert (ended.status, SECRET in ended.out + ended.err) == (0, False)
    assert read_file(file) == {"AUTH_SECRET": SECRET}
    assert [hidden for text, hidden in asked if "AUTH_SECRET" in text] == [True]


def test_a_second_app_with_authjs(tidegate, monkeypatch, workplace):
    """Its secret goes into the file beside the others'; the first app, and its people's ids, stay as they are."""
    file = workplace / "x.env"
    file.write_text(f"AUTH_SECRET={SECRET}\n")
    alone = written(file)
    new = SECRET[::-1]
    add = ("issuer", "add", "authjs", "--offline", "--write", str(file))
    assert tidegate(*add, "--name", "admin").status == 2  # no namespace
    ended = tidegate(*add, "--name", "admin", "--namespace", "adm")
    assert (ended.status, "set TIDEGATE_AUTHJS_SECRETS first" in ended.err) == (2, True)  # no secret, and nobody to ask
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", lambda _, **options: new if options["hide_input"] else "")
    ended = tidegate(*add, "--name", "admin", "--namespace", "adm")
    assert (ended.status, new in ended.out + ended.err) == (0, False)
    assert json.loads(read_file(file)["TIDEGATE_AUTHJS_SECRETS"]) == {"admin": [new]}
    assert read_file(file)["AUTH_SECRET"] == SECRET
    first, second = written(file)
    assert ((first,), second.name, second.namespace) == (alone, "admin", "adm")
    new = f"{SECRET}-newer"
    url = "https://shop.example.com/api/auth/session"
    assert tidegate(*add, f"session_url={url}", "--name", "shop", "--namespace", "shop").status == 0
    assert written(file)[:2] == (first, second)
    assert written(file)[2].session_url == url


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody"], "write one of clerk, authjs, supabase"),
        (["supabase"], "project is not known"),
        (["supabase", "project=x"], "project of another form"),
        (["supabase", "realm=x"], "MEMBER=VALUE with project, issuer"),
        (["supabase", "project="], "MEMBER=VALUE"),
        (["clerk", "publishable_key=sk_live_abc"], "secret key of Clerk's"),
    ],
)
def test_what_it_refuses(tidegate, arguments, says):
    ended = tidegate("issuer", "add", *arguments, "--offline")
    assert (ended.status, ended.out) == (2, "")
    assert says in ended.err


def test_the_list_and_the_check(tidegate, sandbox, workplace):
    names = ("supabase", "clerk", "keycloak")
    configs = [sandbox.sandbox.issuer_config(name) for name in names]
    listed = [configs[0], *({**one, "namespace": one["name"]} for one in configs[1:])]
    key, secret = sandbox.sandbox.credentials()
    variables = {"STREAM_API_KEY": key, "STREAM_API_SECRET": secret, "TIDEGATE_ISSUERS": json.dumps(listed)}
    file = workplace / "x.env"
    file.write_text("".join(f"{envlines.line(name, text)}\n" for name, text in variables.items()))
    with_file = ("--env-file", str(file))

    rows = json.loads(tidegate("issuer", "list", "--json", *with_file).out)
    assert [(row["preset"], row["namespace"]) for row in rows] == [
        *(("supabase", None), ("clerk", "sandbox"), ("keycloak", "keycloak")),
    ]
    assert tidegate("issuer", "list", *with_file).out.splitlines()[0].startswith("supabase  supabase  http://127.0.0.1")
    for row in rows:
        ended = tidegate("issuer", "check", row["name"], *with_file)
        provider = sandbox.sandbox.provider_as(row["preset"])
        assert ended.status == 0, ended.err
        assert provider.kid() in ended.err
        assert provider.issuer in ended.out
    assert tidegate("issuer", "check", "nobody", *with_file).status == 2
    sandbox.sandbox.provider_as("keycloak").fail("down")
    assert tidegate("issuer", "check", "keycloak", *with_file).status == 1

"""The copy is isolated: whatever the instance's settings say, nothing of a place, a key or a secret comes along."""

import pytest
from pydantic import SecretStr

from tidegate import logs
from tidegate.cli.drills.copying import POLICIES, Also, copied, isolated
from tidegate.cli.drills.model import Mood
from tidegate.sandbox.server import SandboxServer
from tidegate.settings import Settings, kinds
from tidegate.settings.model import SPECS

OWN = {"api_key", "api_secret", "base_url", "issuers", "state_dir", "log_format"}


def test_numbers_and_policies_are_copied_and_nothing_else(tmp_path):
    numbers = {name for name, spec in SPECS.items() if isinstance(spec.kind, kinds.Integer)}
    marked = {name: f"marked-{name}" for name in SPECS.keys() - numbers - set(POLICIES) - {"issuers"}}
    instance = Settings.model_construct(**{**dict(Settings()), **marked, "token_life_seconds": 4321})
    with SandboxServer() as server:
        copy = isolated(instance, server, tmp_path, pem=False)

    assert copy.token_life_seconds == 4321
    defaults = Settings()
    for name in marked.keys() - OWN:
        assert getattr(copy, name) == getattr(defaults, name), name
    assert copy.base_url == server.stream_url
    assert "marked-" not in repr(dict(copy))
    assert copy.api_secret.get_secret_value() == server.sandbox.credentials()[1]


@pytest.mark.parametrize("also", Also)
def test_what_a_copy_has_besides_is_its_own_too(tmp_path, also):
    more = {"authjs_session_url", "auth_secrets", "database_url"}
    marked = {name: SecretStr("marked") if name == "database_url" else f"marked-{name}" for name in more}
    instance = Settings.model_construct(**{**dict(Settings()), **marked})
    with SandboxServer() as server:
        copy = isolated(instance, server, tmp_path, pem=True, also=also)

    assert "marked" not in repr(dict(copy))
    assert copy.database_url is None or copy.database_url.get_secret_value().startswith(f"sqlite:///{tmp_path}")
    assert copy.authjs_session_url is None or copy.authjs_session_url.startswith(f"{server.url}/")


def test_no_limit_of_callers_is_met(tmp_path):
    with SandboxServer() as server:
        copy = isolated(Settings(limit_subject_per_minute=1), server, tmp_path, pem=False)
    assert copy.limit_address_per_minute == copy.limit_subject_per_minute == copy.limit_total_per_minute == 0


@pytest.mark.anyio
@pytest.mark.parametrize("pem", [False, True])
async def test_it_works_leaves_nothing_behind_and_says_nothing(capsys, pem):
    logs.configure("critical", as_json=False)
    async with copied(Settings(), pem=pem) as copy:
        session = copy.sandbox.provider.session()
        seen, members = await copy.exchange(session)
        assert (seen.mood, members["api_key"]) == (Mood.GOOD, copy.sandbox.credentials()[0])
        assert (await copy.restarted(session)).mood is Mood.GOOD
        assert (await copy.ready()).said == "ready"
        assert (await copy.health()).said == "healthy"
        directory = copy.directory
        copy.clock.shift = 1e6
        assert abs(copy.sandbox.stream.now() - copy.clock.now()) < 1
    assert not directory.exists()
    assert capsys.readouterr().out == ""

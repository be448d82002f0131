from pathlib import Path

import pytest

from support.environments import DEVELOPMENT, KEY, PRODUCTION, SECRET, problems, without
from tidegate.settings import Environment, load

CREDENTIALS = f"STREAM_API_KEY={KEY}\nSTREAM_API_SECRET={SECRET}\nTIDEGATE_TRUSTED_PROXIES=10.0.0.0/8\n"


def decided(environ, **more):
    return load(environ, **more).settings.environment


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Environment.DEVELOPMENT),
        ({"NODE_ENV": "test"}, Environment.DEVELOPMENT),
        ({"NODE_ENV": "development"}, Environment.DEVELOPMENT),
        ({"STREAM_CHAT_ENVIRONMENT": "", "NODE_ENV": "test"}, Environment.DEVELOPMENT),
        ({**PRODUCTION, "NODE_ENV": "development"}, Environment.PRODUCTION),
        ({**PRODUCTION, "STREAM_CHAT_ENVIRONMENT": "Staging"}, Environment.STAGING),
        ({**without(PRODUCTION, "STREAM_CHAT_ENVIRONMENT"), "NODE_ENV": "production"}, Environment.PRODUCTION),
    ],
)
def test_the_process_environment_decides(environ, expected):
    assert decided(environ) is expected


@pytest.mark.parametrize("name", ["STREAM_CHAT_ENVIRONMENT", "NODE_ENV"])
def test_an_unknown_environment_is_a_problem(name):
    assert "none of the known words" in problems({name: "prod"})[name]


def test_test_is_a_word_of_node_env_only():
    assert "STREAM_CHAT_ENVIRONMENT" in problems({"STREAM_CHAT_ENVIRONMENT": "test"})


@pytest.mark.parametrize("bind", ["0.0.0.0:8000", "[::]:8000", "192.168.1.5:80", "chat.internal:8000"])
def test_unset_and_bound_beyond_loopback_is_a_problem(bind):
    assert "others can reach" in problems({"TIDEGATE_BIND": bind})["STREAM_CHAT_ENVIRONMENT"]
    assert decided({"TIDEGATE_BIND": bind, "NODE_ENV": "development"}) is Environment.DEVELOPMENT


@pytest.mark.parametrize("bind", ["127.0.0.1:1", "127.8.8.8:0", "[::1]:8000", "localhost:8000"])
def test_unset_on_loopback_is_development(bind):
    loaded = load({"TIDEGATE_BIND": bind})
    assert loaded.settings.environment is Environment.DEVELOPMENT
    assert loaded.origins["environment"] == "default"


@pytest.mark.parametrize("line", ["STREAM_CHAT_ENVIRONMENT=production", "NODE_ENV=staging"])
@pytest.mark.parametrize("environ", [{}, {"NODE_ENV": "development"}, PRODUCTION])
def test_an_unnamed_file_that_says_production_is_a_problem_with_the_mend(workdir: Path, line, environ):
    (workdir / ".env").write_text(f"{CREDENTIALS}{line}\n")
    assert "TIDEGATE_ENV_FILE=.env" in problems(environ)[line.split("=")[0]]


@pytest.mark.parametrize("how", ["variable", "argument"])
def test_a_named_file_takes_part_in_the_decision(workdir: Path, how):
    (workdir / ".env").write_text(f"{CREDENTIALS}STREAM_CHAT_ENVIRONMENT=production\n")
    loaded = load({"TIDEGATE_ENV_FILE": ".env"}) if how == "variable" else load({}, env_file=Path(".env"))
    assert loaded.settings.environment is Environment.PRODUCTION
    assert loaded.origins["environment"] == "file .env STREAM_CHAT_ENVIRONMENT"
    assert loaded.origins["env_file"] == ("environment TIDEGATE_ENV_FILE" if how == "variable" else "command line")


def test_the_process_environment_counts_before_a_named_file(workdir: Path):
    (workdir / "conf").write_text(f"{CREDENTIALS}STREAM_CHAT_ENVIRONMENT=development\n")
    assert decided({"TIDEGATE_ENV_FILE": "conf", "NODE_ENV": "production"}) is Environment.PRODUCTION


def test_an_unnamed_file_cannot_excuse_a_public_address(workdir: Path):
    (workdir / ".env").write_text("NODE_ENV=development\nTIDEGATE_BIND=0.0.0.0:8000\n")
    assert "STREAM_CHAT_ENVIRONMENT" in problems({})


def test_an_unnamed_file_is_not_read_in_production(workdir: Path):
    (workdir / ".env").write_text("TIDEGATE_TOKEN_LIFE_SECONDS=400\n")
    loaded = load(PRODUCTION)
    assert loaded.settings.token_life_seconds == 3600
    assert loaded.settings.env_file is None
    assert any("TIDEGATE_ENV_FILE=.env" in warning for warning in loaded.warnings)


def test_an_override_decides():
    assert decided(PRODUCTION, overrides={"environment": "staging"}) is Environment.STAGING
    assert load({}, overrides={"environment": "development"}).origins["environment"] == "command line"


def test_a_named_file_that_is_not_there():
    assert "cannot be read" in problems({**DEVELOPMENT, "TIDEGATE_ENV_FILE": "missing.env"})["TIDEGATE_ENV_FILE"]


def test_a_directory_called_env_is_no_file(workdir: Path):
    (workdir / ".env").mkdir()
    assert load({}).settings.env_file is None
    assert "cannot be read" in problems({"TIDEGATE_ENV_FILE": ".env"})["TIDEGATE_ENV_FILE"]

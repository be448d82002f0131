"""The URLs of databases and of Redis."""

import pytest

from support.environments import DEVELOPMENT, problems
from tidegate.settings import load, rules, stores
from tidegate.settings.show import render

PASSWORD = "hunter2-and-more"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TIDEGATE_DATABASE_URL", f"postgresql://tide:{PASSWORD}@db.example:5432/gate?sslmode=verify-full"),
        ("TIDEGATE_DATABASE_URL", f"postgres://tide:{PASSWORD}@[::1]/gate"),
        ("TIDEGATE_DATABASE_URL", "postgresql:///gate?host=/run/postgresql"),
        ("TIDEGATE_DATABASE_URL", "sqlite:///relative/gate.db"),
        ("TIDEGATE_REDIS_URL", f"rediss://:{PASSWORD}@cache.example:6379/0"),
    ],
)
def test_a_url_is_taken_as_it_is_and_shown_nowhere(variable, text):
    loaded = load({**DEVELOPMENT, variable: text})
    field = {"TIDEGATE_DATABASE_URL": "database_url", "TIDEGATE_REDIS_URL": "redis_url"}[variable]

    assert getattr(loaded.settings, field).get_secret_value() == text
    assert PASSWORD not in f"{render(loaded)} {loaded!r}"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TIDEGATE_DATABASE_URL", f"mysql://tide:{PASSWORD}@db.example/gate"),
        ("TIDEGATE_DATABASE_URL", f"postgresql://tide:{PASSWORD}@db.example"),
        ("TIDEGATE_DATABASE_URL", f"postgresql://tide:{PASSWORD}@db.example:none/gate"),
        ("TIDEGATE_DATABASE_URL", f"postgresql://tide:{PASSWORD}@db.example/gate#x"),
        ("TIDEGATE_DATABASE_URL", "sqlite:///"),
        ("TIDEGATE_DATABASE_URL", "sqlite://gate.db"),
        ("TIDEGATE_DATABASE_URL", "sqlite:///gate.db?mode=memory"),
        ("TIDEGATE_DATABASE_URL", f"{PASSWORD} with spaces"),
        ("TIDEGATE_REDIS_URL", f"http://:{PASSWORD}@cache.example"),
        ("TIDEGATE_REDIS_URL", "redis://"),
        ("TIDEGATE_REDIS_URL", f"redis://{PASSWORD * 200}@cache.example"),
    ],
)
def test_an_odd_url_is_refused_without_being_repeated(variable, text):
    found = problems({**DEVELOPMENT, variable: text})

    assert set(found) == {variable}
    assert PASSWORD not in found[variable]


def test_a_driver_that_is_not_installed_stops_the_start(monkeypatch):
    monkeypatch.setattr(rules, "find_spec", lambda _: None)
    given = {"TIDEGATE_DATABASE_URL": "postgresql:///gate", "TIDEGATE_REDIS_URL": "redis://127.0.0.1"}

    assert set(problems({**DEVELOPMENT, **given})) == set(given)
    assert load({**DEVELOPMENT, "TIDEGATE_DATABASE_URL": "sqlite:///gate.db"})


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("sqlite:///gate.db", True),
        ("postgresql://tide@127.0.0.1/gate", True),
        ("postgresql://tide@[::1]:5432/gate", True),
        ("postgresql:///gate?host=/run/postgresql", True),
        ("postgresql://tide@db.example/gate", False),
        ("postgresql://tide@localhost,db.example/gate", False),
        ("postgresql://tide@localhost/gate?host=db.example", False),
        ("postgresql://tide@db.example/gate?sslmode=require", False),
        ("postgresql://tide@db.example/gate?sslmode=verify-full&sslmode=disable", False),
        ("postgresql://tide@db.example/gate?sslmode=verify-full", True),
        ("redis://localhost:6379/0", True),
        ("redis://cache.example/0?sslmode=verify-full", False),
        ("rediss://cache.example/0", True),
    ],
)
def test_what_travels_in_the_open_is_known(url, private):
    assert stores.is_private(url) is private

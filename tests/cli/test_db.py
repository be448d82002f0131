"""The commands that look at the database and bring it up to date."""

import json
import sqlite3

from tidegate.cli.exits import Exit


def test_before_the_first_start_there_is_no_file(tidegate):
    ended = tidegate("db", "status")

    assert ended.status == Exit.FAILED
    assert "there is no file" in ended.err


def test_upgrading_makes_the_schema_once(tidegate):
    assert tidegate("db", "upgrade").out == "sqlite at .tidegate/tidegate.db: upgraded\n"
    assert tidegate("db", "upgrade").out == "sqlite at .tidegate/tidegate.db: nothing to do\n"
    ended = tidegate("db", "status", "--json")

    assert ended.status == Exit.OK
    assert json.loads(ended.out) | {"schema": None, "needed": None} == {
        "database": "sqlite",
        "where": ".tidegate/tidegate.db",
        "schema": None,
        "needed": None,
        "current": True,
    }


def test_a_schema_that_is_behind_is_seen(tidegate):
    tidegate("db", "upgrade")
    with sqlite3.connect(".tidegate/tidegate.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    ended = tidegate("db", "status")

    assert ended.status == Exit.FAILED
    assert "schema 0000, this version needs" in ended.out
    assert "tidegate db upgrade" in ended.out


def test_a_server_that_cannot_be_reached_is_named_without_its_password(tidegate, monkeypatch):
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", "postgresql://tide:hunter2@127.0.0.1:1/gate")
    for command in ("status", "upgrade"):
        ended = tidegate("db", command)
        assert ended.status == Exit.FAILED
        assert "the database is not available: ConnectionRefusedError" in ended.err
        assert "hunter2" not in ended.out + ended.err

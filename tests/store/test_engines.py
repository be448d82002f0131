"""A connection to SQLite: its end, whatever state it is in."""

import sqlite3

import pytest

from tidegate.store.engines import _Sqlite

WITHIN = "CREATE TABLE boats (id INTEGER); BEGIN IMMEDIATE; INSERT INTO boats VALUES (1)"


def connect(path):
    return sqlite3.connect(path, factory=_Sqlite, isolation_level=None)


def forbid_everything(connection):
    """Let every further statement fail, ROLLBACK too, as a disk may that does not answer."""
    connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)


def test_a_close_ends_the_transaction_of_a_statement_that_is_under_way(tmp_path):
    one, other = connect(tmp_path / "boats"), connect(tmp_path / "boats")
    one.executescript(WITHIN)
    under_way = one.execute("SELECT id FROM boats UNION ALL SELECT 2")
    assert under_way.fetchone() == (1,)
    one.close()
    other.execute("PRAGMA busy_timeout=0")
    other.execute("BEGIN IMMEDIATE")
    assert other.execute("SELECT count(*) FROM boats").fetchone() == (0,)
    other.close()


def test_a_connection_may_be_closed_again(tmp_path):
    connection = connect(tmp_path / "boats")
    connection.close()
    assert connection.close() is None


def test_a_transaction_that_cannot_be_given_up_keeps_no_connection_open(tmp_path):
    connection = connect(tmp_path / "boats")
    connection.executescript(WITHIN)
    forbid_everything(connection)
    connection.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")

"""When the store is opened: where something is in it, or can get there."""

import hashlib
import subprocess
import sys

import pytest

from tidegate.app.stores import SQLITE_FILE, store_wanted
from tidegate.settings import load


def settings(tmp_path, **environ):
    usual = {
        "STREAM_API_KEY": "abcdefghijkl",
        "STREAM_API_SECRET": "k3wz7q9x2m5n8p4r6t1v0y3b5d7f9h2j4l6",
        "TIDEGATE_OIDC_ISSUER": "https://login.example.com",
        "TIDEGATE_STATE_DIR": str(tmp_path),
    }
    return load({**usual, **environ}).settings


def test_a_service_that_nobody_operates_has_no_store(tmp_path):
    assert not store_wanted(settings(tmp_path))


@pytest.mark.parametrize(
    "environ",
    [
        {"TIDEGATE_DATABASE_URL": "postgresql://chat@127.0.0.1/chat"},
        {"TIDEGATE_LEDGER": "database"},
        {"TIDEGATE_OPERATOR_KEYS": f"ada:operator:{hashlib.sha256(b'x').hexdigest()}"},
    ],
)
def test_what_makes_it_wanted(tmp_path, environ):
    assert store_wanted(settings(tmp_path, **environ))


def test_a_file_that_is_there_is_read_whoever_made_it(tmp_path):
    (tmp_path / SQLITE_FILE).touch()
    assert store_wanted(settings(tmp_path))


def test_without_a_store_its_library_is_not_even_loaded(tmp_path):
    program = (
        "import asyncio, sys; from pathlib import Path; from pydantic import SecretStr;"
        "from tidegate.app.build import build; from tidegate.settings import Settings\n"
        "async def main():\n"
        "    given = Settings(api_key='abcdefghijkl', api_secret=SecretStr('s' * 40),"
        f" state_dir=Path({str(tmp_path)!r}),"
        " base_url='http://127.0.0.1:9')\n"
        "    async with build(given).background.running():\n"
        "        await asyncio.sleep(0.3)\n"
        "asyncio.run(main()); print([name for name in ('sqlalchemy', 'alembic', 'aiosqlite') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert not (tmp_path / SQLITE_FILE).exists()

"""Services to be killed: for each line on standard input a fork that serves, its pid and port on standard output.

Everything is imported once, before the first fork, so that a service is there in a tenth of a second.
"""

import importlib
import os
import sys

from tidegate.app import run
from tidegate.settings import Loaded

LOADED_LATER = ("sqlalchemy.ext.asyncio", "sqlalchemy.dialects.sqlite.aiosqlite", "alembic.command", "tidegate.store")
"""What a service imports when it opens its database."""


def _serve(loaded: Loaded) -> None:
    said = sys.stdout
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - the request lines; the process is killed
    run.serve(loaded, on_started=lambda started, *_: print(os.getpid(), started.main[1], file=said, flush=True))
    os._exit(0)


def main() -> None:
    """Serve until there are no more lines."""
    for name in LOADED_LATER:
        importlib.import_module(name)
    loaded = run.load_or_exit()
    run.configure_logs(loaded)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _serve(loaded)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()

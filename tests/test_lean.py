"""What structlog loads unasked is left out, and can be imported all the same."""

import subprocess
import sys

import pytest

from tidegate.lean import import_without

LOADED = """
import sys
import tidegate.app.build
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
def page(number: int) -> dict[str, int]: ...
unused = (
    "rich", "pygments", "greenlet", "sqlalchemy", "jinja2", "websockets", "pydantic.v1.main",
    "tidegate.app.operated", "tidegate.app.webhooks",
)
print(*(name for name in unused if name in sys.modules))
import structlog, rich.console
print(structlog.get_config()["processors"][-1].__class__.__name__, rich.console.Console.__name__)
"""


def test_a_service_does_not_load_what_it_does_not_use() -> None:
    found = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded, usable = found.stdout.splitlines()
    assert loaded == ""
    assert usable == "ConsoleRenderer Console"


def test_a_module_that_is_there_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this_name_is_nobodys", raising=False)
    import_without("json", ("this_name_is_nobodys",))
    assert "this_name_is_nobodys" not in sys.modules


def test_what_is_unwanted_is_absent_for_that_time_only() -> None:
    sys.modules.pop("wave", None)
    with pytest.raises(ModuleNotFoundError):
        import_without("wave", ("struct_that_is_absent", "wave"))
    assert "wave" not in sys.modules


def test_what_is_imported_already_stays() -> None:
    before = sys.modules["struct"]
    sys.modules.pop("wave", None)
    import_without("wave", ("struct",))
    assert sys.modules["struct"] is before
    assert "wave" in sys.modules

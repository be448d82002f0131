"""What libraries load unasked, left out.

structlog loads rich, with pygments and more behind it, only to have tracebacks drawn
that are never drawn here, and greenlet for a module that is deprecated. Together they
are 5 MB of every process, and a sixth of a second of every start. Both are optional to
it: it does without where they cannot be imported. Who wants them imports them later.

FastAPI loads the first version of pydantic, a copy of which lies in the second, to ask
of each annotation whether it is one of those models: 1.5 MB. There are none here.
"""

import importlib
import sys
from typing import Any, Final

_ABSENT: Final[Any] = None
"""Instead of a module makes the import system raise ModuleNotFoundError (language reference, section 5.3.1)."""

_UNWANTED: Final = ("rich", "better_exceptions", "greenlet", "colorama")


def import_without(name: str, unwanted: tuple[str, ...]) -> None:
    """Import a module as if others were not installed.

    To be called before there are threads: for its time nobody else could import them either.

    Args:
        name: of the module; nothing happens where it is imported already.
        unwanted: modules that are optional to it; those that are imported already stay.
    """
    if name in sys.modules:
        return
    absent = [other for other in unwanted if other not in sys.modules]
    sys.modules.update(dict.fromkeys(absent, _ABSENT))
    try:
        importlib.import_module(name)
    finally:
        for other in absent:
            sys.modules.pop(other, None)


def import_structlog() -> None:
    """Import structlog, and not what it would bring. On Windows colorama is what colours need."""
    import_without("structlog", _UNWANTED[:-1] if sys.platform == "win32" else _UNWANTED)


def never_import(name: str) -> None:
    """Have a module count as not installed for the rest of the process, unless it is imported already.

    Args:
        name: of a module that others treat as optional.
    """
    sys.modules.setdefault(name, _ABSENT)

"""Tidegate: the server side of Stream Chat, as one service beside a team's own app."""

from tidegate.lean import import_structlog, never_import

__version__ = "0.1.0"

# Here, since whichever room is imported first would import them whole.
import_structlog()
never_import("pydantic.v1")

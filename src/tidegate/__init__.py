"""Tidegate: the server side of Stream Chat, as one service beside a team's own app."""

from tidegate.lean import import_structlog

__version__ = "0.1.0"

import_structlog()  # here, since whichever room is imported first would import it whole

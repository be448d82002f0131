"""Tidegate: the server side of Stream Chat, as one service beside a team's own app."""

__version__ = "0.1.0"

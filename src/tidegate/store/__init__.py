"""The store: SQLite in a file, or PostgreSQL for several replicas; migrations, leases, and the bus of changes.

Nothing here imports SQLAlchemy before a database is used, so whoever only passes a database on stays light.
"""

from tidegate.store.bus import ChangeBus
from tidegate.store.database import Database
from tidegate.store.lease import Lease
from tidegate.store.model import Change, DatabaseOptions, Dialect, StoreUnavailable
from tidegate.store.service import Store

__all__ = ["Change", "ChangeBus", "Database", "DatabaseOptions", "Dialect", "Lease", "Store", "StoreUnavailable"]

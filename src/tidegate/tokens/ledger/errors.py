"""What goes wrong with the ledger itself."""

from tidegate.errors import TidegateError


class LedgerError(TidegateError):
    """The ledger cannot be opened, written or read; the message is for the operator."""

"""The value that takes a claim or header member out."""

from enum import Enum
from typing import Final


class Removed(Enum):
    """The type of :data:`REMOVED`."""

    REMOVED = "removed"


REMOVED: Final = Removed.REMOVED
"""As the value of a claim or header member: leave it out altogether."""

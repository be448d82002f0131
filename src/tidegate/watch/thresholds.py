"""Where the judgement draws its lines."""

from typing import Final

QUOTA_LOW: Final = 0.2
"""Below this part of a limit of Stream's the service counts as degraded."""

CLOCK_TOLERANCE_S: Final = 4.0
"""Seconds. Tokens are dated at least 5 s back; a clock further ahead than that makes Stream refuse them."""

UNTOLD_S: Final = 10.0
"""Seconds. A revocation or ban that Stream has not been told of for so long is not on its way any more."""

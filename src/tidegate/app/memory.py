"""How a long-lived process treats its memory, set once when everything is up.

Tables of sessions and limits are dictionaries of up to a few megabytes, which are made anew while they fill and thrown
away whole. glibc takes the first such block from the kernel and, once that is given back, every later one up to its
size from the heap, between the small ones that stay (mallopt(3), M_MMAP_THRESHOLD). So the heap got holes that nothing
fitted, and grew by a megabyte a minute under full load. With a threshold that stands still, large blocks always are
the kernel's, and go back to it whole.
"""

import contextlib
import gc
import sys
from typing import Final

_COLLECT_EVERY: Final = (20_000, 20, 50)
"""Allocations before the youngest are collected, and how many of those before an older generation. Requests leave
hardly any cycles behind, while cached sessions, which live long, would be looked through again and again."""

_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 128 * 1024
"""From here on a block is the kernel's; glibc begins with the same figure."""


def settle() -> None:
    """Collect what the start left behind, look at the rest no more, and keep large blocks out of the heap."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_EVERY)
    keep_large_blocks_apart()


def keep_large_blocks_apart() -> None:
    """Have the C library take each large block from the kernel; nothing happens where the library is not glibc."""
    if sys.platform != "linux":
        return
    # Where there is no ctypes, or another C library that has no such call, its own ways are as good as any.
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)

"""Reading files that somebody else made: regular ones only, bounded, and without waiting for anything."""

import os
import stat
from pathlib import Path


class LeftOut(Exception):
    """Something is not looked at; the text says why, in a few words."""


def octets_of(place: Path, most: int) -> bytes:
    """What is in a file.

    Args:
        place: where it is. A symbolic link there is not followed.
        most: octets that it may have.

    Raises:
        LeftOut: it is no regular file, cannot be read, or is too large.
    """
    try:
        if not stat.S_ISREG(os.lstat(place).st_mode):  # asked first, since opening a device can do something
            raise LeftOut("no regular file")
        # Not blocking, and asked again, since what was a file a moment ago can be a pipe by now.
        descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise LeftOut("no regular file")
            octets = file.read(min(most, status.st_size) + 1)
    except OSError:
        raise LeftOut("cannot be read") from None
    if len(octets) > most:
        raise LeftOut("too large")
    return octets

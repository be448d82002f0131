"""Answering a request without a task of its own, for a server that offers it.

ASGI is the contract of every door. Beside it, a door that need not wait may say so here: our server then asks it for
the octets of the answer and builds neither scope nor task nor events. Whatever cannot be answered so goes the
ordinary way, with what was found out so far.
"""

from collections.abc import Callable

from tidegate.http.answer import Headers
from tidegate.http.call import Call

Shortcut = Callable[[Headers, tuple[str, int] | None, str], tuple[int, bytes]]
"""From a POST's headers, its peer and its scheme to the status and everything after the server's own header lines.

Never raises anything but `Waits`. Asked only for a request that has its connection to itself and stays open.
"""


class Waits(Exception):
    """The answer has to wait for something.

    Args:
        call: what is known of the request; the ordinary way goes on from it (`tidegate.http.call.SCOPE_KEY`).
    """

    def __init__(self, call: Call) -> None:
        super().__init__("the answer has to wait")
        self.call = call

"""Stream's stand-in as a process of its own: ``stream.py PORT up|slow|500``.

It prints one line of JSON with its URL and credentials, then serves until ended.
"""

import asyncio
import json
import sys

from tidegate.sandbox import Sandbox
from tidegate.sandbox.faults import Fault, FaultKind
from tidegate.sandbox.server import serve

SLOW_SECONDS = 10.0


def main(port: int, mode: str) -> None:
    """Serve in one of the modes."""
    sandbox = Sandbox()
    if mode == "slow":
        sandbox.stream.faults.add(Fault(FaultKind.LATENCY, delay=SLOW_SECONDS))
    elif mode == "500":
        sandbox.stream.faults.add(Fault(FaultKind.ERROR, status=500))

    def listening(_: str) -> None:
        key, secret = sandbox.credentials()
        print(json.dumps({"url": sandbox.stream_url, "key": key, "secret": secret}), flush=True)

    asyncio.run(serve(sandbox, port=port, listening=listening))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

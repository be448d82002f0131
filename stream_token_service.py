"""The Stream Chat token service under the name that its first guide gave it.

Both of that guide's commands work from the root of the repository, with a
``.env`` beside this file::

    python stream_token_service.py
    uvicorn stream_token_service:app --reload

The first is `tidegate serve`. Under the second uvicorn reads the requests, so
the limits on headers, their time and the number of connections are absent; the
start log says so.
"""

import sys

from tidegate.app import asgi_from_environment, serve_from_environment

if __name__ == "__main__":
    sys.exit(serve_from_environment())

app = asgi_from_environment()

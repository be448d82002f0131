"""ASGI applications over sockets, in one event loop in a thread beside the test."""

import asyncio
import contextlib
import threading

import uvicorn


@contextlib.contextmanager
def served(*apps):
    """The base URL of the last application while the block runs; those before it are started before it."""
    servers = [uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False)) for app in apps]

    async def run():
        await asyncio.gather(*(server.serve() for server in servers))

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    try:
        while not all(server.started for server in servers):
            threading.Event().wait(0.01)
        yield f"http://127.0.0.1:{servers[-1].servers[0].sockets[0].getsockname()[1]}"
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(5)

"""Running the service: under our own server, or as an application for another one."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from tidegate import logs
from tidegate.app.build import Runtime, build
from tidegate.app.given import with_credentials
from tidegate.app.listen import PortTaken
from tidegate.app.server import Started, StartFailedError, make_config, run, serve_all
from tidegate.errors import TidegateError
from tidegate.http.answer import Receive, Scope, Send
from tidegate.settings import EXIT_CODE, Environment, Loaded, Settings, SettingsError, load
from tidegate.settings.problems import printable

if TYPE_CHECKING:
    from tidegate.sandbox.server import SandboxServer


def load_or_exit(*, env_file: Path | None = None, overrides: Mapping[str, str] = MappingProxyType({})) -> Loaded:
    """The settings of this process.

    Args:
        env_file: a file of settings named on the command line.
        overrides: field to text, from the command line.

    Raises:
        SystemExit: 2, after one line for each problem.
    """
    try:
        return load(env_file=env_file, overrides=overrides)
    except SettingsError as error:
        for problem in error.problems:
            sys.stderr.write(f"{printable(problem.variable)}: {problem.wrong}. Mend: {problem.mend}.\n")
        raise SystemExit(EXIT_CODE) from None


def configure_logs(loaded: Loaded) -> None:
    """Set up logging as the settings say, and log their warnings."""
    settings = loaded.settings
    logs.configure(settings.log_level, as_json=logs.wants_json(settings.log_format, sys.stderr))
    for warning in loaded.warnings:
        structlog.get_logger("tidegate").warning(warning)


def serve(
    loaded: Loaded,
    *,
    next_free_port: bool = False,
    on_started: "Callable[[Started, Runtime, SandboxServer | None], None]" = lambda *_: None,
) -> None:
    """Run the service until SIGTERM or SIGINT.

    Args:
        loaded: sound settings.
        next_free_port: where the port is taken, take the next free one.
        on_started: told where the service listens, once it does.

    Raises:
        PortTaken: an address is in use.
        CannotListenError: an address cannot be listened on.
        StartFailedError: the service's own start failed.
    """
    settings = loaded.settings
    with contextlib.ExitStack() as cleanup:
        settings, sandbox = _with_stand_in(with_credentials(settings), cleanup)
        runtime = build(settings)
        main = make_config(runtime.app, settings, bind=settings.bind, shortcuts=runtime.app.shortcuts)
        ops = None
        if _wants_ops(loaded):
            ops = make_config(runtime.ops, settings, bind=settings.ops_bind, lifespan=False)
        run(
            serve_all(
                main,
                ops,
                on_started=lambda started: on_started(started, runtime, sandbox),
                on_stopping=runtime.background.stop,
                shutdown_seconds=settings.shutdown_seconds,
                next_free_port=next_free_port,
            )
        )


def _wants_ops(loaded: Loaded) -> bool:
    """Whether there is an operator's listener: in production, where its address is named, where someone operates."""
    named = loaded.origins.get("ops_bind") != "default"
    return named or loaded.settings.environment is Environment.PRODUCTION or bool(loaded.settings.operator_keys)


def _with_stand_in(settings: Settings, cleanup: contextlib.ExitStack) -> "tuple[Settings, SandboxServer | None]":
    """The settings to build from: the sandbox's own where nothing is configured, else as they are."""
    if not settings.sandbox_wanted:
        return settings, None
    # Imported here so that a production process does not even load it.
    from tidegate.app.standin import stand_in

    try:
        settings, sandbox = stand_in(settings)
    except OSError as error:
        raise StartFailedError(
            f"the sandbox cannot start ({error.strerror}): TIDEGATE_STATE_DIR must be a directory that one can write to"
        ) from None
    cleanup.callback(sandbox.stop)
    return settings, sandbox


def announce(started: Started, runtime: Runtime, sandbox: "SandboxServer | None") -> None:
    """Log where the service listens."""
    log = structlog.get_logger("tidegate")
    _log_stand_in(sandbox)
    host, port = started.main
    log.info("listening", host=host, port=port, environment=runtime.settings.environment.value)
    if started.ops is not None:
        log.info("operator's listener", host=started.ops[0], port=started.ops[1])


def _log_stand_in(sandbox: "SandboxServer | None") -> None:
    if sandbox is None:
        return
    from tidegate.app.standin import BANNER

    structlog.get_logger("tidegate").warning(BANNER)


class Application:
    """The service as an ASGI application for a server that is not ours.

    It is assembled when the server starts it, so that importing it opens no socket.

    Args:
        loaded: sound settings.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._runtime: Runtime | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif self._runtime is None:
            raise RuntimeError("the server must run the ASGI lifespan of this application (uvicorn: --lifespan on)")
        else:
            await self._runtime.app(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        settings = self._loaded.settings
        log = structlog.get_logger("tidegate")
        with contextlib.ExitStack() as cleanup:
            settings = await asyncio.to_thread(with_credentials, settings)
            settings, sandbox = _with_stand_in(settings, cleanup)
            _log_stand_in(sandbox)
            self._runtime = build(settings)
            log.warning(
                "This server bounds neither the size nor the time of request headers, nor the number of connections; "
                "'tidegate serve' does. Put a proxy with such limits in front."
            )
            await self._runtime.app(scope, receive, send)


def asgi_from_environment() -> Application:
    """The application that ``uvicorn stream_token_service:app`` runs.

    Raises:
        SystemExit: 2, after one line for each problem of the settings.
    """
    loaded = load_or_exit()
    configure_logs(loaded)
    return Application(loaded)


def serve_from_environment() -> int:
    """What ``python stream_token_service.py`` does.

    Returns:
        the process's exit code.
    """
    loaded = load_or_exit()
    configure_logs(loaded)
    try:
        serve(loaded, on_started=announce)
    except PortTaken as taken:
        variable = "TIDEGATE_BIND" if taken.port == loaded.settings.port else "TIDEGATE_OPS_BIND"
        structlog.get_logger("tidegate").error(f"{taken}; stop that program, or set {variable} to another address")
        return 1
    except TidegateError as error:
        structlog.get_logger("tidegate").error(str(error))
        return 1
    return 0

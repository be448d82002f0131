"""``tidegate sandbox``: the stand-ins by themselves, and commands for one that runs."""

import json
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import USUAL_STATE_DIR, StateDir, runtime_file

if TYPE_CHECKING:
    from tidegate.sandbox.server import SandboxServer

sandbox = typer.Typer(name="sandbox")


@sandbox.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65535, help="On loopback; 0 for any free one.")] = 0,
    shapes: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            metavar="PRESET",
            help="Whose tokens: clerk, supabase, firebase, auth0, cognito, keycloak, oidc, authjs or nextauth. "
            "Several: the first is the primary issuer.",
        ),
    ] = None,
    state_dir: StateDir = USUAL_STATE_DIR,
) -> None:
    """Run the sandbox until Ctrl-C: an identity provider and Stream's server API, both stand-ins.

    Standard output gets the settings of a service that is to use it, and nothing else, so that
    `tidegate sandbox > sandbox.env` makes a file for `tidegate serve --env-file sandbox.env`. Key and secret are made
    at random at each start and are good nowhere else.
    """
    if context.invoked_subcommand is not None:
        return
    from tidegate.sandbox.model import Sandbox
    from tidegate.sandbox.server import SandboxServer

    named = _shapes(shapes or ["clerk"])
    try:
        server = SandboxServer(Sandbox(usual=named[0]), port=port, state_dir=state_dir)
        server.start()
    except OSError as error:
        raise CommandFailed(f"the sandbox cannot start: {error.strerror}", "choose another --port") from None
    try:
        typer.echo("\n".join(env_lines(server, named)))
        sys.stdout.flush()
        typer.echo(f"The sandbox runs at {server.url}. Sessions: tidegate session. Ctrl-C ends it.", err=True)
        _wait_for_the_end()
    finally:
        server.stop()


def _shapes(names: Sequence[str]) -> tuple[str, ...]:
    from tidegate.sandbox.model import Sandbox

    known = Sandbox.names()
    if not set(known) >= set(names):
        raise CommandFailed(
            "--as names a provider that the sandbox cannot be", f"write one of {', '.join(known)}", status=Exit.WRONG
        )
    return tuple(dict.fromkeys(names))


def env_lines(server: "SandboxServer", shapes: Sequence[str] = ("clerk",)) -> Iterator[str]:
    """The settings of a service whose identity provider and Stream this sandbox is.

    Args:
        server: running.
        shapes: of its identity providers, the primary one first.
    """
    from tidegate.sandbox.authjs import VERSIONS
    from tidegate.sandbox.people import APP_ORIGIN

    api_key, api_secret = server.sandbox.credentials()
    yield "STREAM_CHAT_ENVIRONMENT=development"
    yield f"STREAM_API_KEY={api_key}"
    yield f"STREAM_API_SECRET={api_secret}"
    yield f"STREAM_CHAT_BASE_URL={server.stream_url}"
    if tuple(shapes) == ("clerk",):
        yield f"CLERK_JWT_ISSUER={server.issuer_url}"
        yield f"CLERK_AUTHORIZED_PARTIES={APP_ORIGIN}"
        return
    first, *further = [name for name in shapes if name in VERSIONS] or [""]
    if first:
        yield from (f"{variable}={value}" for variable, value in server.sandbox.app_as(first).settings().items())
    if list(shapes) == [first]:
        return
    listed = [server.sandbox.issuer_config(name) for name in shapes]
    if further:
        # The app that has the variables is called authjs, whichever of the two it is.
        called = {name: "authjs5" if name == "authjs" else name for name in further}
        secrets = {called[name]: server.sandbox.app_as(name).secret for name in further}
        yield f"TIDEGATE_AUTHJS_COOKIES={server.sandbox.app_as(first).cookie}"
        yield f"TIDEGATE_AUTHJS_SECRETS='{json.dumps(secrets)}'"
        own = {name: server.sandbox.app_as(name).element(called[name]) for name in further}
        listed = [own.get(name, config) for name, config in zip(shapes, listed, strict=True)]
    apart = [{**config, "namespace": name} for config, name in zip(listed[1:], shapes[1:], strict=True)]
    yield f"TIDEGATE_ISSUERS='{json.dumps([listed[0], *apart])}'"


def _wait_for_the_end() -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(1):  # a wait without end could not be interrupted on Windows
        pass


def _command(state_dir: Path, method: str, path: str, body: Mapping[str, object]) -> dict[str, Any]:
    """Command the running sandbox; what is None is left to it."""
    from tidegate.sandbox.commanding import command

    given = {name: value for name, value in body.items() if value is not None}
    return command(runtime_file(state_dir), method, path, given)


@sandbox.command()
def rotate(
    algorithm: Annotated[str | None, typer.Option(help="RS256 or ES256; the usual one if not given.")] = None,
    compromised: Annotated[
        bool, typer.Option("--compromised", metavar="", help="The old key leaves the key set at once.")
    ] = False,
    state_dir: StateDir = USUAL_STATE_DIR,
) -> None:
    """Let the running sandbox's identity provider sign with a new key; prints the old one's id and the new one's."""
    answer = _command(state_dir, "POST", "/rotate", {"algorithm": algorithm, "keep_old": not compromised})
    typer.echo(f"{answer['old_kid']} {answer['kid']}")


@sandbox.command()
def fail(
    mode: Annotated[
        str,
        typer.Argument(
            help="down, unavailable, slow, wrong_body, truncated, redirect, huge, empty or wrong_issuer.",
        ),
    ],
    delay: Annotated[float | None, typer.Option(metavar="SECONDS", help="Before each answer.")] = None,
    state_dir: StateDir = USUAL_STATE_DIR,
) -> None:
    """Let the running sandbox's identity provider fail to give its keys, until `tidegate sandbox heal`."""
    _command(state_dir, "PUT", "/failure", {"mode": mode, "delay": delay})


@sandbox.command()
def fault(
    kind: Annotated[
        str,
        typer.Argument(
            help="latency, error, plain_error, rate_limited, drop, wrong_body, clock, refuse_key, refuse_secret, "
            "suspended, events_lost, events_late, socket_refused or socket_dropped."
        ),
    ],
    delay: Annotated[float | None, typer.Option(metavar="SECONDS", help="Before each answer.")] = None,
    status: Annotated[int | None, typer.Option(help="HTTP status of error and plain_error.")] = None,
    code: Annotated[int | None, typer.Option(help="Stream's code in an error.")] = None,
    retry_after: Annotated[int | None, typer.Option(metavar="SECONDS", help="Of rate_limited.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How far Stream's clock is ahead, for clock.")] = None,
    path: Annotated[str | None, typer.Option(help="Only calls to this path, for instance /users.")] = None,
    times: Annotated[int | None, typer.Option(min=1, help="How many calls it strikes.")] = None,
    state_dir: StateDir = USUAL_STATE_DIR,
) -> None:
    """Let something go wrong at the running sandbox's Stream, until `tidegate sandbox heal`."""
    asked = {
        "kind": kind,
        "delay": delay,
        "status": status,
        "code": code,
        "retry_after": retry_after,
        "seconds": seconds,
        "path": path,
        "times": times,
    }
    _command(state_dir, "POST", "/faults", asked)


@sandbox.command()
def heal(state_dir: StateDir = USUAL_STATE_DIR) -> None:
    """End every failure and fault of the running sandbox."""
    _command(state_dir, "PUT", "/failure", {})
    _command(state_dir, "DELETE", "/faults", {})

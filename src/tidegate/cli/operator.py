"""``tidegate operator``: keys for those who operate, and whose key one holds."""

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.cli.places import AsJson, EnvFile, operated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tidegate.settings.operator_keys import OperatorKey

operator = typer.Typer(name="operator", help="Who may operate a running service.", no_args_is_help=True)


@operator.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of whoever will hold it: a-z, 0-9, ., _ and -.")],
    role: Annotated[str, typer.Option(metavar="ROLE", help="viewer (looks) or operator (changes things).")],
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Make a key for an operator and print it, once: it is stored nowhere.

    The service learns its hash by the line for TIDEGATE_OPERATOR_KEYS, which is printed too and holds the keys that
    are set already. Restart the service with it.
    """
    from tidegate.http.operators import digest, new_key
    from tidegate.settings.operator_keys import OperatorKey, Role

    _demand_name(name)
    if role not in tuple(Role):
        raise CommandFailed("there is no such role", "write --role viewer or --role operator", status=Exit.WRONG)
    key = new_key()
    made = OperatorKey(name, Role(role), digest(key))
    line = f"TIDEGATE_OPERATOR_KEYS={','.join(one.written() for one in (*_configured(env_file), made))}"
    if as_json:
        typer.echo(json.dumps({"name": name, "role": role, "key": key, "line": line}))
        return
    typer.echo(f"The key of {name} ({role}). It is shown this once; for the command line:\n")
    typer.echo(f"  TIDEGATE_OPERATOR_KEY={key}\n")
    typer.echo("For the service, which is to know the hash only:\n")
    typer.echo(f"  {line}")


@operator.command(name="list")
def list_(
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Print names and roles of the operators in the settings; no hashes."""
    keys = _configured(env_file)
    if as_json:
        typer.echo(json.dumps([{"name": key.name, "role": key.role.value} for key in keys]))
        return
    if not keys:
        typer.echo("No operator is configured. Make a key: tidegate operator add NAME --role operator", err=True)
    for key in keys:
        typer.echo(f"{key.name}  {key.role}")


@operator.command()
def whoami(
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Ask the running service whose key TIDEGATE_OPERATOR_KEY is."""
    with operated(env_file) as service:
        answer = service.get("whoami")
    typer.echo(json.dumps(answer) if as_json else f"{answer['name']}  {answer['role']}")


def _demand_name(name: str) -> None:
    from tidegate.settings.operator_keys import NAME

    if NAME.fullmatch(name) is None:
        mend = "write 1 to 32 of a-z, 0-9, ., _ and -, the first one a letter or digit"
        raise CommandFailed("this name cannot be an operator's", mend, status=Exit.WRONG)


def _configured(env_file: "EnvFile") -> "tuple[OperatorKey, ...]":
    """The keys in the settings; of these nothing else is read, so that a key can be made anywhere."""
    from tidegate.settings.environment import decide
    from tidegate.settings.model import SPECS
    from tidegate.settings.operator_keys import OperatorKey
    from tidegate.settings.problems import Unfit

    spec = SPECS["operator_keys"]
    found: Iterable[object] = ()
    try:
        given = decide({}, os.environ, env_file).sources.setting("operator_keys")
        if given is not None:
            value = spec.kind.read(given.text)
            found = value if isinstance(value, tuple) else ()
    except Unfit as unfit:
        raise CommandFailed(f"{spec.variables[0]} {unfit.wrong}", unfit.mend, status=Exit.WRONG) from None
    return tuple(one for one in found if isinstance(one, OperatorKey))

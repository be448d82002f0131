"""``tidegate issuer``: the identity providers of a service."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.exits import CommandFailed
from tidegate.cli.places import AsJson, EnvFile

issuer = typer.Typer(name="issuer", help="The identity providers of a service.", no_args_is_help=True)


@issuer.command()
def distrust(
    name: Annotated[str, typer.Argument(metavar="ISSUER", help="The issuer's name in the settings.")],
    kid: Annotated[str, typer.Argument(metavar="KID", help="The key's id, or its RFC 7638 thumbprint.")],
    as_json: AsJson = False,  # noqa: FBT002 - a switch of the command line
    env_file: EnvFile = None,
) -> None:
    """Have the running service refuse a key of an issuer at once and for good, whatever the issuer's key server says.

    Sessions that the key signed are refused from the next request on, remembered ones too. The service is reached as
    TIDEGATE_OPERATOR_URL says, with the key TIDEGATE_OPERATOR_KEY.
    """
    from tidegate.cli.operating import OperatorClient, access_from_environment, path_of  # noqa: PLC0415 - heavy

    with OperatorClient(access_from_environment(env_file)) as service:
        answer = service.post(path_of("issuers", name, "distrust"), {"kid": kid})
    if as_json:
        typer.echo(json.dumps(answer))
    elif answer["in_use"]:
        typer.echo(f"The key was in use by {name}; what it signed is refused from now on.")
    else:
        typer.echo(f"No key of that name was in use by {name}; should one appear, it is refused.")
    if not answer["kept"]:
        raise CommandFailed(
            "the service could not write this down, so its next start would trust the key again",
            "see that TIDEGATE_STATE_DIR can be written to, then repeat the command",
        )


@issuer.command()
def keys(
    name: Annotated[
        str | None, typer.Argument(metavar="[ISSUER]", help="One issuer; all that have a key server if not given.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the key sets there, for tidegate verify --keys FILE.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a switch of the command line
    env_file: EnvFile = None,
) -> None:
    """Fetch the public keys that issuers publish now, show them, and keep them in a file where one is named."""
    from tidegate.cli.judging import settings_to_judge_by  # noqa: PLC0415 - heavy
    from tidegate.cli.publishing import published, rows_of  # noqa: PLC0415 - heavy
    from tidegate.clock import SystemClock  # noqa: PLC0415 - heavy
    from tidegate.identity import keyfile  # noqa: PLC0415 - heavy

    settings = settings_to_judge_by(env_file)
    documents = published(settings, name)
    rows = rows_of(settings, documents)
    if save is not None:
        keyfile.save(save, documents, SystemClock.now())
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['issuer']}  {row['kid'] or '-'}  {row['thumbprint'] or '-'}  {row['state']}")

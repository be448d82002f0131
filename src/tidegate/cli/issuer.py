"""``tidegate issuer``: the identity providers of a service."""

import json
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

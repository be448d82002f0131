"""``tidegate console``: a link that signs a browser in to the operator's console."""

import json

import typer

from tidegate.cli.places import AsJson, EnvFile, operated

console = typer.Typer(name="console", help="The operator's console in a browser.", no_args_is_help=True)


@console.callback()
def group() -> None:
    """The operator's console in a browser."""


@console.command()
def login(
    as_json: AsJson = False,
    env_file: EnvFile = None,
) -> None:
    """Print a link that signs a browser in to the console, once, within two minutes.

    The browser gets name and role of TIDEGATE_OPERATOR_KEY. Whoever has the link gets in, so it is for nobody else.
    """
    from tidegate.logs import clean

    with operated(env_file) as service:
        answer = service.post("console", "links")
    link = f"{service.access.url}{clean(str(answer['path']))}"
    typer.echo(json.dumps({"link": link, "seconds": answer["seconds"]}) if as_json else link)

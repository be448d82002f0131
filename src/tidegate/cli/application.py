"""The commands put together. Each module adds its own; what it needs is imported when it runs."""

import typer

from tidegate.cli.alerts import alerts
from tidegate.cli.config import config
from tidegate.cli.console import console
from tidegate.cli.db import db
from tidegate.cli.demo import demo
from tidegate.cli.doctor import doctor
from tidegate.cli.drill import drill
from tidegate.cli.issuer import issuer
from tidegate.cli.keys import keys
from tidegate.cli.ledger import ledger
from tidegate.cli.operator import operator
from tidegate.cli.probes import probes
from tidegate.cli.sandbox import sandbox
from tidegate.cli.serve import serve
from tidegate.cli.session import session
from tidegate.cli.standing import ban, revoke, standing, unban
from tidegate.cli.token import token
from tidegate.cli.verify import verify
from tidegate.cli.version import version

app = typer.Typer(
    name="tidegate",
    help="The server side of Stream Chat: a session goes in, a Stream token comes out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",  # joins the lines of a paragraph, whatever the terminal's width
    pretty_exceptions_enable=False,  # they would print the values of local variables
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(serve)
app.command()(demo)
app.add_typer(sandbox)
app.command()(session)
app.command()(verify)
app.command()(token)
app.add_typer(config)
app.command()(doctor)
app.add_typer(issuer)
app.add_typer(operator)
app.add_typer(console)
app.add_typer(keys)
app.add_typer(ledger)
app.command()(probes)
app.add_typer(db)
app.add_typer(drill)
app.command()(revoke)
app.command()(ban)
app.command()(unban)
app.command()(standing)
app.command()(alerts)
app.command()(version)

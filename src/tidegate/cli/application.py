"""The commands put together. Each module adds its own; what it needs is imported when it runs."""

import typer

from tidegate.cli import demo, serve, session

app = typer.Typer(
    name="tidegate",
    help="The server side of Stream Chat: a session goes in, a Stream token comes out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they would print the values of local variables
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (serve.serve, demo.demo, session.session):
    app.command()(command)

"""All commands in one list. Decides their names and their order in the help."""

from __future__ import annotations

import typer

from app.cli.apply import apply
from app.cli.audit import audit
from app.cli.backup import backup
from app.cli.demo import demo
from app.cli.keys import keys
from app.cli.migrate import migrate
from app.cli.restore import restore
from app.cli.rules import rules
from app.cli.serve import serve
from app.cli.settings import settings
from app.cli.simulate import simulate
from app.cli.staff import staff

app = typer.Typer(
    name="raabta",
    help="Raabta: every call, email and visit goes to the right person, and stays open until the customer says it is solved.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(serve)
app.command()(demo)
app.command()(apply)
app.add_typer(rules)
app.add_typer(keys)
app.command()(audit)
app.command()(migrate)
app.command()(backup)
app.command()(restore)
app.command()(staff)
app.command()(simulate)
app.command()(settings)

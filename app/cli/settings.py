"""`raabta settings`: every setting, what it is now and what it is for."""

from __future__ import annotations

from app import settings as environment
from app.cli.terminal import table


def settings() -> None:
    """List every setting: value (secrets masked), default and meaning. Settings are environment variables."""
    rows = [[one.name, one.value, one.default, one.meaning] for one in environment.described(environment.load())]
    table(["NAME", "VALUE", "DEFAULT", "MEANING"], rows)

"""The command line: `raabta COMMAND`.

Decides how a person's words become calls, and how an error ends: one clear line on stderr and exit code 2. Modules that are
slow to load are imported by the command that needs them, so that `raabta --help` is quick.
"""

from __future__ import annotations

import sys

from app.errors import CannotStart, RaabtaError


def main() -> None:
    """The entry point."""
    from app.cli.commands import app

    try:
        app()
    except CannotStart as error:
        _end(error.detail, error.exit_code)
    except RaabtaError as error:
        _end(error.detail, CannotStart.exit_code)


def _end(words: str, code: int) -> None:
    sys.stderr.write("".join(f"raabta: {line}\n" for line in words.splitlines()))
    sys.exit(code)

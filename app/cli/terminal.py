"""What a person at the terminal sees and is asked. Decides the look only; never what is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence


def say(words: str) -> None:
    """One or more lines to standard output, at once: whoever waits for them may be a program."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """Rows under headings; as plain columns with tabs between where nobody looks (a pipe, a file)."""
    if not sys.stdout.isatty():
        for row in (headings, *rows):
            say("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*headings, title=title, title_justify="left", header_style="bold", show_edge=False)
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    Console().print(shown)

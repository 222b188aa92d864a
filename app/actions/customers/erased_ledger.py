"""The file of those who asked to be forgotten: a line each, id and instant, beside the database and never inside a backup.

Decides its form. Lines are only ever added; whoever stands there twice is forgotten once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

NAME: Final = "erased-customers.txt"


def append(ledger: Path, customer_id: UUID, asked_at: datetime) -> None:
    """Add a line, and return when it is on the disk. A file of its own owner only."""
    if any(known == customer_id for known, _ in read(ledger)):
        return
    ledger.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
        # On a line of its own, should the last one have been cut off in the middle: else both would be lost.
        file.write(f"{_begun(ledger)}{customer_id} {asked_at.isoformat()}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def read(ledger: Path) -> Iterator[tuple[UUID, datetime]]:
    """Every line; what was cut off in the middle is left out. No file: nobody asked."""
    if not ledger.exists():
        return
    for line in ledger.read_text(encoding="utf-8").splitlines():
        name, _, moment = line.partition(" ")
        try:
            yield UUID(name), datetime.fromisoformat(moment)
        except ValueError:
            continue


def _begun(ledger: Path) -> str:
    """What ends a last line that was cut off; where none was, nothing."""
    return "" if not ledger.stat().st_size or ledger.read_bytes().endswith(b"\n") else "\n"

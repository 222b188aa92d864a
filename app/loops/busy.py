"""Whether a chore failed only because somebody else was at work on the same rows. Decides nothing else."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DBAPIError

STATES: Final = frozenset({"55P03", "40P01", "40001", "57014"})
"""A lock that was not given in time, a deadlock, a conflict of transactions, a statement that took too long for it."""


def is_busy(error: BaseException) -> bool:
    """Nothing is wrong with what was to be done: try again."""
    cause: BaseException | None = error
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = error.orig.__cause__ or error.orig
    return str(getattr(cause, "sqlstate", "")) in STATES

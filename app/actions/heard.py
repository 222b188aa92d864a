"""What a concern and a handler are given: an event about a case, and a timer that is due. Plain facts, decided nowhere here.

Apart from `tending` and `firing`, which know every concern and handler, so that these can name what they are given.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.following import Followed
from app.tables import Case, Interaction
from routing.rules import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """One event about a case. `interaction`: whose it is, as the row stands now; None for an event of the case itself.

    Of a merged case the events go to the one it was taken into.
    """

    event: Followed
    case: Case
    interaction: Interaction | None


Concern = Callable[[AsyncSession, Sequence[Heard], Rules, datetime], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A timer that is being done: its row is gone when the transaction commits. `case`: locked; None: it has none."""

    key: str
    due_at: datetime
    case: Case | None
    data: Mapping[str, Any]


Handler = Callable[[AsyncSession, Sequence[Due], Rules, datetime], Awaitable[None]]

"""A contact as an edge hands it over: who vouches for it, and what it reports. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from channels.base import Signal


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """`source` is `adapter` for what a channel's signature vouches for, else the source of the actor whose key was shown.

    `actor` is that key's label, for the events. `case_id`: the case the caller says it belongs to.
    """

    source: str
    channel: str
    signals: Sequence[Signal]
    actor: str
    case_id: UUID | None = None

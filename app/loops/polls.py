"""Fetches what a channel has to be asked for (a mailbox) and hands it to intake.

Decides that the channel goes on only when a batch is committed: it is resumed then, and told the error otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from typing import cast

from typing_extensions import override

from app.actions.contacts.contact import Contact
from app.db import Database
from app.errors import RaabtaError
from app.intake import Intake
from app.loops.chore import Chore
from app.loops.measures import Measures
from channels.base import Base, Channel, Signal

log = logging.getLogger(__name__)


def has_polls(channel: Channel) -> bool:
    """Whether a channel has anything to ask for: it says so by having a `poll` of its own."""
    return getattr(type(channel), "poll", Base.poll) is not Base.poll


class Poll(Chore):
    """Follows one channel's `poll` for as long as it lasts; it ends when the channel has nothing (more) to ask for."""

    def __init__(self, db: Database, channel: Channel, intake: Intake, *, measures: Measures | None = None) -> None:
        super().__init__(db, measures=measures)
        self.name = f"poll of {channel.info.name}"
        self._channel = channel
        self._intake = intake

    @override
    async def run(self) -> None:
        batches = cast("AsyncGenerator[Sequence[Signal], None]", self._channel.poll())
        try:
            batch = await anext(batches, None)
            while batch is not None:
                self.begin()
                batch = await self._take(batches, batch)
                self.end()
        finally:
            await batches.aclose()

    async def _take(
        self, batches: AsyncGenerator[Sequence[Signal], None], batch: Sequence[Signal]
    ) -> Sequence[Signal] | None:
        """Commit it, and the channel's next batch; a batch that failed is the channel's to bring again."""
        name = self._channel.info.name
        try:
            await self._intake.submit(Contact(source="adapter", channel=name, signals=batch, actor=f"adapter:{name}"))
        except RaabtaError as error:
            log.warning("%s: a batch was not taken: %s", self.name, error.code)
            try:
                return await batches.athrow(error)
            except StopAsyncIteration:
                return None
        return await anext(batches, None)

"""An answer that stands where the customer must come to read it: they are told on another way that it is there.

Decides by the channel's own word (`Info.notices`), never by its name. Whether there is a way, `notify` knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from app import registry
from app.actions.heard import Heard
from app.actions.outward.notify import Notice, notify_all
from routing.rules import Rules


async def heed(session: AsyncSession, heard: Sequence[Heard], rules: Rules, now: datetime) -> None:
    """One notice for each answer, once."""
    found = {notice.key: notice for each in heard if (notice := _notice(each)) is not None}
    await notify_all(session, list(found.values()), now=now)


def _notice(heard: Heard) -> Notice | None:
    if heard.interaction is None or heard.event.kind != "answered":
        return None
    channel = registry.current().get(heard.interaction.channel)
    kind = channel.info.notices.get("replied") if channel is not None else None
    message = heard.event.data.get("message")
    if kind is None or message is None:
        return None
    return Notice(kind=kind, key=f"{kind}:{message}", case=heard.case)

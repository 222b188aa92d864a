"""Commands to the outside, written beside the fact that calls for them.

Decides whether a fact sends something (the channel's own table says so) and the one key of its reason. It never sends:
the outbox loop does, after the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from app import registry
from app.db import uuid7
from app.tables import Interaction, Outbox
from channels.base import Command

DEFAULT_LANGUAGE = "en"
CONSOLE = "console"


def key_of(fact: str, reason: str) -> str:
    """The one key of the command that `fact` sends for `reason`."""
    return f"{fact}:{reason}"


async def command(
    session: AsyncSession,
    interaction: Interaction,
    fact: str,
    *,
    reason: str,
    payload: Mapping[str, Any],
    now: datetime,
    call: str | None = None,
) -> Command | None:
    """Put the command that `fact` calls for into the outbox, once per `fact` and `reason`; None where it calls for none.

    `call`: do this instead, in the name of the same fact. A channel that cannot leaves it to the console, where somebody
    reads it.
    """
    channel, kind = _way(interaction.channel, fact, call)
    if kind is None:
        return None
    made = Command(
        key=key_of(fact, reason),
        kind=kind,
        channel=channel,
        interaction_id=interaction.id,
        to=interaction.reply_to,
        language=interaction.language or DEFAULT_LANGUAGE,
        payload={"contact": interaction.contact, **payload},
    )
    row = {
        "id": uuid7(),
        "dedupe_key": made.key,
        "channel": made.channel,
        "kind": made.kind,
        "interaction_id": made.interaction_id,
        "recipient": made.to,
        "language": made.language,
        "payload": dict(made.payload),
        "next_at": now,
        "created_at": now,
    }
    made_once = insert(Outbox).values(**row).on_conflict_do_nothing(index_elements=["dedupe_key"])
    await session.exec(cast("Any", made_once))
    return made


def _way(channel: str, fact: str, call: str | None) -> tuple[str, str | None]:
    """Over which channel, and what to do there."""
    found = registry.current().get(channel)
    kind = found.info.commands.get(call or fact) if found else None
    if kind is None and call is not None and CONSOLE in registry.current():
        return CONSOLE, call
    return channel, kind

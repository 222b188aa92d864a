"""Head starts by reason: seconds and a daily share, both from the rules; each granted or refused, and on record with who did.

Decides which of those who claim a reason at the same moment get it while the day's share lasts: the first. The share is
counted by rows locked in the order of their keys, so two processes never grant one too many. Never how a head start orders
the line (`routing.entry` does).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.ruled import ruled
from app.actions.record import advance, locked_with_live, mine
from app.db import Connection
from app.errors import Conflict, Forbidden, Invalid
from app.queries.line.opening import Calendar
from app.queries.rules import raw, rules_for
from app.security import Actor
from app.tables import Assignment, Interaction, Office, Representative
from routing.rules import ReasonRule, Rules

ALWAYS_GRANTED: Final = 5
"""So many a day whatever the share says: a share of a quiet day would be nobody."""
_WHOLE: Final = 1.0

_TAKE: Final = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::int[], $5::float8[]) AS asked (queue, day, reason, wanted, share)
), held AS MATERIALIZED (
    SELECT c.queue, c.day, c.reason, c.granted, asked.wanted, asked.share
    FROM head_start_day c JOIN asked ON (c.queue, c.day, c.reason) = (asked.queue, asked.day, asked.reason)
    ORDER BY c.queue, c.day, c.reason FOR NO KEY UPDATE OF c
), given AS MATERIALIZED (
    SELECT held.queue, held.day, held.reason, held.wanted, least(held.wanted, greatest(0, CASE
        WHEN held.share >= $6 THEN held.wanted
        ELSE greatest($7, floor(held.share * coalesce(
            (SELECT d.arrivals FROM queue_day d WHERE d.queue = held.queue AND d.day = held.day), 0)))::int - held.granted
        END)) AS amount
    FROM held
)
UPDATE head_start_day c SET granted = c.granted + given.amount, refused = c.refused + given.wanted - given.amount
FROM given WHERE (c.queue, c.day, c.reason) = (given.queue, given.day, given.reason)
RETURNING c.queue, c.day, c.reason, given.amount
"""
_BEGIN: Final = """
INSERT INTO head_start_day (queue, day, reason)
SELECT * FROM unnest($1::text[], $2::date[], $3::text[]) AS new (queue, day, reason) ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING
"""

Key = tuple[str, date, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A reason for a head start in a queue. `seconds`: what it is worth to this contact; `by`: who says so."""

    queue: str
    zone: ZoneInfo
    reason: str
    seconds: float
    share: float
    by: str

    def told(self, *, granted: bool) -> dict[str, Any]:
        """As events tell it."""
        return {"reason": self.reason, "seconds": int(self.seconds), "granted": granted, "by": self.by}


async def grant(connection: Connection, claims: Sequence[Claim], *, now: datetime) -> list[bool]:
    """Whether each is granted, in order: the first of a batch are, while the share of this local day lasts."""
    if not claims:
        return []
    keys: list[Key] = [(claim.queue, now.astimezone(claim.zone).date(), claim.reason) for claim in claims]
    wanted: dict[Key, list[float]] = {}
    for key, claim in zip(keys, claims, strict=True):
        wanted.setdefault(key, []).append(claim.share)
    left = await _take(connection, wanted)
    missing = [key for key in wanted if key not in left]
    if missing:  # the first of the day
        await connection.execute(_BEGIN, *map(list, zip(*missing, strict=True)))
        left |= await _take(connection, {key: wanted[key] for key in missing})
    answers = []
    for key in keys:
        answers.append(left[key] > 0)
        left[key] -= 1
    return answers


async def give(
    session: AsyncSession, interaction_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> tuple[Interaction, bool]:
    """A later grant, by whoever is at hand: due moves forward within the queue's limit. Whether it was granted.

    The same reason twice changes nothing. Raises `Invalid` (`unknown_reason`), `Conflict` for one that waits no more,
    `Forbidden` for a representative who does not hold it.
    """
    interaction, assignment = await locked_with_live(session, interaction_id)
    await _at_hand(session, interaction, assignment, actor)
    rules = await rules_for(session)
    rule = rules.reasons.get(reason)
    if rule is None:
        raise Invalid(f"There is no reason {reason!r} for a head start.", code="unknown_reason")
    if interaction.state not in ("queued", "offered") or interaction.queue is None:
        raise Conflict(f"This interaction is {interaction.state}: it waits no more.", code="not_waiting")
    if reason in interaction.head_start_reasons:
        return interaction, True
    claim = await _claim(session, rules, rule, interaction.queue, reason=reason, actor=actor)
    (granted,) = await grant(await raw(session), [claim], now=now)
    event = "head_start_granted" if granted else "head_start_refused"
    if granted:
        await _move_ahead(session, interaction, claim)
    advance(session, interaction, event, now=now, actor=actor, data=claim.told(granted=granted))
    await session.flush()
    return interaction, granted


async def _at_hand(
    session: AsyncSession, interaction: Interaction, assignment: Assignment | None, actor: Actor
) -> None:
    """A representative's own key moves those ahead whom they serve, or who wait in a line they serve."""
    if actor.representative is None:
        return
    if assignment is not None:
        mine(assignment, actor)
        return
    representative = await session.get(Representative, actor.representative)
    if representative is None or interaction.queue not in representative.queues:
        raise Forbidden("You do not serve this line.", code="not_yours")


async def _take(connection: Connection, wanted: Mapping[Key, Sequence[float]]) -> dict[Key, int]:
    """How many of those wanted are given, by key; a key with no row yet is missing."""
    keys = sorted(wanted)
    rows = await connection.fetch(
        _TAKE,
        *map(list, zip(*keys, strict=True)),
        [len(wanted[key]) for key in keys],
        [wanted[key][0] for key in keys],
        _WHOLE,
        ALWAYS_GRANTED,
    )
    return {(row["queue"], row["day"], row["reason"]): row["amount"] for row in rows}


async def _claim(
    session: AsyncSession, rules: Rules, rule: ReasonRule, queue: str, *, reason: str, actor: Actor
) -> Claim:
    office = (await session.exec(select(Office).order_by(col(Office.place), col(Office.code)).limit(1))).first()
    calendar = Calendar(rules, ZoneInfo(office.timezone if office is not None else "UTC"))
    zone = calendar.zone_of(queue) if queue in rules.queues else calendar.zone
    return Claim(queue=queue, zone=zone, reason=reason, seconds=rule.seconds, share=rule.share, by=actor.label)


async def _move_ahead(session: AsyncSession, interaction: Interaction, claim: Claim) -> None:
    """Due moves by what the head start really adds; the target it was filed with stays."""
    cap = (await ruled(session, interaction)).head_start_cap_seconds
    before = interaction.head_start_seconds
    interaction.head_start_seconds = max(before, int(min(cap, before + claim.seconds)))
    interaction.head_start_reasons = [*interaction.head_start_reasons, claim.reason]
    if interaction.due_at is not None:
        interaction.due_at -= timedelta(seconds=interaction.head_start_seconds - before)

"""What stands between a case and its resolution, and between a message and the customer.

Decides whether required steps are missing and whether a second person must look first. It never resolves and never sends;
the caller holds the lock of the case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.alarms import over, raise_alarm
from app.actions.cases.awaiting import await_customer
from app.actions.cases.playbooks import give_first
from app.actions.record import advance
from app.actions.timers import cancel_timer, set_timer
from app.db import now as clock
from app.db import uuid7
from app.errors import Conflict
from app.queries.cases.clocks import working_times
from app.queries.cases.playbooks import steps_of, ticks_of
from app.queries.rules import raw, rules_for
from app.security import SYSTEM, Actor
from app.tables import ApiKey, Case, EventRow, Message, SecondCheck
from routing.lifecycle import CHECK, NEW
from routing.resolution.checks import Matter, Needed, needed
from routing.resolution.touches import NOT_SOLVED
from routing.rules import Rules
from routing.rules.resolving import Before

OPEN: Final = ("waiting", "taken")
"""States of a check that is still to be decided."""
OURS: Final = ("open", "awaiting_customer")
"""States of a case of which nothing is looked at: what still seems to be is from before the customer wrote."""
DAY_SECONDS: Final = 86_400
MOST_HELD: Final = 20
"""Messages of one case that wait for a second person at once."""
# Opened by an answer or a person's word: it is not solved. By a contact: unless another than who would be spared the look has
# said of all that the customer turned to us for since, that it was something else. Whose word software brings nobody knows.
_CAME_BACK: Final = """
WITH opened AS (
    SELECT at, data ? 'reason' AS told FROM event
    WHERE subject = 'case' AND subject_id = $1::uuid::text AND kind = 'reopened' ORDER BY version DESC LIMIT 1
), turns AS (
    SELECT t.caused_by ~ '^(representative|supervisor|admin):' AND t.caused_by <> ALL ($3::text[]) AND t.cause <> $2 AS harmless
    FROM "case" c JOIN touch t ON t.case_id = c.id, opened
    WHERE (c.id = $1 OR c.merged_into = $1) AND t.kind <> 'asked' AND t.at >= opened.at
)
SELECT coalesce((SELECT told FROM opened), true) OR NOT coalesce((SELECT bool_and(harmless) FROM turns), false)
"""


async def missing_steps(session: AsyncSession, case: Case) -> list[str]:
    """The required steps of its playbook that nobody has ticked, in their order; none: nothing stands in the way.

    A case that nobody has tended yet is given its playbook here, so that being quick is no way around it.
    """
    if case.playbook is None and case.tended_at is None:
        await give_first(session, case, await rules_for(session), now=await clock(session))
    required = [step["code"] for step in await steps_of(session, case) if step["required"]]
    ticked = await ticks_of(session, case) if required else {}
    return [code for code in required if code not in ticked]


async def request_check(
    session: AsyncSession,
    case: Case,
    rules: Rules,
    *,
    before: Before,
    representative: str | None,
    message: Message | None = None,
    outcome: str | None = None,
    root_cause: str | None = None,
    forced: str | None = None,
    actor: Actor,
    now: datetime,
) -> SecondCheck | None:
    """Ask for a second person where the rules want one; None: no check is needed.

    `representative`: whose work it is, who can never check it. `forced`: a reason to check whatever the rules say. Of a
    resolution that is being checked already, the check that stands. What is still looked at from before the customer wrote is
    withdrawn. Raises `Conflict` (`too_many_held`).
    """
    standing = await open_checks(session, case)
    if standing and case.state in OURS:
        await withdraw(session, case, reason="customer_replied", actor=SYSTEM, now=now)
        standing = []
    for each in standing:
        if each.before == before == "resolution":
            return each
    spared = await _spared(session, representative, actor)
    found = await _needed(
        session, case, rules, before=before, representative=representative, spared=spared, forced=forced, now=now
    )
    if found is None:
        return None
    if len(standing) >= MOST_HELD:
        raise Conflict(f"{MOST_HELD} messages of this case are being checked already.", code="too_many_held")
    due_at = await _due(session, case, rules, found.within_seconds, now)
    check = _made(case, found, before=before, representative=representative, message=message, now=now, due_at=due_at)
    said = {"outcome": outcome, "root_cause": root_cause}
    check.data = {
        "by": who(actor),
        **({"waited": "still_waiting"} if case.state == "awaiting_customer" else {}),
        **{name: value for name, value in said.items() if value is not None},
    }
    fact = {"check": check.id, "reason": check.reason, "representative": representative, "message": check.message_id}
    told = {"before": before, **{name: str(value) for name, value in fact.items() if value is not None}}
    advance(session, case, "check_requested", now=now, actor=actor, data=told)
    check.data["version"] = case.version
    session.add(check)
    await session.flush()
    await set_timer(
        session, "check_late", key=timer_key(check), due_at=check.due_at, case_id=case.id, data={"check": str(check.id)}
    )
    return check


async def withdraw(
    session: AsyncSession,
    case: Case,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    until_version: int | None = None,
    only: Collection[UUID] | None = None,
) -> list[SecondCheck]:
    """Nobody need look any more: the customer wrote, or the case is another's. Returns the checks that were withdrawn.

    `until_version`: only those asked for before this event of the case; `only`: those of these messages. What was held stays
    with us. The case's own state is the caller's. The caller holds the case's lock.
    """
    gone = []
    for check in await open_checks(session, case):
        if until_version is not None and check.data["version"] > until_version:
            continue
        if only is not None and check.message_id not in only:
            continue
        check.state = CHECK.after(check.state, "check_withdrawn")
        check.decided_at = now
        fact = {"check": str(check.id), "before": check.before, "reason": reason}
        advance(session, case, "check_withdrawn", now=now, actor=actor, data=fact)
        session.add(check)
        await cancel_timer(session, timer_key(check))
        await over(session, [late_key(check)], now=now)
        if check.before == "message":  # who wrote it must know that it did not leave
            await raise_alarm(
                session, "check_withdrawn", key=f"check_withdrawn:{check.id}", case=case,
                representative=check.representative, now=now, data={"check": str(check.id)}, actor=actor,
            )  # fmt: skip
        gone.append(check)
    await session.flush()
    return gone


async def go_on(
    session: AsyncSession, case: Case, *, cause: str | None, fact: Mapping[str, Any], actor: Actor, now: datetime
) -> None:
    """Nothing of the case is looked at any more: it goes on, and waits for the customer where `cause` says for what.

    While something else is looked at, that one remembers for what the case waits. `fact`: what the event tells.
    """
    if case.state != "checking":
        return
    others = await open_checks(session, case)
    for other in others:
        if cause is not None:
            other.data = {**other.data, "waited": cause}
    if others:
        return
    advance(session, case, "check_ended", now=now, actor=actor, data=fact)
    if cause is not None:
        await await_customer(session, case, cause=cause, actor=actor, now=now)


async def open_checks(session: AsyncSession, case: Case) -> Sequence[SecondCheck]:
    """What is still looked at of this case, the first asked for first; locked by the case."""
    chosen = select(SecondCheck).where(SecondCheck.case_id == case.id, col(SecondCheck.state).in_(OPEN))
    found = await session.exec(chosen.order_by(col(SecondCheck.id)).execution_options(populate_existing=True))
    return found.all()


def timer_key(check: SecondCheck) -> str:
    """The key of the timer that tells when nobody has decided in time."""
    return f"check:{check.id}"


def late_key(check: SecondCheck) -> str:
    """The key of the alarm that says so."""
    return f"check_late:{check.id}"


def who(actor: Actor) -> str:
    """One name for one person, whichever of their keys they use: two of them are two people."""
    return actor.label if actor.representative is not None else actor.source


async def _needed(
    session: AsyncSession,
    case: Case,
    rules: Rules,
    *,
    before: Before,
    representative: str | None,
    spared: Sequence[str],
    forced: str | None,
    now: datetime,
) -> Needed | None:
    wanted = rules.resolution.of(case.request_type).checks
    asks_when = any(rule.new_within_days is not None for rule in wanted if rule.before == before)
    matter = Matter(
        case_id=case.id,
        amount=case.amount,
        reopened=case.reopened > 0 and await _came_back(session, case, spared),
        joined_days=await _joined_days(session, representative, now) if asks_when else None,
    )
    return needed(wanted, matter, before=before, forced=forced)


async def _due(session: AsyncSession, case: Case, rules: Rules, within_seconds: float, now: datetime) -> datetime:
    """In the working hours of the case's queue, as its clocks count: at night and on holidays nobody is there to look."""
    time = (await working_times(session, rules)).of(case.queue)
    return datetime.fromtimestamp(time.after(now.timestamp(), within_seconds), UTC)


def _made(
    case: Case,
    found: Needed,
    *,
    before: Before,
    representative: str | None,
    message: Message | None,
    now: datetime,
    due_at: datetime,
) -> SecondCheck:
    return SecondCheck(
        id=uuid7(now),
        case_id=case.id,
        before=before,
        message_id=message.id if message else None,
        state=CHECK.after(NEW, "check_requested"),
        representative=representative,
        requested_at=now,
        due_at=due_at,
        reason=found.reason,
        skill=found.skill,
        level=found.level,
    )


async def _spared(session: AsyncSession, representative: str | None, actor: Actor) -> list[str]:
    """Who would be spared a second look, as the log names them: whose work it is, and who asks, under each of their keys."""
    keys = select(ApiKey.role, ApiKey.id).where(ApiKey.name == actor.name) if actor.name else None
    named = [f"{role}:{key}" for role, key in (await session.exec(keys)).all()] if keys is not None else []
    return [actor.label, *named, *([f"representative:{representative}"] if representative else [])]


async def _came_back(session: AsyncSession, case: Case, spared: Sequence[str]) -> bool:
    """Whether it was opened again because it is not solved, or nobody else has said why. Who only wrote thanks did not come back."""
    found: bool = await (await raw(session)).fetchval(_CAME_BACK, case.id, NOT_SOLVED, spared)
    return found


async def _joined_days(session: AsyncSession, representative: str | None, now: datetime) -> float | None:
    """How long they have been here, by the first event of their story; None: nobody, or nobody we know."""
    first = select(EventRow.at).where(
        EventRow.subject == "representative", EventRow.subject_id == representative, EventRow.version == 1
    )
    joined = (await session.exec(first)).first() if representative else None
    return (now - joined).total_seconds() / DAY_SECONDS if joined else None

"""A second person's look: taken, given back, approved, returned with comments.

Decides who may look: another person than the one whose work it is and than the one who asked, who holds what the rule asks for,
or a supervisor. One at a time. What was approved happens in the same transaction: the case is resolved, the message leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.alarms import over, raise_alarm
from app.actions.cases.gate import OPEN, OURS, go_on, late_key, missing_steps, timer_key, who
from app.actions.cases.resolved import resolved
from app.actions.contacts.cases import survivor
from app.actions.contacts.write import release
from app.actions.record import advance, locked
from app.actions.timers import cancel_timer
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.queries.cases.checks import may_look
from app.security import Actor
from app.tables import Case, Interaction, Message, Representative, SecondCheck
from routing.errors import IllegalTransition
from routing.lifecycle import CHECK

DECIDING: Final = frozenset({"supervisor", "admin"})
"""Roles that may look without holding any skill. An integration looks for somebody, and says for whom."""


async def take(
    session: AsyncSession, check_id: UUID, *, representative: str | None = None, actor: Actor, now: datetime
) -> SecondCheck:
    """Look at it, and keep others from doing so. Again, by the same person: nothing is written.

    `representative`: for whom an integration or a supervisor acts. Raises `NotFound`, `Forbidden` (`same_person`,
    `not_qualified`, `not_yours`), `Conflict` (`taken`, `check_withdrawn`, `check_over`), `Invalid` (`who_looks`).
    """
    case, check = await _locked(session, check_id)
    checker = await _who(session, case, check, representative, actor)
    if check.state == "taken" and check.checker == checker:
        return check
    if check.state == "taken":
        raise Conflict("Somebody is looking at this already.", code="taken")
    _still_wanted(case, check)
    _advance(session, case, check, "check_taken", now=now, actor=actor, data={"checker": checker})
    check.checker, check.taken_at = checker, now
    check.data = {**check.data, "taken_by": who(actor)}
    await session.flush()
    return check


async def drop(session: AsyncSession, check_id: UUID, *, actor: Actor, now: datetime) -> SecondCheck:
    """Give it back; another may take it. What nobody has taken stays as it is. Raises `NotFound`, `Forbidden` (`not_yours`)."""
    case, check = await _locked(session, check_id)
    if check.state != "taken":
        return check
    if actor.representative is not None and check.checker != actor.representative:
        raise Forbidden("Somebody else is looking at this.", code="not_yours")
    _advance(session, case, check, "check_dropped", now=now, actor=actor, data={"checker": check.checker})
    check.checker = check.taken_at = None
    await session.flush()
    return check


async def approve(
    session: AsyncSession, check_id: UUID, *, comment: str | None = None, actor: Actor, now: datetime
) -> SecondCheck:
    """It is right: the case is resolved, or the message leaves. Again, by the same person: nothing is written.

    Raises `NotFound`, `Forbidden` (`not_yours`, `same_person`), `Conflict` (`not_taken`, `check_withdrawn`, `check_over`,
    `steps_missing`).
    """
    case, check, interaction = await _locked_with_contact(session, check_id)
    if _repeated(check, "passed", actor):
        return check
    await _deciding(session, case, check, actor)
    _decide(check, "check_passed", comment=comment, now=now)
    fact = _fact(check, {"checker": check.checker})
    if check.before == "resolution":
        await _complete(session, case)
        await resolved(
            session,
            case,
            "check_passed",
            outcome=check.data.get("outcome"),
            root_cause=check.data.get("root_cause"),
            resolved_by=check.representative,
            actor=actor,
            now=now,
            data=fact,
        )
    else:
        message = await session.get(Message, check.message_id)
        if interaction is None or message is None:
            raise Conflict("There is nothing left to send.", code="check_withdrawn")
        advance(session, case, "message_checked", now=now, actor=actor, data=fact)
        await session.flush()
        cause = message.attributes.get("asks") or check.data.get("waited")
        await go_on(session, case, cause=cause, fact=_fact(check, {}), actor=actor, now=now)
        await release(session, interaction, case, message, check=check, actor=actor, now=now)
    await cancel_timer(session, timer_key(check))
    await over(session, [late_key(check)], now=now)
    await session.flush()
    return check


async def send_back(session: AsyncSession, check_id: UUID, *, comment: str, actor: Actor, now: datetime) -> SecondCheck:
    """It is not right yet, and why. The case is open again, the message stays with us, and whose work it is hears of it.

    Again, by the same person: nothing is written. Raises as `approve`.
    """
    case, check = await _locked(session, check_id)
    if _repeated(check, "returned", actor):
        return check
    await _deciding(session, case, check, actor)
    _decide(check, "check_returned", comment=comment, now=now)
    fact = _fact(check, {"checker": check.checker})
    event = "check_returned" if check.before == "resolution" else "message_returned"
    advance(session, case, event, now=now, actor=actor, data=fact)
    await session.flush()
    if check.before == "message":
        await go_on(session, case, cause=check.data.get("waited"), fact=_fact(check, {}), actor=actor, now=now)
    await cancel_timer(session, timer_key(check))
    await over(session, [late_key(check)], now=now)
    await raise_alarm(
        session, "check_returned", key=f"check_returned:{check.id}", case=case, representative=check.representative,
        now=now, data={"check": str(check.id)}, actor=actor,
    )  # fmt: skip
    await session.flush()
    return check


async def _locked(session: AsyncSession, check_id: UUID) -> tuple[Case, SecondCheck]:
    """The check and its case, both locked, the case first; of a merged case the one it was taken into."""
    known = await session.get(SecondCheck, check_id)
    if known is None:
        raise NotFound(f"There is no check {check_id}.")
    case = await survivor(session, known.case_id)
    check = await session.get(SecondCheck, check_id, with_for_update=True, populate_existing=True)
    if check is None:
        raise NotFound(f"There is no check {check_id}.")
    return case, check


async def _locked_with_contact(session: AsyncSession, check_id: UUID) -> tuple[Case, SecondCheck, Interaction | None]:
    """The same, with the interaction whose message it is locked before them."""
    known = await session.get(SecondCheck, check_id)
    message = await session.get(Message, known.message_id) if known is not None and known.message_id else None
    interaction = await locked(session, Interaction, message.interaction_id) if message else None
    return (*await _locked(session, check_id), interaction)


async def _who(session: AsyncSession, case: Case, check: SecondCheck, representative: str | None, actor: Actor) -> str:
    """Who looks: a representative's code, or a supervisor's label."""
    if actor.representative is not None and representative not in (None, actor.representative):
        raise Forbidden("You look for yourself only.", code="not_yours")
    code = actor.representative or representative
    _another(check, code, actor)
    if code is None:
        if actor.role not in DECIDING:
            raise Invalid("Say which representative looks at it.", code="who_looks")
        return actor.label
    person = await session.get(Representative, code)
    if person is None or person.retired:
        raise Invalid(f"There is no representative {code} at work here.", code="unknown_representative")
    if not await may_look(session, check, case, person):
        raise Forbidden("This check asks for somebody else.", code="not_qualified")
    return code


def _another(check: SecondCheck, code: str | None, actor: Actor) -> None:
    """Never the same person: not whose work it is, nor who asked for it with a key of their own."""
    asked_themselves = actor.role != "integration" and check.data.get("by") == who(actor)
    if asked_themselves or (code is not None and code == check.representative):
        raise Forbidden("A second person looks, not the one whose work it is.", code="same_person")


def _still_wanted(case: Case, check: SecondCheck) -> None:
    """A customer who writes ends what is being checked, also before anybody wrote that down."""
    if check.state in OPEN and case.state in OURS:
        raise Conflict("The customer wrote meanwhile, and the case goes on.", code="check_withdrawn")
    if check.state == "withdrawn":
        raise Conflict("The customer wrote meanwhile, and the case goes on.", code="check_withdrawn")
    if check.state not in OPEN:
        raise Conflict(f"This was {check.state} already.", code="check_over")


async def _deciding(session: AsyncSession, case: Case, check: SecondCheck, actor: Actor) -> None:
    """Only who has taken it decides, and only while it is still wanted."""
    _still_wanted(case, check)
    if check.state != "taken" or check.checker is None:
        raise Conflict("Take it first.", code="not_taken")
    person = await session.get(Representative, check.checker)
    _another(check, person.code if person else None, actor)
    if not _looks(check, actor):
        raise Forbidden("Somebody else is looking at this.", code="not_yours")


def _looks(check: SecondCheck, actor: Actor) -> bool:
    """Whether it is this actor who looks, or one who acts for them."""
    if actor.representative is not None:
        return check.checker == actor.representative
    return check.data.get("taken_by") == who(actor)


def _repeated(check: SecondCheck, state: str, actor: Actor) -> bool:
    return check.state == state and _looks(check, actor)


def _decide(check: SecondCheck, event: str, *, comment: str | None, now: datetime) -> None:
    check.state = CHECK.after(check.state, event)
    check.decided_at, check.comment = now, comment


def _advance(
    session: AsyncSession,
    case: Case,
    check: SecondCheck,
    event: str,
    *,
    now: datetime,
    actor: Actor,
    data: Mapping[str, Any],
) -> None:
    try:
        check.state = CHECK.after(check.state, event)
    except IllegalTransition as error:
        raise Conflict(f"This check is {error.state}.", code="check_over") from error
    advance(session, case, event, now=now, actor=actor, data=_fact(check, data))
    session.add(check)


def _fact(check: SecondCheck, more: Mapping[str, Any]) -> dict[str, Any]:
    """What events of a check tell: which, before what, and what else is known; never its comment."""
    message = {"message": str(check.message_id)} if check.message_id else {}
    return {"check": str(check.id), "before": check.before, **message, **more}


async def _complete(session: AsyncSession, case: Case) -> None:
    if missing := await missing_steps(session, case):
        raise Conflict("Required steps of the playbook are not done yet.", code="steps_missing", errors=_told(missing))


def _told(missing: list[str]) -> list[dict[str, object]]:
    return [{"where": step, "detail": "This step is required."} for step in missing]

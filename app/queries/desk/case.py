"""One customer's matter as the desk shows it: where it stands, its playbook, its story, and what else may belong to it.

Decides what belongs to that view and how much of it, and which cases a list of "my cases" holds. Reads only. Who may see a
case is decided once, at the door of `seen`; what a customer said of a colleague stays hidden from representatives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import NotFound
from app.queries import cursors
from app.queries.cases import cases, clocks, playbooks, promises, touches
from app.queries.cases.families import customer_family
from app.queries.cases.timeline import Page, Wish, timeline
from app.queries.customers import customers
from app.queries.desk.person import Speaker, speakers
from app.queries.incidents import incidents
from app.queries.readers import may_read_case, may_see_customer
from app.tables import (
    Alarm,
    Assignment,
    Case,
    Customer,
    CustomerIdentity,
    Interaction,
    Promise,
    Representative,
    SecondCheck,
)

MOST_TOLD: Final = 20
"""So much of a story is shown at once; what is older, on request."""
MOST_CONTACTS: Final = 50
MOST_OTHERS: Final = 10
MOST_PROMISES: Final = 50
MOST_LISTED: Final = 50
OPEN: Final = ("open", "awaiting_customer", "checking")
GOING: Final = ("running", "paused")
LOOKED_AT: Final = ("waiting", "taken")


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """Another open case of the same recognised customer, and when they were last in touch about it."""

    case: Case
    last: Interaction | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """The case that speaks for the matter, and all that is shown of it. Lists are in the order they are shown."""

    case: Case
    customer: Customer | None
    identities: Sequence[CustomerIdentity]
    speakers: Sequence[Speaker]
    """Who may speak for the customer."""
    known: bool
    """Whether whoever reads may see the customer, apart from this case."""
    playbook: Mapping[str, Any]
    touches: Mapping[str, Any]
    clocks: Sequence[Mapping[str, Any]]
    """Those that run or pause, and those of an open case that ran out."""
    promises: Sequence[Mapping[str, Any]]
    """Those that stand, the earliest first."""
    story: Page
    contacts: Sequence[Interaction]
    others: Sequence[Proposal]
    merges: Sequence[Mapping[str, Any]]
    """Those that stand and can be undone."""
    checks: Sequence[SecondCheck]
    """What a second person still looks at."""
    incidents: Sequence[Mapping[str, Any]]
    """The faults it is about, as customers read of them."""
    names: Mapping[str, str]
    """Names of representatives by code."""
    theirs: bool
    """Whether whoever reads may act on it: a supervisor, or whose work it is or was."""

    @property
    def news(self) -> Mapping[str, Any] | None:
        """The next news the customer was promised."""
        return next((each for each in self.promises if each["kind"] == "news"), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Owned:
    """One line of a list of cases: whose matter, and by when they hear of it."""

    case: Case
    customer: Customer | None
    news_at: datetime | None


async def seen(
    session: AsyncSession,
    case_id: UUID,
    *,
    reader: str | None,
    language: str = "en",
    after: str | None = None,
    before: str | None = None,
) -> Seen:
    """The matter; of a merged case that of the one that speaks for it. `language`: of what incidents say. `after`, `before`: another page of its story.

    Raises `NotFound`, also where the reader may not know of it; `Invalid` (`bad_cursor`).
    """
    family = await may_read_case(session, case_id, reader=reader)
    case = await session.get_one(Case, family[0])
    wish = Wish(newest_first=True, kinds=(), after=after, before=before, limit=MOST_TOLD)
    story = await timeline(session, case.id, wish, reader=reader)
    known = await customer_family(session, case.customer_id) if case.customer_id is not None else []
    standing, _ = await promises.page(session, case.id, reader=None, state="standing", after=None, limit=MOST_PROMISES)
    touched = await touches.touches_of(session, case.id, reader=None)
    checks = await _checks(session, family)
    steps = await playbooks.view(session, case)
    return Seen(
        case=case,
        customer=await session.get(Customer, known[0]) if known else None,
        identities=await _identities(session, known),
        speakers=await speakers(session, known),
        known=await _is_known(session, known, reader),
        playbook=steps,
        touches=touched,
        clocks=_told(case, await clocks.clocks_of(session, case.id, reader=None)),
        promises=sorted(standing, key=lambda each: each["due_at"]),
        story=story,
        contacts=await _contacts(session, family),
        others=await _others(session, case, known),
        merges=[
            each for each in await customers.merges_of_case(session, case.id, reader=None) if not each["undone_at"]
        ],
        checks=checks,
        incidents=await incidents.of_case(session, family, language=language),
        names=await names(session, _codes(case, touched, standing, steps, checks)),
        theirs=reader is None or await playbooks.worked_on(session, case, reader),
    )


async def owned(
    session: AsyncSession, *, owner: str | None, over: bool, after: str | None
) -> tuple[list[Owned], str | None]:
    """The cases of an owner, the next promised news first; `owner` None: those the supervisors own. `over`: what is over.

    Those that were taken into another are left out. Raises `Invalid` (`bad_cursor`).
    """
    news = select(func.min(Promise.due_at)).where(
        Promise.case_id == Case.id, Promise.kind == "news", Promise.state == "standing"
    )
    due = func.coalesce(news.correlate(Case).scalar_subquery(), col(Case.opened_at))
    whose = col(Case.supervised) if owner is None else col(Case.owner) == owner
    state = col(Case.state).not_in(OPEN) if over else col(Case.state).in_(OPEN)
    skip = min(max(cursors.decode(after, (int,))[0], 0), 100_000) if after is not None else 0
    chosen = select(Case, news.correlate(Case).scalar_subquery()).where(whose, state, col(Case.merged_into).is_(None))
    ordered = chosen.order_by(col(Case.id).desc()) if over else chosen.order_by(due, col(Case.id))
    rows = (await session.exec(ordered.offset(skip).limit(MOST_LISTED + 1))).all()
    shown = rows[:MOST_LISTED]
    people = await cases.known_as(session, {case.customer_id for case, _ in shown if case.customer_id})
    lines = [
        Owned(case=case, customer=people.get(case.customer_id) if case.customer_id else None, news_at=at)
        for case, at in shown
    ]
    return lines, cursors.encode(skip + MOST_LISTED) if len(rows) > MOST_LISTED else None


async def about(
    session: AsyncSession, ids: set[UUID], *, reader: str | None
) -> dict[UUID, tuple[Case, Customer | None]]:
    """What these cases are about, by id; of a reader only those they own or have served."""
    if not ids:
        return {}
    chosen = select(Case).where(col(Case.id).in_(ids))
    if reader is not None:
        served = (
            select(Interaction.case_id)
            .join(Assignment, col(Assignment.interaction_id) == col(Interaction.id))
            .where(
                col(Interaction.case_id).in_(ids),
                Assignment.representative == reader,
                col(Assignment.answered_at).is_not(None),
            )
        )
        chosen = chosen.where((col(Case.owner) == reader) | col(Case.id).in_(served))
    rows = (await session.exec(chosen)).all()
    people = await cases.known_as(session, {row.customer_id for row in rows if row.customer_id})
    return {row.id: (row, people.get(row.customer_id) if row.customer_id else None) for row in rows}


async def open_alarms(session: AsyncSession, reader: str | None) -> int:
    """How many alarms are open for them; None: all there are."""
    chosen = select(func.count()).select_from(Alarm).where(col(Alarm.done_at).is_(None))
    if reader is not None:
        chosen = chosen.where(Alarm.representative == reader)
    return (await session.exec(chosen)).one()


async def names(session: AsyncSession, codes: set[str]) -> Mapping[str, str]:
    """What representatives are called, by code."""
    chosen = select(Representative.code, Representative.name).where(col(Representative.code).in_(codes))
    return dict((await session.exec(chosen)).all()) if codes else {}


def _told(case: Case, found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    late = case.state in OPEN
    return [
        each
        for each in found
        if each["state"] in GOING or (late and each["state"] == "breached" and each["late_at"] is None)
    ]


def _codes(
    case: Case,
    touched: Mapping[str, Any],
    standing: Sequence[Mapping[str, Any]],
    steps: Mapping[str, Any],
    checks: Sequence[SecondCheck],
) -> set[str]:
    by = [*(step["ticked_by"] for step in steps["steps"]), *(each["caused_by"] for each in touched["items"])]
    found = [each.removeprefix("representative:") for each in by if each]
    found += [each["representative"] for each in standing] + [case.owner, case.resolved_by]
    return {each for each in [*found, *(check.checker for check in checks)] if each}


async def _is_known(session: AsyncSession, known: Sequence[UUID], reader: str | None) -> bool:
    try:
        return bool(known) and bool(await may_see_customer(session, known[0], reader=reader))
    except NotFound:
        return False


async def _identities(session: AsyncSession, known: Sequence[UUID]) -> Sequence[CustomerIdentity]:
    chosen = select(CustomerIdentity).where(col(CustomerIdentity.customer_id).in_(known))
    ordered = chosen.order_by(col(CustomerIdentity.kind), col(CustomerIdentity.value))
    return (await session.exec(ordered.limit(MOST_CONTACTS))).all() if known else []


async def _contacts(session: AsyncSession, family: Sequence[UUID]) -> Sequence[Interaction]:
    chosen = select(Interaction).where(col(Interaction.case_id).in_(family)).order_by(col(Interaction.id).desc())
    return (await session.exec(chosen.limit(MOST_CONTACTS))).all()[::-1]


async def _checks(session: AsyncSession, family: Sequence[UUID]) -> Sequence[SecondCheck]:
    chosen = select(SecondCheck).where(col(SecondCheck.case_id).in_(family), col(SecondCheck.state).in_(LOOKED_AT))
    return (await session.exec(chosen.order_by(col(SecondCheck.id)))).all()


async def _others(session: AsyncSession, case: Case, known: Sequence[UUID]) -> Sequence[Proposal]:
    """Only proposed: an identity may be shared, so nothing is joined by it."""
    if not known:
        return []
    chosen = (
        select(Case)
        .where(
            col(Case.customer_id).in_(known),
            Case.id != case.id,
            col(Case.merged_into).is_(None),
            Case.state != "closed",
        )
        .order_by(col(Case.id).desc())
        .limit(MOST_OTHERS)
    )
    found = (await session.exec(chosen)).all()
    newer = aliased(Interaction)
    newest = select(newer.id).where(newer.case_id == Interaction.case_id).order_by(col(newer.id).desc()).limit(1)
    latest = select(Interaction).where(
        col(Interaction.case_id).in_([each.id for each in found]),
        col(Interaction.id) == newest.correlate(Interaction).scalar_subquery(),
    )
    last = {row.case_id: row for row in (await session.exec(latest)).all()} if found else {}
    return [Proposal(case=each, last=last.get(each.id)) for each in found]

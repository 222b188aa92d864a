"""Incidents: a fault that touches many is proposed, declared, told of, closed or dismissed.

Decides what may become of one and what must be said of it; only a person declares one. It writes the incident and what is to
be told, nothing else: each case is attached, told and asked by `app.actions.incidents.attach` and `app.actions.incidents.spread`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app import registry
from app.actions.record import advance, locked
from app.db import now as wall_clock
from app.db import uuid7
from app.errors import Conflict, Invalid
from app.queries.rules import rules_for
from app.security import SYSTEM, Actor
from app.tables import Incident, IncidentCase, IncidentUpdate

BACK_DAYS: Final = 31
"""So far back a fault may have begun: older matters are not about it."""
AHEAD_DAYS: Final = 366
CLOCKS_DIFFER: Final = timedelta(seconds=60)
"""So far ahead of ours a sender's clock may run: what they call now is now."""
UNNOTICED: Final = timedelta(hours=4)
"""Where nobody says since when: those who called before anybody knew why are about it too."""
BEFORE_SURGE: Final = timedelta(hours=1)
"""A surge is seen after the fault began."""
MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """Whom it touches: all that is named must fit; what is empty says nothing."""

    request_types: Sequence[str] = ()
    areas: Sequence[str] = ()
    products: Sequence[str] = ()
    channels: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What customers are told, by language, and by when it is expected to be over."""

    words: Mapping[str, str]
    promised_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What is different from now on; None: as it was. The promised time is moved by an update, never silently."""

    words: Mapping[str, str] | None = None
    touched: Mapping[str, Sequence[str]] = field(default_factory=dict)
    since: datetime | None = None


async def declare(
    session: AsyncSession, told: Told, touched: Touched, *, since: datetime | None, actor: Actor, now: datetime
) -> Incident:
    """From now on every door says it. Raises `Invalid` (`touches_everybody`, `unknown_request_type`, `unknown_channel`,
    `no_words`, `in_the_past`, `too_far`)."""
    row = await _new(session, touched, since=since or now - UNNOTICED, actor=actor, now=now)
    _speak(row, told, now)
    advance(session, row, "declared", now=now, actor=actor, data=_fact(row))
    _tell(session, row, told.words, actor=actor, at=now)
    await session.flush()
    return row


async def declare_proposed(
    session: AsyncSession, incident_id: UUID, told: Told, change: Change, *, actor: Actor, now: datetime
) -> Incident:
    """What a surge proposed is one, says a person. Again: the same row. Raises as `declare`, `NotFound`, `Conflict`."""
    row = await locked(session, Incident, incident_id)
    if row.state == "declared":
        return row
    await _apply(session, row, change, now=now)
    _speak(row, told, now)
    advance(session, row, "declared", now=now, actor=actor, data=_fact(row))
    _tell(session, row, told.words, actor=actor, at=await wall_clock(session))
    await session.flush()
    return row


async def propose(session: AsyncSession, touched: Touched, *, since: datetime, now: datetime) -> Incident:
    """A surge looks like one; nobody is told but the supervisors."""
    row = await _new(session, touched, since=since, actor=SYSTEM, now=now)
    advance(session, row, "proposed", now=now, actor=SYSTEM, data=_fact(row))
    await session.flush()
    return row


async def change(
    session: AsyncSession,
    incident_id: UUID,
    wanted: Change,
    *,
    actor: Actor,
    now: datetime,
    expect: Callable[[int], None] = lambda _: None,
) -> Incident:
    """Other words at the doors, or it touches others: who fits now is attached, who was attached stays.

    `expect`: is given the version that stands and may refuse. Raises `NotFound`, `Conflict` (`incident_over`), `Invalid` as
    `declare`.
    """
    await _first_told(session, incident_id)  # what is told before the incident, as whoever spreads it takes them
    row = await locked(session, Incident, incident_id)
    expect(row.version)
    _going_on(row)
    before = row.model_dump()
    await _apply(session, row, wanted, now=now)
    changed = [name for name, value in row.model_dump().items() if before[name] != value]
    if changed and row.state == "declared":
        advance(session, row, "changed", now=now, actor=actor, data={"fields": sorted(changed), **_fact(row)})
        await _attach_anew(session, row, changed)
    await session.flush()
    return row


async def update(session: AsyncSession, incident_id: UUID, told: Told, *, actor: Actor, now: datetime) -> Incident:
    """News for all who are attached, and perhaps another time. Raises `NotFound`, `Conflict` (`not_declared`), `Invalid`."""
    row = await locked(session, Incident, incident_id)
    _declared(row)
    _spoken(told.words)
    at = await _moment(session, row)
    if told.promised_at is not None:
        row.promised_at = _ahead(told.promised_at, now)
    advance(session, row, "updated", now=at, actor=actor, data=_fact(row))
    _tell(session, row, told.words, actor=actor, at=at)
    await session.flush()
    return row


async def close(
    session: AsyncSession, incident_id: UUID, words: Mapping[str, str], *, actor: Actor, now: datetime
) -> Incident:
    """It is over: no door says it any more, all are told and asked. Again: the same row.

    Raises `NotFound`, `Conflict` (`illegal_transition`: it was never declared), `Invalid` (`no_words`).
    """
    row = await locked(session, Incident, incident_id)
    if row.state == "closed":
        return row
    _spoken(words)
    at = await _moment(session, row)
    advance(session, row, "closed", now=at, actor=actor)
    row.ended_at = at
    _tell(session, row, words, actor=actor, at=at)
    await session.flush()
    return row


async def dismiss(session: AsyncSession, incident_id: UUID, *, actor: Actor, now: datetime) -> Incident:
    """What was proposed is none. Again: the same row. Raises `NotFound`, `Conflict` (`illegal_transition`)."""
    row = await locked(session, Incident, incident_id)
    if row.state != "dismissed":
        advance(session, row, "dismissed", now=now, actor=actor)
        row.ended_at = now
        session.add(row)
        await session.flush()
    return row


async def _new(
    session: AsyncSession, touched: Touched, *, since: datetime, actor: Actor, now: datetime
) -> Incident:  # fmt: skip
    row = Incident(
        id=uuid7(),
        state="proposed",
        words={},
        request_types=sorted(set(touched.request_types)),
        areas=sorted(set(touched.areas)),
        products=sorted(set(touched.products)),
        channels=sorted(set(touched.channels)),
        since=_began(since, now),
        made_at=now,
        made_by=actor.label,
    )
    await _known(session, row, ())
    return row


async def _apply(session: AsyncSession, row: Incident, wanted: Change, *, now: datetime) -> None:
    before = {*row.request_types, *row.channels}
    if wanted.words is not None:
        _spoken(wanted.words)
        row.words = dict(wanted.words)
    for name, values in wanted.touched.items():
        setattr(row, name, sorted(set(values)))
    if wanted.since is not None:
        row.since = _began(wanted.since, now)
    await _known(session, row, before)
    session.add(row)


async def _known(session: AsyncSession, row: Incident, before: Collection[str]) -> None:
    """What it names is there, or was when it was named; and it names something, for closing it calls solved all that it is
    about."""
    if not (row.request_types or row.areas or row.products):
        raise Invalid("Say which request types, areas or products it touches.", code="touches_everybody")
    requests = (await rules_for(session)).requests
    if unknown := [code for code in row.request_types if code not in requests and code not in before]:
        raise Invalid(f"There is no request type {unknown[0]!r}.", code="unknown_request_type")
    if unknown := [name for name in row.channels if name not in registry.current() and name not in before]:
        raise Invalid(f"There is no channel {unknown[0]!r}.", code="unknown_channel")


async def _moment(session: AsyncSession, row: Incident) -> datetime:
    """Now, and in any case after all that was said of it and all who were attached, though the clock was set back since.

    By it who was attached before we held it is told, and who comes after knows already.
    """
    said = select(func.max(IncidentUpdate.at)).where(IncidentUpdate.incident_id == row.id)
    joined = select(func.max(IncidentCase.attached_at)).where(IncidentCase.incident_id == row.id)
    known: list[datetime | None] = [(await session.exec(said)).one(), (await session.exec(joined)).one()]
    return max([await wall_clock(session), *(each + MOMENT for each in known if each is not None)])


async def _attach_anew(session: AsyncSession, row: Incident, changed: Sequence[str]) -> None:
    """It touches others now: look once more which open cases are about it."""
    if not {*changed} & {"request_types", "areas", "products", "channels", "since"}:
        return
    first = await _first_told(session, row.id)
    assert first is not None, "what is declared was told"
    first.spread_at = None
    session.add(first)


async def _first_told(session: AsyncSession, incident_id: UUID) -> IncidentUpdate | None:
    """Its declaration, locked, as it stands after whoever spreads it now; None: it is proposed only."""
    found = select(IncidentUpdate).where(IncidentUpdate.incident_id == incident_id)
    first = found.order_by(col(IncidentUpdate.at), col(IncidentUpdate.id)).limit(1).with_for_update()
    return (await session.exec(first.execution_options(populate_existing=True))).one_or_none()


def _speak(row: Incident, told: Told, now: datetime) -> None:
    _spoken(told.words)
    row.words = dict(told.words)
    row.promised_at = _ahead(told.promised_at, now) if told.promised_at is not None else None


def _tell(session: AsyncSession, row: Incident, words: Mapping[str, str], *, actor: Actor, at: datetime) -> None:
    session.add(
        IncidentUpdate(
            id=uuid7(), incident_id=row.id, words=dict(words), promised_at=row.promised_at, at=at, by=actor.label
        )
    )


def _fact(row: Incident) -> dict[str, Any]:
    """What its events tell: codes and times, never the words."""
    fact: dict[str, Any] = {
        name: list(values) for name in ("request_types", "areas", "products", "channels") if (values := getattr(row, name))
    }  # fmt: skip
    return fact | ({"promised_at": row.promised_at.isoformat()} if row.promised_at else {})


def _spoken(words: Mapping[str, str]) -> None:
    if not words or not all(each.strip() for each in words.values()):
        raise Invalid("Say in words, in at least one language, what it is.", code="no_words")


def _began(since: datetime, now: datetime) -> datetime:
    if since > now + CLOCKS_DIFFER:
        raise Invalid("`since` has not come yet.", code="in_the_future")
    if since < now - timedelta(days=BACK_DAYS):
        raise Invalid(f"`since` is more than {BACK_DAYS} days ago.", code="too_far")
    return min(since, now)


def _ahead(at: datetime, now: datetime) -> datetime:
    if at <= now:
        raise Invalid("`promised_at` is over already.", code="in_the_past")
    if at > now + timedelta(days=AHEAD_DAYS):
        raise Invalid(f"`promised_at` is more than {AHEAD_DAYS} days ahead.", code="too_far")
    return at


def _declared(row: Incident) -> None:
    if row.state != "declared":
        raise Conflict(f"This incident is {row.state}.", code="not_declared")


def _going_on(row: Incident) -> None:
    if row.state in ("closed", "dismissed"):
        raise Conflict(f"This incident is {row.state}.", code="incident_over")

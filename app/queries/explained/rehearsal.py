"""A contact that never came: what would be answered to it, where it would wait, and who would get it and why.

Decides nothing of its own. It goes the way a contact goes, on a floor of its own, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from app import registry
from app.db import Connection, uuid7
from app.errors import Invalid
from app.queries.explained.closings import closed_at
from app.queries.explained.past import Past, floor_at
from app.queries.explained.verdicts import Judged, judge
from app.queries.line.entrances import Shut, read_queues, shut_by_hand
from app.queries.line.known import Person, Record, on_record
from app.queries.line.opening import Calendar, Opening
from app.queries.line.standing import Waits, places
from channels.base import Info, Wait
from routing.entry import Admission, Contact, Filing, QueueNow, answer, file, split
from routing.model import Waiting
from routing.rules import Rules

_OFFICES: Final = "SELECT code, timezone FROM office ORDER BY place, code"
_LANGUAGES: Final = "SELECT languages FROM organisation"
_CASE: Final = 'SELECT customer_id FROM "case" WHERE id = $1'

Look = Callable[[str], QueueNow]


@dataclass(frozen=True, kw_only=True, slots=True)
class _House:
    """What the house has, the first of each the one where nothing is said."""

    languages: tuple[str, ...]
    offices: Mapping[str, ZoneInfo]

    @property
    def zone(self) -> ZoneInfo:
        return next(iter(self.offices.values()), ZoneInfo("UTC"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsed:
    """One who might come. `request` or `queue` says what for; `reasons` are for a head start, all taken for granted.

    Where nothing is said of language and office, it is as at the door: the first of the house.
    """

    channel: str
    request: str | None = None
    queue: str | None = None
    language: str | None = None
    office: str | None = None
    reasons: Sequence[str] = ()
    customer_id: UUID | None = None
    case_id: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What would happen. `judged`, `filing`, `position`: only of one who is let in. `wait`: only where it can be said."""

    rules: int
    at: datetime
    admission: Admission
    filing: Filing | None = None
    preferred: str | None = None
    barred: tuple[str, ...] = ()
    judged: Judged | None = None
    position: int | None = None
    wait: Wait | None = None
    approximate: bool = False


async def rehearse(connection: Connection, contact: Rehearsed, *, rules: Rules, at: datetime, live: bool) -> Answer:
    """Let `contact` come at `at` under `rules`; `live`: that is now, else a past instant replayed from the log.

    Needs a transaction that sees one snapshot and may be read only. Raises `Invalid` (`unknown_channel`, `unknown_queue`,
    `unknown_request_type`, `unknown_reason`, `unknown_language`, `unknown_office`, each with the field, and what `floor_at`
    raises).
    """
    house = await _house(connection)
    info, asked = _known(contact, rules)
    contact = _at_the_door(contact, info, house)
    past = await floor_at(connection, at)
    look, closed = await _look(connection, rules, past, Calendar(rules, house.zone), at=at, live=live)
    identity = uuid7()
    admission = answer(rules, split(rules, asked, identity), look, live=info.live, closed=closed)
    if admission.then == "turn_away":
        return Answer(
            rules=rules.version, at=at, admission=admission, approximate=not live and _waits(rules, admission)
        )
    record = await _record(connection, contact)
    filing = _filed(rules, contact, info, admission.queue, record, at=at, identity=identity)
    waiting = Waiting(
        id=identity,
        needs=filing.needs,
        due=filing.due,
        steps=filing.steps,
        preferred=record.preferred,
        preferred_until=filing.preferred_until,
        barred=frozenset(record.barred),
        rules=rules.version,
    )
    ahead = [each for each in past.waiting if each.needs.queue == admission.queue and each.due <= waiting.due]
    return Answer(
        rules=rules.version,
        at=at,
        admission=admission,
        filing=filing,
        preferred=record.preferred,
        barred=record.barred,
        judged=judge(waiting, past.waiting, past.staff, rules=rules, now=past.now, pulling=past.pulling),
        position=len(ahead) + 1,
        wait=await _wait(connection, waiting, admission.queue, at=at) if live else None,
        approximate=bool(past.approximate) or (not live and (record != Record() or _waits(rules, admission))),
    )


def _waits(rules: Rules, admission: Admission) -> bool:
    """Whether its entry depends on what was told of the wait, which of a past moment nobody knows."""
    asked = {admission.queue, admission.overflowed_from or admission.queue}
    return any(rule.when in {"wait", "closing"} for queue in asked for rule in rules.queues[queue].on_entry)


async def _house(connection: Connection) -> _House:
    return _House(
        languages=tuple(await connection.fetchval(_LANGUAGES) or ("en",)),
        offices={row["code"]: ZoneInfo(row["timezone"]) for row in await connection.fetch(_OFFICES)},
    )


def _at_the_door(contact: Rehearsed, info: Info, house: _House) -> Rehearsed:
    """With what is taken for granted of one who really comes. An office binds only who is called there by number."""
    if contact.language is not None and contact.language not in house.languages:
        raise _unknown("language", f"The language {contact.language!r} is not spoken here.")
    if contact.office is not None and contact.office not in house.offices:
        raise _unknown("office", f"There is no office {contact.office!r}.")
    office = contact.office or next(iter(house.offices), None)
    return replace(contact, language=contact.language or house.languages[0], office=office if info.numbered else None)


def _unknown(field: str, detail: str, *, code: str | None = None) -> Invalid:
    where = {"where": f"body.contact.{field}", "detail": detail}
    return Invalid(detail, code=code or f"unknown_{field}", errors=[where])


def _known(contact: Rehearsed, rules: Rules) -> tuple[Info, str]:
    """The channel, and the queue that is asked for."""
    channel = registry.current().get(contact.channel)
    if channel is None:
        raise _unknown("channel", f"There is no channel {contact.channel!r}.")
    if contact.request is not None and contact.request not in rules.requests:
        raise _unknown("request_type", f"There is no request type {contact.request!r}.")
    queue = contact.queue or (rules.requests[contact.request].queue if contact.request is not None else None)
    if queue is None or queue not in rules.queues:
        raise _unknown("queue", f"There is no queue {queue!r}.")
    for reason in contact.reasons:
        if reason not in rules.reasons:
            detail = f"There is no reason {reason!r} for a head start."
            raise _unknown("head_starts", detail, code="unknown_reason")
    return channel.info, queue


async def _look(
    connection: Connection, rules: Rules, past: Past, calendar: Calendar, *, at: datetime, live: bool
) -> tuple[Look, frozenset[str]]:
    """How the queues stood. Of the past, neither what was said of a closing nor what was told of the wait is on record."""
    if live:
        closed, queues = await read_queues(connection, rules, calendar, at=at)
        return lambda queue: queues.get(queue, QueueNow()), closed
    shut = shut_by_hand(rules, await closed_at(connection, at))
    return lambda queue: _stood(queue, past, calendar, shut.get(queue), at=at), frozenset(shut)


def _stood(queue: str, past: Past, calendar: Calendar, shut: Shut | None, *, at: datetime) -> QueueNow:
    opening = calendar.opening(queue, at)
    if shut is not None:
        opening = Opening(open=False, opens_at=calendar.next_opening(queue, after=shut.until))
    return QueueNow(
        waiting=sum(each.needs.queue == queue for each in past.waiting),
        on_shift=sum(queue in each.queues for each in (*past.staff, *past.pulling)),
        open=opening.open,
        opens_at=opening.opens_at,
        closes_in_seconds=None if opening.closes_at is None else opening.closes_at - at.timestamp(),
    )


async def _record(connection: Connection, contact: Rehearsed) -> Record:
    customer_id = contact.customer_id
    if contact.case_id is not None and customer_id is None:
        customer_id = await connection.fetchval(_CASE, contact.case_id)
    if customer_id is None and contact.case_id is None:
        return Record()
    found = await on_record(connection, {0: Person(customer_id, contact.case_id)})
    return found.get(0, Record())


def _filed(
    rules: Rules,
    contact: Rehearsed,
    info: Info,
    queue: str,
    record: Record,
    *,
    at: datetime,
    identity: UUID,
) -> Filing:
    comer = Contact(
        id=identity,
        request=contact.request,
        channel=contact.channel,
        live=info.live,
        units=info.units,
        language=contact.language,
        office=contact.office,
        arrived=at.timestamp(),
        head_start_seconds=sum(rules.reasons[reason].seconds for reason in set(contact.reasons)),
        preferred=record.preferred,
    )
    return file(rules, comer, queue=queue)


async def _wait(connection: Connection, waiting: Waiting, queue: str, *, at: datetime) -> Wait | None:
    due = datetime.fromtimestamp(waiting.due, tz=at.tzinfo)
    found = await places(connection, [Waits(due_at=due, id=waiting.id, queue=queue)])
    return found[waiting.id].wait

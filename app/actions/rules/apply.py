"""Make the service say what a configuration file says.

Decides what differs and writes just that, so a second run finds nothing. Who we are, where, and who works holds at once; the
rules become a draft, or are published in the same step where that is asked for or nothing was live yet. People are never
deleted: who is no longer in the file is retired.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance, locked
from app.actions.representatives.presence import set_presence
from app.actions.rules.changes import changes as rules_changes
from app.actions.rules.rows import Change, Fields, Wanted, compared, differing, remove, stored, write
from app.actions.rules.tables import bring_in
from app.actions.rules.versions import alone, draft, live_row, publish, read_row
from app.configuration import Configuration
from app.errors import Conflict
from app.security import Actor
from app.tables import Office, Organisation, Representative, RuleSet
from routing.lifecycle import NEW

STAFF_FACTS = ("skills", "languages", "queues", "groups", "office", "capacity", "pull")
"""What of a representative decides what they are given: told with every change, so that a past floor can be made again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Differences:
    """What a file says otherwise than the service: who we are and where, the rules, who works."""

    places: list[Change]
    rules: list[Change]
    staff: list[Change]
    live: int
    """The version of the rules that the file was compared with; 0 = none was ever published."""
    drafted: int | None = None
    """A draft that says what the file says."""
    published: bool = False

    @property
    def all(self) -> list[Change]:
        """In the order in which a file tells them."""
        return [*self.places, *self.rules, *self.staff]

    def to_do(self, *, publish: bool) -> bool:
        """Whether anything is left to do: rules that are drafted already wait for nobody but who publishes them."""
        waiting = self.rules and (publish or self.drafted is None)
        return bool(self.places or self.staff or waiting)


async def differences(session: AsyncSession, wanted: Configuration) -> Differences:
    """What `apply` would do now. Writes nothing."""
    live = await live_row(session)
    places = compared("organisation", await _organisations(session), {"1": _organisation(wanted)})
    rules = rules_changes(live.document if live else {}, wanted.rules_document)
    return Differences(
        places=places + compared("office", await stored(session, Office), _offices(wanted)),
        rules=rules,
        staff=_staff_changes(await stored(session, Representative), _representatives(wanted)),
        live=live.version if live else 0,
        drafted=await _same_draft(session, wanted, live) if rules else None,
    )


async def apply(
    session: AsyncSession, wanted: Configuration, *, publish: bool = False, actor: Actor, now: datetime
) -> Differences:
    """Write every difference, all or nothing, and tell which they were and what became of the rules.

    Raises Conflict: `still_named` for a removal that something stands against, `rules_moved_on` where the rules differ and
    the file was made from another version than the live one, `publish_needed` where who we are needs rules that are not
    live. Two at once wait for each other.
    """
    await alone(session)
    found = await differences(session, wanted)
    if found.rules and found.live and wanted.rules_version not in (None, found.live):
        raise Conflict(
            f"The file was made from version {wanted.rules_version} of the rules, and version {found.live} is live now:"
            " look at what changed, bring it into the file, and name that version.",
            code="rules_moved_on",
        )
    at_once = publish or not found.live
    if not at_once:
        _speakable(wanted, await live_row(session))
    offices = [change for change in found.places if change.what == "office"]
    if len(offices) < len(found.places):
        await session.merge(Organisation(id=1, **_organisation(wanted)))
        await session.flush()
    await write(session, Office, _offices(wanted), offices)
    found = await _bring_rules(session, wanted, found, at_once=at_once, actor=actor, now=now)
    staff = _representatives(wanted)
    for change in found.staff:
        await _write_one(session, change, staff.get(change.code, {}), actor=actor, now=now)
    await session.flush()
    await remove(session, Office, offices)
    return found


async def _bring_rules(
    session: AsyncSession, wanted: Configuration, found: Differences, *, at_once: bool, actor: Actor, now: datetime
) -> Differences:
    """The rules of the file as a draft or live; where they are live already, the tables follow the offices' time zones."""
    if not found.rules:
        live = await live_row(session)
        if live is not None and found.places:
            await bring_in(session, read_row(live), actor=actor, now=now)
        return found
    version = found.drafted
    if version is None:
        version = (await draft(session, wanted.rules_document, note="applied", actor=actor, now=now)).version
    if at_once:
        await publish(session, version, actor=actor, now=now)
    return replace(found, drafted=version, published=at_once)


def _speakable(wanted: Configuration, live: RuleSet | None) -> None:
    """Who we are holds at once, so it may need nothing that only a draft has."""
    rules = read_row(live) if live else wanted.rules
    said = wanted.organisation
    languages = [name for name in said.languages if any(name not in kind.labels for kind in rules.requests.values())]
    default = said.default_request_type
    unknown = [default] if default is not None and default not in rules.requests else []
    if languages or unknown:
        raise Conflict(
            f"The organisation names {', '.join([*languages, *unknown])}, which the live rules have no words for:"
            " publish the rules in the same step.",
            code="publish_needed",
        )


async def _same_draft(session: AsyncSession, wanted: Configuration, live: RuleSet | None) -> int | None:
    """The newest draft upon what is live that says what the file says."""
    drafts = select(RuleSet).where(RuleSet.state == "draft", RuleSet.based_on == (live.version if live else 0))
    for row in await session.exec(drafts.order_by(col(RuleSet.version).desc())):
        if not rules_changes(row.document, wanted.rules_document):
            return row.version
    return None


async def _write_one(session: AsyncSession, change: Change, fields: Fields, *, actor: Actor, now: datetime) -> None:
    """One representative, with the event that tells of it. Events name fields and codes: names stay out of them."""
    if change.kind == "added":
        row = Representative(
            code=change.code, presence=NEW, presence_at=now, idle_since=now, version=0,
            ceiling=fields["capacity"], **fields,
        )  # fmt: skip
        advance(session, row, "joined", now=now, actor=actor, data={"staff": _facts(row)})
        return
    if change.kind == "retired":
        await set_presence(session, change.code, status="offline", reason="retired", actor=actor, now=now)
    row = await locked(session, Representative, change.code)
    for name, (_, value) in change.fields.items():
        setattr(row, name, value)
    row.ceiling = max(row.capacity, row.units)  # a lowered capacity drains: what is held stays held
    row.retired = change.kind == "retired"
    named = ["retired"] if change.kind in {"retired", "returned"} else []
    told = {"fields": [*named, *sorted(change.fields)], "staff": _facts(row)}
    advance(session, row, "changed", now=now, actor=actor, data=told)


def _facts(row: Representative) -> dict[str, Any]:
    return {name: getattr(row, name) for name in STAFF_FACTS}


def _staff_changes(known: Wanted, wanted: Wanted) -> list[Change]:
    """As `compared`, but people are retired and return."""
    changes = []
    for change in compared("representative", known, wanted):
        if change.kind != "removed":
            changes.append(change)
        elif not known[change.code]["retired"]:
            changes.append(Change(kind="retired", what=change.what, code=change.code))
    for code, fields in wanted.items():
        if code in known and known[code]["retired"]:
            changes = [change for change in changes if change.code != code]
            fields_changed = differing(known[code], fields)
            changes.append(Change(kind="returned", what="representative", code=code, fields=fields_changed))
    return changes


async def _organisations(session: AsyncSession) -> Wanted:
    return {str(row.id): row.model_dump() for row in await session.exec(select(Organisation))}


def _organisation(wanted: Configuration) -> Fields:
    said = wanted.organisation
    return {
        "name": said.name,
        "languages": list(said.languages),
        "default_request_type": said.default_request_type,
    }


def _offices(wanted: Configuration) -> Wanted:
    return {
        code: {"name": office.name, "timezone": office.timezone, "place": place}
        for place, (code, office) in enumerate(wanted.offices.items())
    }


def _representatives(wanted: Configuration) -> Mapping[str, Fields]:
    listed = {code: person.model_dump() for code, person in wanted.representatives.items()}
    return {
        code: {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
        for code, fields in listed.items()
    }

"""Versions of the rules: drafted, published, discarded, rolled back.

Decides what may become of a version and when. A draft is published only over the rules it was based on, so nobody's change
is lost under another's; what is live is never changed, only followed by the next version. Whoever changes the rules waits
for whoever is doing so already. Never decides what a document may say: `routing.rules` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app import registry
from app.actions.cases.playbooks import publish_playbooks
from app.actions.record import advance
from app.actions.rules.recompute import Recomputed, file_anew
from app.actions.rules.tables import bring_in
from app.configuration.references import rule_references
from app.errors import Conflict, Invalid, NotFound
from app.security import Actor
from app.tables import Organisation, RuleSet
from routing.lifecycle import NEW, RULES
from routing.rules import Fault, Rules, faults, read

RULES_LOCK: Final = 7_262_265
"""Held by whoever changes the configuration, to the end of their transaction."""
MOST_BYTES: Final = 1_000_000
MOST_DRAFTS: Final = 50
MOST_FAULTS: Final = 100
"""Told at once; a document that is wrong in more places is looked at again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """The version that is live now, and how many of those who wait were filed anew under it."""

    row: RuleSet
    recomputed: Recomputed


async def draft(
    session: AsyncSession,
    document: Mapping[str, Any],
    *,
    based_on: int | None = None,
    note: str | None = None,
    actor: Actor,
    now: datetime,
) -> RuleSet:
    """A new version that nothing goes by yet. `based_on`: the live version its author had in view; None = the one now.

    Raises `Invalid` (`wrong_rules`, with every fault), `Conflict` (`rules_moved_on`, `too_many_drafts`).
    """
    await check(session, document)
    await alone(session)
    live = await live_row(session)
    _still(live, live_number(live) if based_on is None else based_on)
    if await _count_drafts(session) >= MOST_DRAFTS:
        raise Conflict(f"There are {MOST_DRAFTS} drafts already: discard some first.", code="too_many_drafts")
    return await _drafted(session, document, live, note=note, actor=actor, now=now, data={})


async def publish(
    session: AsyncSession, version: int, *, recompute: bool = False, actor: Actor, now: datetime
) -> Published:
    """The draft becomes what holds from now on; what was live is past. What is live already stays as it is.

    `recompute`: also file anew those who wait and entered with other rules, a bounded number at a time: where
    `recomputed.left` is not 0, ask again. Raises `NotFound`, `Conflict` (`not_a_draft`, `rules_moved_on`, `still_named`).
    """
    await alone(session)
    row = await find(session, version)
    if row.state != "live":
        _only_a_draft(row, "published")
        await _put_in_force(session, row, actor=actor, now=now)
    recomputed = await file_anew(session, read_row(row), actor=actor, now=now) if recompute else Recomputed()
    return Published(row=row, recomputed=recomputed)


async def discard(session: AsyncSession, version: int, *, actor: Actor, now: datetime) -> RuleSet:
    """A draft nobody wants. Again: the same row, nothing written. Raises `NotFound`, `Conflict` (`not_a_draft`)."""
    await alone(session)
    row = await find(session, version)
    if row.state != "discarded":
        _only_a_draft(row, "discarded")
        advance(session, row, "discarded", now=now, actor=actor)
        await session.flush()
    return row


async def roll_back(session: AsyncSession, version: int, *, actor: Actor, now: datetime) -> RuleSet:
    """What was live once is live again, as a new version. The live version itself stays as it is.

    Raises `NotFound`, `Conflict` (`never_live`, `still_named`), `Invalid` (`wrong_rules`: what was right once, no more).
    """
    await alone(session)
    wanted = await find(session, version)
    if wanted.state == "live":
        return wanted
    if wanted.state != "past":
        raise Conflict(f"Version {version} of the rules was never live.", code="never_live")
    await check(session, wanted.document)
    row = await _drafted(
        session, wanted.document, await live_row(session), note=wanted.note, actor=actor, now=now,
        data={"rolled_back_to": version},
    )  # fmt: skip
    await _put_in_force(session, row, actor=actor, now=now)
    return row


async def check(session: AsyncSession, document: Mapping[str, Any]) -> None:
    """Raises `Invalid` (`wrong_rules`) with every mistake of the document, and (`too_large`) where it is too long."""
    try:
        size = len(orjson.dumps(document))
    except TypeError:  # a whole number beyond 64 bits, a date of TOML
        raise _wrong((Fault(path=(), reason="holds a value that JSON cannot"),)) from None
    if size > MOST_BYTES:
        raise Invalid(f"The rules may have at most {MOST_BYTES} bytes as JSON.", code="too_large")
    if found := faults(document):
        raise _wrong(found)
    rules = read(document)
    if found := tuple(_channels(rules)):
        raise _wrong(found)
    languages = (await session.exec(select(Organisation.languages))).first()
    if languages is not None and (found := tuple(rule_references(rules, languages=languages))):
        raise _wrong(found)


def _channels(rules: Rules) -> Iterator[Fault]:
    """What is said of channels that are not there, or cannot mean anything for the kind of work they bring."""
    for name, rule in rules.channels.items():
        channel = registry.current().get(name)
        if channel is None:
            there = ", ".join(registry.current())
            yield Fault(path=("channels", name), reason=f"there is no such channel, only {there}")
        elif rule.interrupts and not channel.info.live:
            yield Fault(path=("channels", name, "interrupts"), reason="is for live work only, and this is written")
        elif rule.beside_live and channel.info.live:
            yield Fault(path=("channels", name, "beside_live"), reason="is for written work only, and this is live")


async def alone(session: AsyncSession) -> None:
    """Wait for whoever changes the configuration now, and keep others waiting until this transaction ends."""
    await session.exec(select(func.pg_advisory_xact_lock(RULES_LOCK)))


async def find(session: AsyncSession, version: int) -> RuleSet:
    """The row of a version, read anew; raises `NotFound` (`unknown_rules`)."""
    row = await session.get(RuleSet, version, populate_existing=True)
    if row is None:
        raise NotFound(f"There are no rules of version {version}.", code="unknown_rules")
    return row


async def live_row(session: AsyncSession) -> RuleSet | None:
    """The row of what is live, read anew; None = nothing was ever published."""
    found = await session.exec(select(RuleSet).where(RuleSet.state == "live").execution_options(populate_existing=True))
    return found.one_or_none()


def live_number(live: RuleSet | None) -> int:
    """Its version; 0 = nothing was ever published."""
    return live.version if live is not None else 0


async def _drafted(
    session: AsyncSession,
    document: Mapping[str, Any],
    live: RuleSet | None,
    *,
    note: str | None,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any],
) -> RuleSet:
    last = (await session.exec(select(func.max(RuleSet.version)))).one()
    row = RuleSet(
        version=(last or 0) + 1,
        state=NEW,
        document=dict(document),
        based_on=live_number(live),
        note=note,
        made_by=actor.label,
        made_at=now,
    )
    advance(session, row, "drafted", now=now, actor=actor, data={"based_on": row.based_on, **data})
    await session.flush()
    return row


async def _put_in_force(session: AsyncSession, row: RuleSet, *, actor: Actor, now: datetime) -> None:
    live = await live_row(session)
    _still(live, row.based_on)
    at = max(now, row.made_at)
    if live is not None:
        at = max(at, live.published_at or at)
        advance(session, live, "superseded", now=at, actor=actor, data={"by": row.version})
        await session.flush()  # never two live at once, not for a moment
    row.published_at, row.published_by = at, actor.label
    advance(session, row, "published", now=at, actor=actor, data={"supersedes": live_number(live)})
    await session.flush()
    rules = read_row(row)
    await bring_in(session, rules, actor=actor, now=now)
    await publish_playbooks(session, rules, now=at)


def read_row(row: RuleSet) -> Rules:
    """The rules of a row."""
    return read(row.document, version=row.version)


def _still(live: RuleSet | None, based_on: int) -> None:
    if live_number(live) != based_on:
        raise Conflict(
            f"Version {live_number(live)} of the rules is live now, and this was based on {based_on}:"
            " look at what changed, and draft it anew.",
            code="rules_moved_on",
        )


def _only_a_draft(row: RuleSet, done: str) -> None:
    if not RULES.allows(row.state, done):
        raise Conflict(
            f"Version {row.version} of the rules is {row.state}: only a draft is {done}.", code="not_a_draft"
        )


async def _count_drafts(session: AsyncSession) -> int:
    return (await session.exec(select(func.count()).where(RuleSet.state == "draft"))).one()


def _wrong(found: tuple[Fault, ...]) -> Invalid:
    told = [{"path": ".".join(fault.path), "reason": fault.reason} for fault in found[:MOST_FAULTS]]
    return Invalid(str(found[0]), code="wrong_rules", members={"faults": told})

"""The clocks of a case as the log is followed: what starts, pauses, meets and ends them.

Decides nothing about what an event means: `routing.resolution.clocks` does. Facts count from when they happened, not from when
they were heard. A first response covers all that the customer says until then; after it, the oldest message that was not
answered counts. A case that opens again has a new clock for its resolution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.clocks.rows import OPEN, Clocks
from app.actions.heard import Heard
from app.actions.touches.count import turns_of
from app.queries.cases.clocks import still_waits, taken_back, unanswered
from app.queries.cases.families import family
from app.tables import Case
from routing.resolution.clocks import ENDS_OF, RESPONSES, ClockKind, Meaning, meaning
from routing.rules import Rules

_ALL: tuple[ClockKind, ...] = (*RESPONSES, "resolution")


async def heed(session: AsyncSession, heard: Sequence[Heard], rules: Rules, now: datetime) -> None:
    """Move the clocks of every case these events say something about."""
    turns = {_name(turn.heard) for turn in await turns_of(session, heard) if turn.kind != "asked" and not turn.first}
    said = [(each, found) for each in heard if (found := _meaning(each)) is not None or _name(each) in turns]
    if not said:
        return
    clocks = await Clocks.of(session, await _cases(session, [each for each, _ in said]), rules, now)
    for each, found in said:
        if _name(each) in turns:
            _turn(clocks, each)
        if found is not None and not (each.event.kind in ENDS_OF and await taken_back(session, each.event)):
            await _DO[found](session, clocks, each)
    await clocks.save()


def _name(heard: Heard) -> tuple[str, int]:
    return heard.event.subject_id, heard.event.version


def _meaning(heard: Heard) -> Meaning | None:
    live = heard.interaction is not None and heard.interaction.live
    return meaning(heard.event.subject, heard.event.kind, live=live)


async def _cases(session: AsyncSession, heard: Sequence[Heard]) -> list[Case]:
    """Those the events are about, and those that stand for them now; all of them are locked."""
    own = {UUID(each.event.subject_id) for each in heard if each.event.subject == "case"}
    rows = {each.case.id: each.case for each in heard}
    for case_id in own - rows.keys():
        rows[case_id] = await session.get_one(Case, case_id)
    return list(rows.values())


def _turn(clocks: Clocks, heard: Heard) -> None:
    """The customer waits for an answer, if they do not yet."""
    case = heard.case
    if not clocks.going(case, RESPONSES) and not clocks.owed(case, RESPONSES):
        clocks.start(case, "next_response", heard.event.at)


async def _begins(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    """The first time it is known in which line it stands. Its clocks count from its opening all the same."""
    case, answered = heard.case, heard.case.first_answer_at
    case.clocks_version = max(case.clocks_version, clocks.rules.version)
    if case.queue is None or case.merged_into is not None:
        return
    if not clocks.had(case, "first_response") and (answered is None or answered >= heard.event.at):
        clocks.start(case, "first_response", case.opened_at)
    if not clocks.had(case, "resolution"):
        clocks.start(case, "resolution", case.opened_at)


async def _returns(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    _turn(clocks, heard)


async def _answers(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    clocks.meet(heard.case, RESPONSES, heard.event.at)


async def _gives_up(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    """Who has gone waits for no answer, unless another contact of theirs does."""
    await _begins(session, clocks, heard)
    assert heard.interaction is not None, "contacts give up, not cases"
    ids = await family(session, heard.case.id)
    if not await still_waits(session, ids, but=heard.interaction.id):
        clocks.stop(heard.case, RESPONSES, heard.event.at)


async def _awaits(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    clocks.pause(heard.case, heard.event.at)


async def _goes_on(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    clocks.resume(heard.case, heard.event.at)


async def _solves(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    clocks.meet(heard.case, ["resolution"], heard.event.at)
    clocks.stop(heard.case, RESPONSES, heard.event.at)


async def _opens_again(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    clocks.start(heard.case, "resolution", heard.event.at)


async def _merges(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    """The survivor's clocks count for both; an answer that is owed is owed there."""
    merged, at = clocks.case(UUID(heard.event.subject_id)), heard.event.at
    if merged.id == heard.case.id:  # it was undone before this was heard
        return
    owes = clocks.going(merged, RESPONSES) or clocks.owed(merged, RESPONSES)
    clocks.stop(merged, _ALL, at)
    if owes:
        _turn(clocks, heard)


async def _stands_alone(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    case = clocks.case(UUID(heard.event.subject_id))
    if case.merged_into is None and case.state in OPEN:
        clocks.start(case, "resolution", heard.event.at)
        if case.state == "awaiting_customer":
            clocks.pause(case, heard.event.at)


async def _leaves(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    """Who waited may wait elsewhere from now on."""
    if await unanswered(session, await family(session, heard.case.id)) is None:
        clocks.stop(heard.case, RESPONSES, heard.event.at)


async def _joins(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    """Who comes here and was not answered has waited since they turned to us."""
    case, came = heard.case, [UUID(each) for each in heard.event.data["interactions"]]
    since = await unanswered(session, await family(session, case.id), only=came)
    if since is not None and not clocks.going(case, RESPONSES) and not clocks.owed(case, RESPONSES):
        clocks.start(case, "next_response", max(since, case.opened_at))


async def _changes(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    clocks.measure_anew(heard.case)


async def _forgets(session: AsyncSession, clocks: Clocks, heard: Heard) -> None:
    """Nobody is there any more who could be answered late."""
    clocks.stop(heard.case, _ALL, heard.event.at)


class _Do(Protocol):
    async def __call__(self, session: AsyncSession, clocks: Clocks, heard: Heard) -> None: ...


_DO: Mapping[Meaning, _Do] = {
    "begins": _begins,
    "returns": _returns,
    "answers": _answers,
    "gives_up": _gives_up,
    "awaits": _awaits,
    "goes_on": _goes_on,
    "solves": _solves,
    "opens_again": _opens_again,
    "merges": _merges,
    "stands_alone": _stands_alone,
    "changes": _changes,
    "forgets": _forgets,
    "leaves": _leaves,
    "joins": _joins,
}

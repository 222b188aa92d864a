"""`/v1/interactions/{id}/trace`: why it went where it went, and why it is still waiting. Decides nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app import convert
from app.api.shapes import InteractionState, PathId, WaitShape
from app.db import now
from app.deps import ActorDep, Guarded, ReadingDep
from app.queries import interactions
from app.queries.explained import trace
from app.queries.explained.verdicts import Verdict
from routing.explain import Change, Reason, Standing
from routing.model import Instant, Ranked, Trace

router = APIRouter(prefix="/v1/interactions", tags=["interactions"], route_class=Guarded)


class RankedView(BaseModel):
    """One who could take it, with the keys they were sorted by: smaller is asked first, preferred before all."""

    representative: str
    preferred: bool
    scarcity: Annotated[float, Field(description="How much they are needed elsewhere: 100 for the last who is free.")]
    load: Annotated[float, Field(description="The share of their capacity they held.")]
    idle_since: datetime


class TraceView(BaseModel):
    """Why an offer fell as it did."""

    rules: Annotated[int, Field(description="The version it waited by; 0 = none was ever published.")]
    step: Annotated[int, Field(description="How many steps had passed.")]
    chosen: RankedView
    runners_up: Annotated[list[RankedView], Field(description="At most five, best first.")]
    ruled_out: Annotated[dict[str, int], Field(description="How many each reason ruled out, by the first that did.")]


class OfferView(BaseModel):
    """One offer, and how it ended."""

    assignment: UUID
    representative: str
    offered_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    reason: str | None
    by: Annotated[str | None, Field(description="Who gave it by hand; null: the matcher did.")]
    override: Annotated[str | None, Field(description="Why by hand past a limit.")]
    trace: Annotated[TraceView | None, Field(description="Null where it was given by hand.")]


class StepView(BaseModel):
    """One stage of its needs. Number 0 is what it entered with."""

    number: int
    at: datetime | None
    state: Annotated[str, Field(description="inactive, active, expired or matched.", examples=["active"])]
    needs: dict[str, Any]


class RuledOutView(BaseModel):
    """One reason, and whom it rules out; of many only the first."""

    reason: Reason
    count: int
    representatives: list[str]


class StandingView(BaseModel):
    """Why it is not offered to anybody at this moment."""

    step: int
    needs: dict[str, Any]
    overdue_seconds: Annotated[float, Field(description="Negative while its due time is ahead.")]
    rests_until: datetime | None
    held_for: str | None
    held_until: datetime | None
    next_step_at: datetime | None
    next_needs: dict[str, Any] | None
    excluded_until: datetime | None
    changes: Annotated[
        list[Change], Field(description="What would have to change for it to be offered; any one may be enough.")
    ]
    able: Annotated[list[str], Field(description="Who could take it this moment, but for those before it in line.")]
    pulling: Annotated[
        list[str], Field(description="Who could, should they ask for the next one: they are never offered anything.")
    ]
    ruled_out: list[RuledOutView]


class WaitingView(StandingView):
    """How one who waits stands now."""

    position: int
    wait: WaitShape | None


class VerdictView(BaseModel):
    """One representative: `reason` null means that they could take it, and `ranked` says how they were sorted."""

    representative: str
    reason: Reason | None
    ranked: RankedView | None


class ReplayView(BaseModel):
    """One offer in full: everybody who was there then, best first, then those who could not take it, by reason."""

    assignment: UUID
    at: datetime
    agrees: Annotated[bool, Field(description="The replay chooses the same one.")]
    approximate: Annotated[bool, Field(description="Something of then is not on record and was taken as it is now.")]
    representatives: list[VerdictView]


class StoryView(BaseModel):
    """Every offer, the newest first; every step; how it stands while it waits; and one offer replayed, if asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01999999-0000-7000-8000-000000000001",
                    "state": "queued",
                    "rules": 3,
                    "offers": [],
                    "more": False,
                    "steps": [{"number": 0, "at": None, "state": "active", "needs": {"queue": "claims"}}],
                    "exhausted": None,
                    "exhausted_at": None,
                    "escalated_at": None,
                    "waiting": {
                        "step": 0,
                        "needs": {"queue": "claims", "skills": {"claims": 2}, "language": "te"},
                        "overdue_seconds": -41.5,
                        "rests_until": None,
                        "held_for": None,
                        "held_until": None,
                        "next_step_at": "2027-01-31T09:01:00Z",
                        "next_needs": {"queue": "claims", "skills": {"claims": 1}, "language": "te"},
                        "excluded_until": None,
                        "changes": ["free", "next_step"],
                        "able": [],
                        "pulling": [],
                        "ruled_out": [
                            {"reason": "language", "count": 2, "representatives": ["ayesha", "bilal"]},
                            {"reason": "busy", "count": 1, "representatives": ["chandra"]},
                        ],
                        "position": 1,
                        "wait": {"low_seconds": 60, "high_seconds": 240},
                    },
                    "replay": None,
                }
            ]
        }
    )

    id: UUID
    state: InteractionState
    rules: int
    offers: list[OfferView]
    more: Annotated[bool, Field(description="There were earlier offers than the 200 told.")]
    steps: list[StepView]
    exhausted: Annotated[str | None, Field(description="What is done once no step has helped.")]
    exhausted_at: datetime | None
    escalated_at: datetime | None
    waiting: WaitingView | None
    replay: ReplayView | None


@router.get("/{id}/trace", response_model=StoryView, summary="Why it went where it went, or why it still waits")
async def read(
    interaction_id: PathId,
    session: ReadingDep,
    actor: ActorDep,
    at: Annotated[UUID | None, Query(description="An assignment of it: replay that offer with everybody.")] = None,
) -> dict[str, Any]:
    """Ids, codes and numbers only. With `at` the log is replayed to the moment of that offer, which may take a second."""
    # One snapshot for all of it: a replay compares rows with their events.
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
    await interactions.may_read(session, interaction_id, reader=actor.representative)
    connection = await interactions.raw(session)
    found = await trace.story(connection, interaction_id, now=await now(session))
    replayed = await trace.replay(connection, interaction_id, at) if at is not None else None
    return {
        "id": found.id,
        "state": found.state,
        "rules": found.rules,
        "offers": [_offer(each) for each in found.offers],
        "more": found.more,
        "steps": [_fields(each) for each in found.steps],
        "exhausted": found.exhausted,
        "exhausted_at": found.exhausted_at,
        "escalated_at": found.escalated_at,
        "waiting": _live(found.live) if found.live is not None else None,
        "replay": _replay(replayed) if replayed is not None else None,
    }


def traced(found: Trace) -> dict[str, Any]:
    """A trace as it is shown."""
    return {
        "rules": found.rules,
        "step": found.step,
        "chosen": ranked(found.chosen),
        "runners_up": [ranked(each) for each in found.runners_up],
        "ruled_out": dict(found.ruled_out),
    }


def ranked(found: Ranked) -> dict[str, Any]:
    """One who could take it, as they are shown."""
    return {**found._asdict(), "idle_since": moment(found.idle_since)}


def judged(found: Verdict) -> dict[str, Any]:
    """A verdict as it is shown."""
    return {**_fields(found), "ranked": ranked(found.ranked) if found.ranked is not None else None}


def stood(found: Standing) -> dict[str, Any]:
    """How one who waits stands, as it is shown."""
    next_needs = found.next_needs
    return {
        "step": found.step,
        "needs": convert.needs_document(found.needs),
        "overdue_seconds": round(found.overdue_seconds, 3),
        "rests_until": moment(found.rests_until),
        "held_for": found.held_for,
        "held_until": moment(found.held_until),
        "next_step_at": moment(found.next_step_at),
        "next_needs": convert.needs_document(next_needs) if next_needs is not None else None,
        "excluded_until": moment(found.excluded_until),
        "changes": list(found.changes),
        "pulling": list(found.pulling),
        "able": list(found.able),
        "ruled_out": [{**_fields(each), "representatives": list(each.representatives)} for each in found.ruled_out],
    }


def moment(instant: Instant | None) -> datetime | None:
    """A point in time as it is shown."""
    return None if instant is None else datetime.fromtimestamp(instant, tz=UTC)


def _offer(found: trace.Offered) -> Mapping[str, Any]:
    return {**_fields(found), "trace": traced(found.trace) if found.trace is not None else None}


def _live(found: trace.Live) -> Mapping[str, Any]:
    wait = found.place.wait
    return {
        **stood(found.standing),
        "position": found.place.position,
        "wait": {"low_seconds": wait.low_seconds, "high_seconds": wait.high_seconds} if wait is not None else None,
    }


def _replay(found: trace.Replayed) -> Mapping[str, Any]:
    told = _fields(found)
    return {**told, "representatives": [judged(each) for each in told.pop("verdicts")]}


def _fields(value: Any) -> dict[str, Any]:
    """The fields of a slotted value, one level deep."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}

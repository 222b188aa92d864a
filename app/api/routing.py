"""`/v1/routing/dry-run`: who would get a contact that never came. Decides nothing and changes nothing."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app import convert
from app.api.shapes import Code, Given, Language, Moment, WaitShape
from app.api.trace import StandingView, TraceView, VerdictView, judged, moment, stood, traced
from app.db import now
from app.deps import Guarded, ReadingDep
from app.errors import Invalid
from app.queries.explained.rehearsal import Answer, Rehearsed, rehearse
from app.queries.interactions import raw
from app.queries.rules import live_rules, rules_of
from routing.entry import Admission, Filing

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing was recorded before; and the first days of the calendar have no name in other zones."""

router = APIRouter(prefix="/v1/routing", tags=["rules"], route_class=Guarded)


class TriedContact(Given):
    """A contact as it might come: a request type, or a queue."""

    channel: Annotated[Code, Field(examples=["phone"])]
    request_type: Annotated[Code | None, Field(examples=["claim"])] = None
    queue: Code | None = None
    language: Annotated[
        Language | None, Field(description="Null: the first language of the house, as at the door.", examples=["te"])
    ] = None
    office: Annotated[
        Code | None,
        Field(description="Where one comes who gets a number; null: the first office. Others are served anywhere."),
    ] = None
    head_starts: Annotated[
        list[Code], Field(max_length=16, description="Reasons, taken for granted whatever their share of the day.")
    ] = Field(default_factory=list)
    customer_id: Annotated[UUID | None, Field(description="Whom this customer must not meet counts.")] = None
    case_id: Annotated[UUID | None, Field(description="Who served this case last is preferred.")] = None

    @model_validator(mode="after")
    def _says_what_for(self) -> "TriedContact":
        if (self.request_type is None) == (self.queue is None):
            raise ValueError("say either `request_type` or `queue`")
        return self


class DryRun(Given):
    """One contact, when, and by which rules."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "contact": {"channel": "phone", "request_type": "claim", "language": "te"},
                    "at": "2027-01-31T09:00:00Z",
                    "rules": 4,
                }
            ]
        }
    )

    contact: TriedContact
    at: Annotated[Moment | None, Field(description="A past moment, replayed from the log; null: now.")] = None
    rules: Annotated[
        Literal["live"] | Annotated[int, Field(ge=0, le=2_000_000_000)],
        Field(description="`live`, or the number of a version, drafts too."),
    ] = "live"


class AdmissionView(BaseModel):
    """What would be answered on entry."""

    then: Literal["join", "callback", "turn_away"]
    queue: str
    reason: str | None
    message: str | None
    opens_at: datetime | None
    overflowed_from: str | None


class TriedStep(BaseModel):
    """The needs from a moment on."""

    at: datetime
    needs: dict[str, Any]


class FilingView(BaseModel):
    """How it would wait."""

    due_at: datetime
    head_start_seconds: float
    needs: dict[str, Any]
    steps: list[TriedStep]
    preferred: str | None
    preferred_until: datetime | None
    barred: list[str]
    exhausted: str | None
    exhausted_at: datetime | None
    overflow_to: str | None


class DryRunView(BaseModel):
    """What would happen. `offer` null: nobody gets it at this moment, and `waiting` says why; both null: it is turned away."""

    rules: int
    at: datetime
    admission: AdmissionView
    filing: FilingView | None
    offer: TraceView | None
    waiting: StandingView | None
    position: int | None
    wait: Annotated[WaitShape | None, Field(description="Only for now, where it can be said.")]
    representatives: list[VerdictView]
    approximate: Annotated[bool, Field(description="Something of then is not on record and was taken as it is now.")]


@router.post("/dry-run", response_model=DryRunView, summary="Try a contact without one coming")
async def dry_run(body: DryRun, session: ReadingDep) -> dict[str, Any]:
    """Now or at a past moment, by the live rules or any version: who would get it and why, or why it would wait.

    Nothing is written, and nobody is asked or told anything. A past moment is replayed from the log and may take a second.
    """
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
    moment_now = await now(session)
    if body.at is not None and body.at > moment_now:
        raise Invalid("`at` is yet to come: only what was can be replayed.", code="in_the_future")
    if body.at is not None and body.at < EARLIEST:
        raise Invalid("`at` is before anything was recorded.", code="in_the_past")
    connection = await raw(session)
    rules = await (live_rules(connection) if body.rules == "live" else rules_of(connection, body.rules))
    said = body.contact
    contact = Rehearsed(
        channel=said.channel,
        request=said.request_type,
        queue=said.queue,
        language=said.language,
        office=said.office,
        reasons=said.head_starts,
        customer_id=said.customer_id,
        case_id=said.case_id,
    )
    at = body.at or moment_now
    return _shown(await rehearse(connection, contact, rules=rules, at=at, live=body.at is None))


def _shown(found: Answer) -> dict[str, Any]:
    result = found.judged
    wait = found.wait
    return {
        "rules": found.rules,
        "at": found.at,
        "admission": _admission(found.admission),
        "filing": _filing(found.filing, found) if found.filing is not None else None,
        "offer": traced(result.trace) if result is not None and result.trace is not None else None,
        "waiting": stood(result.standing) if result is not None and result.trace is None else None,
        "position": found.position,
        "wait": {"low_seconds": wait.low_seconds, "high_seconds": wait.high_seconds} if wait is not None else None,
        "representatives": [judged(each) for each in result.verdicts] if result is not None else [],
        "approximate": found.approximate,
    }


def _admission(found: Admission) -> dict[str, Any]:
    return {
        "then": found.then,
        "queue": found.queue,
        "reason": found.reason,
        "message": found.message,
        "opens_at": moment(found.opens_at),
        "overflowed_from": found.overflowed_from,
    }


def _filing(found: Filing, answer: Answer) -> dict[str, Any]:
    return {
        "due_at": moment(found.due),
        "head_start_seconds": found.head_start_seconds,
        "needs": convert.needs_document(found.needs),
        "steps": [{"at": moment(step.deadline), "needs": convert.needs_document(step.needs)} for step in found.steps],
        "preferred": answer.preferred,
        "preferred_until": moment(found.preferred_until) if answer.preferred is not None else None,
        "barred": list(answer.barred),
        "exhausted": found.exhausted,
        "exhausted_at": moment(found.exhausted_at),
        "overflow_to": found.overflow_to,
    }

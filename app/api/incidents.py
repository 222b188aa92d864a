"""`/v1/incidents`: a fault that touches many, from its declaration to its end. Decides nothing: the actions do."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field, StringConstraints

from app.actions.incidents import declare as acts
from app.actions.incidents.attach import attach, detach
from app.actions.incidents.reach import tell
from app.api import answers
from app.api.shapes import After, Code, Given, IfMatch, Language, Limit, Moment, Page, PathId
from app.deps import ActorDep, Guarded, NowDep, OnceDep, OptionalKey, ReadingDep, SessionDep
from app.queries.incidents import incidents
from app.queries.incidents import reach as incidents_reach

router = APIRouter(prefix="/v1/incidents", tags=["incidents"], route_class=Guarded)

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$", min_length=1, max_length=1_000)]
Words = Annotated[
    dict[Language, Text],
    Field(
        min_length=1,
        max_length=20,
        description="As customers hear and read it, by language. Who speaks none of them hears the house's first.",
        examples=[{"en": "Television is out in the north of the town."}],
    ),
]
Codes = Annotated[list[Code], Field(max_length=100)]
IncidentState = Literal["proposed", "declared", "dismissed", "closed"]
Case = Annotated[UUID, Path(alias="case", description="The case.")]


class NewIncident(Given):
    """What it is, and whom it touches: all that is named must fit, what is empty says nothing."""

    words: Words
    request_types: Codes = Field(
        default_factory=list, description="With all that is below them.", examples=[["repair"]]
    )
    areas: Codes = Field(default_factory=list, examples=[["north"]])
    products: Codes = Field(default_factory=list, examples=[["television"]])
    channels: Codes = Field(
        default_factory=list, description="Only where they came; empty: at every door.", examples=[[]]
    )
    since: Annotated[
        Moment | None, Field(description="Cases from then on are about it; four hours ago, where nothing is said.")
    ] = None
    promised_at: Annotated[
        Moment | None, Field(description="When it is expected to be over.", examples=["2027-01-31T18:00:00Z"])
    ] = None


class Declaration(Given):
    """What a surge proposed is one. What is left out stays as it was proposed."""

    words: Words
    request_types: Codes | None = None
    areas: Codes | None = None
    products: Codes | None = None
    channels: Codes | None = None
    since: Moment | None = None
    promised_at: Moment | None = None


class IncidentChange(Given):
    """What is different from now on. The promised time is moved by an update, so that everybody hears of it."""

    words: Words | None = None
    request_types: Codes | None = None
    areas: Codes | None = None
    products: Codes | None = None
    channels: Codes | None = None
    since: Moment | None = None


class News(Given):
    """What everybody who is attached is told now."""

    words: Words
    promised_at: Annotated[Moment | None, Field(description="Another time; left out: it stays.")] = None


class Closing(Given):
    """It is over."""

    words: Words


class Reach(Given):
    """Whom to tell."""

    customers: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class UpdateView(BaseModel):
    """What was told, and whether it has reached everybody. The first is the declaration, the last of a closed one the end."""

    id: UUID
    words: dict[str, str]
    promised_at: datetime | None
    at: datetime
    by: str
    spread_at: datetime | None = Field(description="When all had been told; null: it is under way.")


class IncidentView(BaseModel):
    """A fault that touches many."""

    id: UUID
    state: IncidentState
    words: dict[str, str]
    request_types: list[str]
    areas: list[str]
    products: list[str]
    channels: list[str]
    since: datetime
    promised_at: datetime | None
    made_at: datetime
    made_by: str
    ended_at: datetime | None
    version: int


class WholeIncident(IncidentView):
    """With what was told of it, the newest first, and how many cases are attached."""

    attached: int
    updates: list[UpdateView]


class AttachedView(BaseModel):
    """A case that is about it, was, or may be."""

    id: UUID
    state: str
    request_type: str | None
    area: str | None
    product: str | None
    channel: str | None
    customer_id: UUID | None
    opened_at: datetime
    attached_at: datetime | None
    attached_by: str | None
    detached_at: datetime | None = Field(description="Taken off by hand: never attached by rule again.")
    detached_by: str | None


class LinkView(BaseModel):
    """That a case is about an incident."""

    incident_id: UUID
    case_id: UUID
    attached_at: datetime
    attached_by: str


class LikelyView(BaseModel):
    """A customer who is likely touched and has not called."""

    customer_id: UUID
    case_id: UUID = Field(description="The newest earlier case that says so.")
    request_type: str | None
    area: str | None
    product: str | None
    opened_at: datetime
    told_at: datetime | None = Field(description="When they were told of it; null: not yet.")


class ReachedView(BaseModel):
    """Who is told now or was before, and who cannot be: no way to them is known, or they heard enough today."""

    told: list[UUID]
    not_told: list[UUID]


@router.get("", response_model=Page[IncidentView], summary="Incidents")
async def every(
    session: ReadingDep,
    state: Annotated[IncidentState | None, Query(description="Only these.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """The newest first. `proposed`: a surge of similar contacts did; declare or dismiss it."""
    items, following = await incidents.page(session, state=state, after=after, limit=limit)
    return {"items": items, "next": following}


@router.post("", response_model=WholeIncident, status_code=201, summary="Declare an incident")
async def declare(
    body: NewIncident, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:  # fmt: skip
    """Every door says it within two seconds. Open cases that fit are attached and told; new ones as they come."""
    touched = acts.Touched(
        request_types=body.request_types, areas=body.areas, products=body.products, channels=body.channels
    )
    told = acts.Told(words=body.words, promised_at=body.promised_at)
    row = await acts.declare(session, told, touched, since=body.since, actor=actor, now=now)
    return await once.keep(answers.written(WholeIncident, await incidents.one(session, row.id), status=201))


@router.get("/{id}", response_model=WholeIncident, summary="An incident")
async def one(incident_id: PathId, session: ReadingDep, response: Response) -> dict[str, Any]:
    """With everything that was told of it."""
    found = await incidents.one(session, incident_id)
    response.headers["ETag"] = answers.etag(found["version"])
    return found


@router.patch("/{id}", response_model=WholeIncident, summary="Change what it is or whom it touches")
async def change(
    incident_id: PathId,
    body: IncidentChange,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Doors say the new words; cases that fit now are attached. Who was attached stays, until they are taken off by hand."""
    wanted = acts.Change(words=body.words, touched=_touched(body), since=body.since)
    await acts.change(
        session,
        incident_id,
        wanted,
        actor=actor,
        now=now,
        expect=lambda version: answers.unchanged(if_match, version),
    )
    return await one(incident_id, session, response)


@router.put("/{id}/declaration", response_model=WholeIncident, summary="Declare what was proposed")
async def declaration(
    incident_id: PathId, body: Declaration, session: SessionDep, actor: ActorDep, now: NowDep
) -> dict[str, Any]:
    """It is one, says a person, and what customers are told. Again: as it stands."""
    told = acts.Told(words=body.words, promised_at=body.promised_at)
    wanted = acts.Change(touched=_touched(body), since=body.since)
    await acts.declare_proposed(session, incident_id, told, wanted, actor=actor, now=now)
    return await incidents.one(session, incident_id)


@router.post("/{id}/updates", response_model=WholeIncident, status_code=201, summary="Tell everybody the news")
async def update(
    incident_id: PathId, body: News, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """Each customer who is attached is told once, and what they were promised moves with it."""
    told = acts.Told(words=body.words, promised_at=body.promised_at)
    row = await acts.update(session, incident_id, told, actor=actor, now=now)
    return await once.keep(answers.written(WholeIncident, await incidents.one(session, row.id), status=201))


@router.put("/{id}/closing", response_model=WholeIncident, summary="It is over")
async def closing(
    incident_id: PathId, body: Closing, session: SessionDep, actor: ActorDep, now: NowDep
) -> dict[str, Any]:
    """Everybody is told, and asked whether it is solved for them; who says no is served again. Cases that somebody has in
    hand or looks at, or that another incident troubles, are told and stay open. Again: as it stands."""
    await acts.close(session, incident_id, body.words, actor=actor, now=now)
    return await incidents.one(session, incident_id)


@router.put("/{id}/dismissal", response_model=WholeIncident, summary="What was proposed is none")
async def dismissal(incident_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep) -> dict[str, Any]:
    """Nobody was told. The same surge is not proposed again for six hours."""
    await acts.dismiss(session, incident_id, actor=actor, now=now)
    return await incidents.one(session, incident_id)


@router.get("/{id}/cases", response_model=Page[AttachedView], summary="The cases it is about")
async def cases(
    incident_id: PathId,
    session: ReadingDep,
    possible: Annotated[
        bool, Query(description="Instead: open cases that do not say enough for the rule; a person decides.")
    ] = False,
    after: After = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Attached by rule or by hand, and those that were taken off."""
    items, following = await incidents.cases(session, incident_id, possible=possible, after=after, limit=limit)
    return {"items": items, "next": following}


@router.put("/{id}/cases/{case}", response_model=LinkView, summary="This case is about it")
async def attaching(
    incident_id: PathId, case_id: Case, session: SessionDep, actor: ActorDep, now: NowDep
) -> dict[str, Any]:
    """By hand: also what does not fit, and what was taken off before. Its customer is told at once."""
    return (await attach(session, incident_id, case_id, actor=actor, now=now)).model_dump()


@router.delete("/{id}/cases/{case}", status_code=204, summary="This case is about something else")
async def detaching(incident_id: PathId, case_id: Case, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    """It is told nothing more of it, and never attached by rule again."""
    await detach(session, incident_id, case_id, actor=actor, now=now)
    return Response(status_code=204)


@router.get("/{id}/reach", response_model=Page[LikelyView], summary="Who is likely touched and has not called")
async def likely(
    incident_id: PathId, session: ReadingDep, after: After = None, limit: Limit = 50
) -> dict[str, Any]:  # fmt: skip
    """Customers whose earlier cases name what it touches, each once. A page may hold few or none while `next` is there: it
    looks through a bounded number of cases."""
    items, following = await incidents_reach.likely(session, incident_id, after=after, limit=limit)
    return {"items": items, "next": following}


@router.post("/{id}/reach", response_model=ReachedView, summary="Tell those who have not called")
async def reach(
    incident_id: PathId,
    body: Reach,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    idempotency_key: OptionalKey = None,
) -> dict[str, Any]:
    """Each customer once for an incident, however often it is asked, with a key or without one."""
    told, rest = await tell(session, incident_id, body.customers, actor=actor, now=now)
    return {"told": told, "not_told": rest}


def _touched(body: Declaration | IncidentChange) -> dict[str, list[str]]:
    return {name: values for name in incidents.SCOPE if (values := getattr(body, name)) is not None}

"""`/v1/rules`: the rules of routing, version by version: drafted, tried, published, rolled back. Decides nothing."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.actions.rules.trial import Placed, Trial, trial
from app.actions.rules.versions import discard, draft, publish, roll_back
from app.api import answers
from app.api.shapes import After, Given, Limit, Line, Page
from app.deps import ActorDep, Guarded, NowDep, OnceDep, OptionalKey, ReadingDep, SessionDep
from app.queries import rules
from app.tables import RuleSet

router = APIRouter(prefix="/v1/rules", tags=["rules"], route_class=Guarded)

RulesState = Literal["draft", "live", "past", "discarded"]
PathVersion = Annotated[
    int, Path(alias="version", ge=1, le=2_000_000_000, description="The number of the version.", examples=[3])
]
PathVersionOrLive = Annotated[
    str,
    Path(alias="version", pattern="^(live|[1-9][0-9]{0,8})$", description="Its number, or `live`.", examples=["live"]),
]


class NewRules(Given):
    """A draft: the whole document, as a file has it below `queues`, `request_types`, `reasons`, `channels`, …."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "based_on": 2,
                    "note": "claims within a minute",
                    "document": {
                        "queues": {"claims": {"name": "Claims", "target_seconds": 60, "offer_timeout_seconds": 20}},
                        "request_types": {"claim": {"queue": "claims", "letter": "A", "labels": {"en": "Claim"}}},
                    },
                }
            ]
        }
    )

    document: dict[str, Any]
    based_on: Annotated[
        int | None, Field(ge=0, le=2_000_000_000, description="The live version you had before you; 0 = none was live.")
    ] = None
    note: Annotated[Line | None, Field(description="What it is for.")] = None


class Publication(Given):
    """How it is published."""

    recompute: Annotated[
        bool,
        Field(
            description="Also file anew those who wait, at most 1,000 at a time: while `left` is not 0, ask again."
            " Who is being offered at that moment counts as left: a moment later they wait again, or are served.",
            examples=[True],
        ),
    ] = False


class RulesView(BaseModel):
    """One version, without its document."""

    version: int
    state: RulesState
    based_on: int
    note: str | None
    made_by: str
    made_at: datetime
    published_by: str | None
    published_at: datetime | None


class RulesWhole(RulesView):
    """One version with its document, as it was written."""

    document: dict[str, Any]


class PublishedView(RulesView):
    """The live version; how many who wait were filed anew, and how many still have other rules."""

    refiled: int
    left: int


class DifferenceView(BaseModel):
    """One field that the live rules say otherwise; null stands for what is not there."""

    path: Annotated[str, Field(examples=["queues.claims.target_seconds"])]
    old: Any
    new: Any


class PlacedView(BaseModel):
    """Where one who waits stands, by when, and what whoever serves it must have."""

    queue: str
    due_at: datetime
    needs: dict[str, Any]


class MovedView(BaseModel):
    """One who waits and would stand otherwise."""

    id: UUID
    old: PlacedView
    new: PlacedView


class TrialView(BaseModel):
    """What publishing with `recompute` would do. Of those who wait, `looked_at` were looked at and `changing` would change."""

    version: int
    live: int
    differences: list[DifferenceView]
    warnings: list[str]
    waiting: int
    looked_at: int
    changing: int
    moved: list[MovedView]


@router.get("", response_model=Page[RulesView], summary="List the versions of the rules")
async def listed(
    session: ReadingDep,
    state: Annotated[RulesState | None, Query()] = None,
    limit: Limit = 50,
    after: After = None,
) -> dict[str, Any]:
    """Newest first."""
    items, following = await rules.page(session, state=state, after=after, limit=limit)
    return {"items": items, "next": following}


@router.post("", status_code=201, response_model=RulesView, summary="Draft a version of the rules")
async def drafted(body: NewRules, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep) -> Response:
    """Nothing goes by it until it is published. A wrong document is refused (`wrong_rules`) with every mistake in `faults`."""
    row = await draft(session, body.document, based_on=body.based_on, note=body.note or None, actor=actor, now=now)
    return await once.keep(answers.written(RulesView, row.model_dump(), status=201))


@router.get("/{version}", response_model=RulesWhole, summary="Read a version of the rules")
async def read(version: PathVersionOrLive, session: ReadingDep) -> dict[str, Any]:
    """With its document. `live`: whichever is live now."""
    return (await rules.one(session, None if version == "live" else int(version))).model_dump()


@router.put("/{version}/publication", response_model=PublishedView, summary="From now on it holds")
async def publication(
    version: PathVersion,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    body: Publication = Publication(),  # noqa: B008  # read only
) -> dict[str, Any]:
    """409 `rules_moved_on` where another version went live since it was drafted. Those who wait keep what they entered with."""
    made = await publish(session, version, recompute=body.recompute, actor=actor, now=now)
    return {**made.row.model_dump(), "refiled": made.recomputed.refiled, "left": made.recomputed.left}


@router.post("/{version}/dry-run", response_model=TrialView, summary="What publishing it would do")
async def dry_run(version: PathVersion, session: ReadingDep, idempotency_key: OptionalKey = None) -> dict[str, Any]:
    """Every difference, who could be served by nobody, and what changes for those who wait. It has no effect."""
    return _told(await trial(session, version))


@router.post("/{version}/rollback", status_code=201, response_model=RulesView, summary="What held once holds again")
async def rollback(version: PathVersion, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep) -> Response:
    """As a new version, which is published at once."""
    row = await roll_back(session, version, actor=actor, now=now)
    return await once.keep(answers.written(RulesView, row.model_dump(), status=201))


@router.delete("/{version}", response_model=RulesView, summary="Discard a draft")
async def discarded(version: PathVersion, session: SessionDep, actor: ActorDep, now: NowDep) -> RuleSet:
    """It can still be read. What was live is never discarded: 409 `not_a_draft`."""
    return await discard(session, version, actor=actor, now=now)


def _told(found: Trial) -> dict[str, Any]:
    return {
        **{name: getattr(found, name) for name in ("version", "live", "warnings", "waiting", "looked_at", "changing")},
        "differences": [{"path": path, "old": old, "new": new} for path, old, new in found.differences],
        "moved": [{"id": each.id, "old": _placed(each.old), "new": _placed(each.new)} for each in found.moved],
    }


def _placed(placed: Placed) -> dict[str, Any]:
    return {"queue": placed.queue, "due_at": placed.due_at, "needs": placed.needs}

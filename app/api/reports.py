"""`/v1/reports/…`: the figures of a period, for those who lead, and for each representative their own. Decides nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Query, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.api import comma_separated
from app.api.report_shapes import (
    Asked,
    AskedDep,
    CaseFigures,
    ClockFigures,
    Figures,
    FirstContactFigures,
    PromiseFigures,
    ReportView,
    ShareView,
    SurveyFigures,
    TouchFigures,
)
from app.api.shapes import Code, Reason
from app.db import now as moment
from app.deps import ActorDep, Guarded, ReadingDep
from app.errors import Forbidden
from app.queries import reports
from app.security import Actor
from routing.resolution.figures import LEAST, Share

router = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=Guarded)

OWN: Final = "representative"
WHOLE: Final = "(all)"
"""What stands for the code in rows of all together, in a table."""
_SHARED: Final = ("value", "low", "high")
_TABLE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": "queue,opened,closed\r\n(all),12,10\r\n"}}}
}
By = Annotated[
    Literal["request_type", "queue", "office", "channel", "representative"] | None,
    Query(description="How it is divided. Representatives have their own row: `representative`."),
]
ByCase = Annotated[
    Literal["request_type", "queue", "office", "channel", "representative", "root_cause"] | None,
    Query(description="How it is divided. Representatives have their own row: `representative`."),
]
ByTouch = Annotated[
    Literal["cause", "request_type", "queue", "office", "channel", "representative"] | None,
    Query(description="How it is divided. Representatives have their own row: `representative`."),
]
ByPromise = Annotated[
    Literal["request_type", "queue", "office", "channel", "representative", "kind"] | None,
    Query(description="How it is divided. Representatives have their own row: `representative`."),
]
OnlyCause = Annotated[Reason | None, Query(description="Only this one.")]
OnlyKind = Annotated[Code | None, Query(description="Only this one: `news`, `callback`, …")]
Accept = Annotated[str | None, Header(include_in_schema=False)]
Count = Callable[[AsyncSession, reports.Wish], Awaitable[reports.Report]]


@router.get("/cases", response_model=ReportView[CaseFigures], responses=_TABLE, summary="What became of cases")
async def cases(session: ReadingDep, actor: ActorDep, asked: AskedDep, by: ByCase = None, accept: Accept = None) -> Any:
    """Those closed in the period: solved in the customer's word, back again, with how many touches, after how long."""
    return await _answer(session, actor, asked, (by, "request_type"), reports.cases, CaseFigures, accept)


@router.get(
    "/first_contact",
    response_model=ReportView[FirstContactFigures],
    responses=_TABLE,
    summary="Solved at the first contact",
)
async def first_contact(
    session: ReadingDep, actor: ActorDep, asked: AskedDep, by: ByCase = None, accept: Accept = None
) -> Any:
    """Of matters that began in the period: nobody had to turn to us again, not before it was solved nor soon after."""
    now = await moment(session)

    async def count(session: AsyncSession, wish: reports.Wish) -> reports.Report:
        return await reports.first_contact(session, wish, now=now)

    return await _answer(session, actor, asked, (by, "request_type"), count, FirstContactFigures, accept)


@router.get("/touches", response_model=ReportView[TouchFigures], responses=_TABLE, summary="Why customers come again")
async def touches(
    session: ReadingDep,
    actor: ActorDep,
    asked: AskedDep,
    by: ByTouch = None,
    cause: OnlyCause = None,
    accept: Accept = None,
) -> Any:
    """By cause, and narrowed to a request type or a queue: what a process is mended by."""
    return await _answer(session, actor, asked, (by, "cause"), reports.touches, TouchFigures, accept, cause=cause)


@router.get(
    "/promises", response_model=ReportView[PromiseFigures], responses=_TABLE, summary="Promises kept and broken"
)
async def promises(
    session: ReadingDep,
    actor: ActorDep,
    asked: AskedDep,
    by: ByPromise = None,
    kind: OnlyKind = None,
    accept: Accept = None,
) -> Any:
    """Those that ended in the period, a broken one at the instant it was due."""
    return await _answer(
        session, actor, asked, (by, "request_type"), reports.promises, PromiseFigures, accept, kind=kind
    )


@router.get("/surveys", response_model=ReportView[SurveyFigures], responses=_TABLE, summary="What customers said")
async def surveys(session: ReadingDep, actor: ActorDep, asked: AskedDep, by: By = None, accept: Accept = None) -> Any:
    """Of surveys that were asked in the period: whether it is solved and, apart, how the representative was."""
    return await _answer(session, actor, asked, (by, "request_type"), reports.surveys, SurveyFigures, accept)


@router.get("/sla", response_model=ReportView[ClockFigures], responses=_TABLE, summary="In the time that was set")
async def sla(session: ReadingDep, actor: ActorDep, asked: AskedDep, by: By = None, accept: Accept = None) -> Any:
    """Clocks that ended in the period: first response, next response and resolution apart."""
    return await _answer(session, actor, asked, (by, "queue"), reports.sla, ClockFigures, accept)


async def _answer(
    session: AsyncSession,
    actor: Actor,
    asked: Asked,
    by: tuple[str | None, str],
    count: Count,
    row: type[Figures],
    accept: str | None,
    **only: str | None,
) -> Any:
    wish = await _wish(session, actor, asked, by, only)
    found = await count(session, wish)
    if asked.form == "csv" or (asked.form is None and "text/csv" in (accept or "")):
        return _table(wish, found, row)
    days = wish.period
    return {
        "by": wish.by,
        "first": days.first,
        "last": days.last,
        "timezone": days.zone,
        "least": LEAST,
        "totals": _plain(found.total),
        "items": _plain(found.items),
    }


async def _wish(
    session: AsyncSession, actor: Actor, asked: Asked, by: tuple[str | None, str], more: Mapping[str, str | None]
) -> reports.Wish:
    """What is asked for. A representative has their own row and no other; raises `Forbidden` (`own_row_only`)."""
    only = {**asked.only, **{name: code for name, code in more.items() if code is not None}}
    said, usual = by
    if actor.representative is not None:
        if said not in (None, OWN):
            raise Forbidden("Representatives read their own row: by=representative.", code="own_row_only")
        said, only[OWN] = OWN, actor.representative
    now = await moment(session)
    days = await reports.period(session, asked.first, asked.last, office=only.get("office"), now=now)
    return reports.Wish(by=said or usual, period=days, only=only, total=actor.representative is None)


def _plain(rows: Any) -> Any:
    if rows is None:
        return None
    return [{name: asdict(value) if isinstance(value, Share) else value for name, value in row.items()} for row in rows]


def _table(wish: reports.Wish, found: reports.Report, row: type[Figures]) -> Response:
    """The same as a table: a share is three columns, and the rows of all together come first."""
    columns = [wish.by]
    for name, field in row.model_fields.items():
        if field.annotation in (ShareView, ShareView | None):
            columns += [name, f"{name}_low", f"{name}_high"]
        elif name != "code":
            columns.append(name)
    rows = [_flat(wish.by, WHOLE, each) for each in found.total or ()]
    rows += [_flat(wish.by, each["code"], each) for each in found.items]
    name = f"{wish.by}-{wish.period.first}-{wish.period.last}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', "vary": "accept"}
    return Response(comma_separated.table(columns, rows), media_type=comma_separated.MEDIA_TYPE, headers=headers)


def _flat(by: str, code: str | None, row: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {by: code}
    for name, value in row.items():
        if isinstance(value, Share):
            flat |= {name if part == "value" else f"{name}_{part}": getattr(value, part) for part in _SHARED}
        elif name != "code":
            flat[name] = value
    return flat

"""What a customer says of a resolution: whether it is solved, and apart from that, how the representative was.

Decides nothing: `app.actions.surveys.ask` does. Only a form that was sent arrives here.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app import db
from app.actions.surveys.ask import say
from app.deps import Service
from app.errors import Conflict, Invalid
from app.tables import Case
from app.web.customer.door import Door, opened_case, token_of
from app.web.customer.draw import see
from app.web.customer.reading import drawn
from app.web.customer.words import CUSTOMER
from routing.resolution.surveys import ANSWERS

MOST_FIELDS = 20

router = APIRouter(prefix="/c", route_class=Door, include_in_schema=False)


@router.post("/{token}/solved")
async def solved(request: Request) -> Response:
    """Yes, no or partly; and what is left."""
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    said = str(form.get("solved") or "")
    if said not in ANSWERS:
        raise Invalid("There is no such answer.", code="unknown_answer")
    remains = str(form.get("remains") or "")
    try:
        await _say(request, solved=said, mark=None, words=None, remains=remains or None)
    except Conflict as error:
        if error.code != "survey_over" or not remains.strip():
            raise
        # Too late for an answer, never for words: they stand where they can be sent as a message.
        return await drawn(request, opened_case(request), sorry="over", kept=remains, status=error.status)
    return see(request, token_of(request), said=said)


@router.post("/{token}/mark")
async def mark(request: Request) -> Response:
    """A mark of the representative, and a free word."""
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    given = str(form.get("mark") or "")
    number = int(given) if given in {"1", "2", "3", "4", "5"} else None
    await _say(request, solved=None, mark=number, words=str(form.get("words") or "") or None, remains=None)
    return see(request, token_of(request), said="mark")


async def _say(
    request: Request, *, solved: str | None, mark: int | None, words: str | None, remains: str | None
) -> None:
    service: Service = request.scope["app"].state.service
    async with service.database.session() as session:
        now = await db.now(session)
        case = await session.get_one(Case, opened_case(request).case_id)
        await say(
            session,
            case,
            solved=solved,
            mark=mark,
            words=words,
            remains=remains,
            actor=CUSTOMER,
            now=now,
        )

"""The page, read. Writes nothing, whoever follows the link and however often."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app import db
from app.deps import Service
from app.queries.customers.page import Opened, told
from app.web.customer.door import Door, opened_case, token_of
from app.web.customer.draw import language_of, page

router = APIRouter(prefix="/c", route_class=Door, include_in_schema=False)


@router.get("/{token}")
async def read(request: Request) -> Response:
    """How it stands."""
    return await drawn(request, opened_case(request))


async def drawn(
    request: Request, found: Opened, *, sorry: str | None = None, kept: str = "", status: int = 200
) -> Response:
    """The page as things stand now; `kept`: words that were not taken, so that nobody writes them twice."""
    service: Service = request.scope["app"].state.service
    languages = (await service.house()).languages
    language = language_of(request, found, languages)
    async with service.database.reading() as session:
        shown = await told(session, found, language=language, now=await db.now(session))
        return page(
            request,
            token_of(request),
            shown,
            language=language,
            languages=languages,
            sorry=sorry,
            kept=kept,
            status=status,
        )

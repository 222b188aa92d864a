"""The documents of a case, read: which there are, and one with its content. Never writes.

Decides that whoever may read the case may read its documents, and nobody else learns that there are any.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import NotFound
from app.queries.readers import may_read_case
from app.queries.rules import raw
from app.tables import Document

MOST: Final = 1_000
"""So many of one case are listed: more than can be added, whatever was taken into it."""
_OF_CASES: Final = """
SELECT id, case_id, name, media_type, octet_length(content) AS bytes, digest, author, at FROM document
WHERE case_id = ANY ($1::uuid[]) ORDER BY at, id LIMIT $2
"""


async def of_case(session: AsyncSession, case_id: UUID, *, reader: str | None) -> list[dict[str, Any]]:
    """All of a case and of those taken into it, oldest first, without content. `reader`: a representative's code.

    Raises `NotFound`.
    """
    cases = await may_read_case(session, case_id, reader=reader)
    return [dict(row) for row in await (await raw(session)).fetch(_OF_CASES, cases, MOST)]


async def one(session: AsyncSession, document_id: UUID, *, reader: str | None) -> Document:
    """With its content. Raises `NotFound`, also where they may not read its case."""
    where = select(Document.case_id).where(col(Document.id) == document_id)
    case_id = (await session.exec(where)).first()
    if case_id is None:
        raise NotFound(f"There is no document {document_id}.")
    await may_read_case(session, case_id, reader=reader)
    return await session.get_one(Document, document_id)

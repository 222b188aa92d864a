"""What the forms of the desk send, and whose work they are about.

Decides lengths and letters of everything a person types; and that a form acts only on what its representative holds now.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Path
from pydantic import AfterValidator
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Conflict, Forbidden
from app.queries.desk import frame as desk
from app.security import Actor


def _clean(text: str) -> str:
    """As a person meant it: lines end as everywhere else, and what PostgreSQL cannot store was not typed."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


Short = Annotated[str, AfterValidator(_clean), Form(max_length=100)]
Reason = Annotated[str, Form(pattern=r"^(?:[a-z0-9][a-z0-9_.-]*)?$", max_length=60)]
"""A code or nothing: it is kept in the event log for ever, where no words of or about people may stand."""
Line = Annotated[str, AfterValidator(_clean), Form(max_length=500)]
Text = Annotated[str, AfterValidator(_clean), Form(max_length=50_000)]
Comment = Annotated[str, AfterValidator(_clean), Form(max_length=4_000)]
PathId = Annotated[UUID, Path(alias="id")]


def myself(actor: Actor) -> str:
    """The representative who sits here; raises `Forbidden`, though the access table lets nobody else in."""
    if actor.representative is None:
        raise Forbidden("The desk needs a representative's own key.", code="role")
    return actor.representative


async def in_hand(session: AsyncSession, assignment_id: UUID, actor: Actor) -> UUID:
    """The interaction behind an assignment of theirs that is not over; raises `NotFound`, `Conflict` (`work_gone`)."""
    found = await desk.assignment(session, assignment_id, myself(actor))
    if found.ended_at is not None:
        raise Conflict("This assignment is over.", code="work_gone")
    return found.interaction_id

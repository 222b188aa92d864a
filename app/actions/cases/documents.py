"""A file that a customer adds to a case.

Decides what is taken: by what its first bytes say that it is, never by its name, and nothing is ever unpacked; of at most
10 MB, and so many on one matter. The same file again is the one that is there already.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.contacts.cases import survivor
from app.actions.record import advance
from app.db import uuid7
from app.errors import Conflict, Invalid, NotFound, TooLarge
from app.queries.cases.families import family
from app.security import Actor
from app.tables import Document
from channels.cleaning import one_line

MOST_BYTES: Final = 10_485_760
MOST_DOCUMENTS: Final = 20
"""Of one case with all that were taken into it."""
LONGEST_NAME: Final = 100
CUSTOMER: Final = "customer"
ENDINGS: Final = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/heic": (".heic", ".heif"),
    "application/pdf": (".pdf",),
}
"""What is taken, and how its name may end; the first is put there where it ends otherwise."""
_STARTS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
)
_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"})
_UNSAFE: Final = '\\/:*?"<>|'


async def add_document(
    session: AsyncSession, case_id: UUID, *, name: str, content: bytes, digest: str, actor: Actor, now: datetime
) -> Document:
    """Keep it with the case, or with the one it was taken into. `digest`: SHA-256 of the content, in hex.

    Raises `NotFound` (also of an erased one), `Invalid` (`empty_document`, `unknown_kind`), `TooLarge`, `Conflict`
    (`too_many_documents`).
    """
    media_type = checked(content)
    case = await survivor(session, case_id)
    if case.erased_at is not None:
        raise NotFound(f"There is no case {case_id}.")
    cases = await family(session, case.id)
    same = select(Document).where(col(Document.case_id).in_(cases), Document.digest == digest)
    found = (await session.exec(same.limit(1))).first()
    if found is not None:
        return found
    count = (await session.exec(select(func.count()).where(col(Document.case_id).in_(cases)))).one()
    if count >= MOST_DOCUMENTS:
        raise Conflict(f"A case holds at most {MOST_DOCUMENTS} documents.", code="too_many_documents")
    made = Document(
        id=uuid7(),
        case_id=case.id,
        name=file_name(name, media_type),
        media_type=media_type,
        content=content,
        digest=digest,
        author=CUSTOMER,
        at=now,
    )
    session.add(made)
    fact = {"document": str(made.id), "media_type": media_type, "bytes": len(content)}
    advance(session, case, "document_added", now=now, actor=actor, data=fact)
    await session.flush()
    return made


def checked(content: bytes) -> str:
    """The media type of what may be kept; raises `Invalid`, `TooLarge`."""
    if not content:
        raise Invalid("The file is empty.", code="empty_document")
    if len(content) > MOST_BYTES:
        raise TooLarge(f"A document may have at most {MOST_BYTES} bytes.")
    found = sniffed(content)
    if found is None:
        raise Invalid("Photos and PDF files are taken, nothing else.", code="unknown_kind")
    return found


def sniffed(content: bytes) -> str | None:
    """What the first bytes say that it is; None: nothing that is taken here."""
    for start, media_type in _STARTS:
        if content.startswith(start):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "image/heic" if content[4:8] == b"ftyp" and content[8:12] in _BRANDS else None


def file_name(given: str, media_type: str) -> str:
    """A name that is safe everywhere, ending as what it is: `../bill.exe` that is a photo becomes `bill.exe.jpg`."""
    last = given.replace("\\", "/").rpartition("/")[2]
    plain = one_line("".join(" " if letter in _UNSAFE else letter for letter in last), LONGEST_NAME).strip(". ")
    endings = ENDINGS[media_type]
    return (
        plain
        if plain.lower().endswith(endings) and plain.lower() not in endings
        else (plain or "document") + endings[0]
    )

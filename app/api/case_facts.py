"""What is told of a case besides its contacts. No `from __future__ import annotations`: it is needed at run time."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class CaseFacts(BaseModel):
    """Whose it is, what it is about, and how it stands."""

    owner: str | None = Field(None, description="The representative whose matter it is.")
    supervised: bool = Field(False, description="It took so many touches that the supervisors own it.")
    queue: str | None = Field(None, description="Of its first contact: whose calendar and follow-up rules count.")
    office: str | None = None
    channel: str | None = Field(None, description="Of its first contact.")
    language: str | None = None
    amount: float | None = Field(None, description="What it is about, in the money of the house.")
    area: str | None = None
    product: str | None = None
    touches: int = 0
    reopened: int = Field(0, description="How often the customer said that it was not solved.")
    first_answer_at: datetime | None = Field(None, description="When a person first served or answered.")
    root_cause: str | None = None
    resolved_by: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = Field(None, description="`customer`, `silence`, `not_asked` or `unserved`.")
    reopen_until: datetime | None = Field(None, description="A contact after this is a case of its own.")
    merged_into: UUID | None = Field(None, description="The case that speaks for this one now.")
    follows: UUID | None = Field(None, description="The case that stays closed, about the same matter.")
    erased_at: datetime | None = None

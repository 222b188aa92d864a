"""The tables, their constraints and their indexes. The database is the last guard, so every rule it can keep stands here.

Decides what a row may hold; never how it comes about (the actions do). No `from __future__ import annotations` in here:
the models need their annotations at run time. Text with CHECK instead of enums; keys are uuid v7 made by us, or the
plain codes that the configuration gives.
"""

from app.tables.columns import Xid8
from app.tables.configuration import (
    HeadStartDay,
    Office,
    Organisation,
    Queue,
    QueueDay,
    Representative,
    RequestType,
    RuleSet,
)
from app.tables.log import ApiKey, EventRow, FeedEpoch, IdempotencyKey, Lease, Outbox, QueueEstimate, TicketCounter
from app.tables.matters import (
    Assignment,
    Bar,
    Case,
    Customer,
    CustomerIdentity,
    Interaction,
    Message,
    Receipt,
    ToldWait,
)

__all__ = [
    "ApiKey",
    "Assignment",
    "Bar",
    "Case",
    "Customer",
    "CustomerIdentity",
    "EventRow",
    "FeedEpoch",
    "HeadStartDay",
    "IdempotencyKey",
    "Interaction",
    "Lease",
    "Message",
    "Office",
    "Organisation",
    "Outbox",
    "Queue",
    "QueueDay",
    "QueueEstimate",
    "Receipt",
    "Representative",
    "RequestType",
    "RuleSet",
    "TicketCounter",
    "ToldWait",
    "Xid8",
]

"""The tables, their constraints and their indexes. The database is the last guard, so every rule it can keep stands here.

Decides what a row may hold; never how it comes about (the actions do). No `from __future__ import annotations` in here:
the models need their annotations at run time. Text with CHECK instead of enums; keys are uuid v7 made by us, or the
plain codes that the configuration gives.
"""

from app.tables.columns import Xid8
from app.tables.configuration import Office, Organisation, Queue, Representative, RequestType
from app.tables.log import ApiKey, EventRow, FeedEpoch, IdempotencyKey, Lease, Outbox, QueueEstimate, TicketCounter
from app.tables.matters import Assignment, Case, Customer, CustomerIdentity, Interaction, Message, Receipt

__all__ = [
    "ApiKey",
    "Assignment",
    "Case",
    "Customer",
    "CustomerIdentity",
    "EventRow",
    "FeedEpoch",
    "IdempotencyKey",
    "Interaction",
    "Lease",
    "Message",
    "Office",
    "Organisation",
    "Outbox",
    "Queue",
    "QueueEstimate",
    "Receipt",
    "Representative",
    "RequestType",
    "TicketCounter",
    "Xid8",
]

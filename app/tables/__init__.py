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
from app.tables.incidents import Incident, IncidentCase, IncidentReach, IncidentUpdate, SurgeCount
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
from app.tables.outward import Follower, WebhookDelivery, WebhookEndpoint
from app.tables.resolution import (
    Alarm,
    Clock,
    Document,
    Erasure,
    Merge,
    Playbook,
    PlaybookTick,
    Promise,
    Proxy,
    Reached,
    SecondCheck,
    Survey,
    Timer,
    Touch,
)

__all__ = [
    "Alarm",
    "ApiKey",
    "Assignment",
    "Bar",
    "Case",
    "Clock",
    "Customer",
    "CustomerIdentity",
    "Document",
    "Erasure",
    "EventRow",
    "FeedEpoch",
    "Follower",
    "HeadStartDay",
    "IdempotencyKey",
    "Incident",
    "IncidentCase",
    "IncidentReach",
    "IncidentUpdate",
    "Interaction",
    "Lease",
    "Merge",
    "Message",
    "Office",
    "Organisation",
    "Outbox",
    "Playbook",
    "PlaybookTick",
    "Promise",
    "Proxy",
    "Queue",
    "QueueDay",
    "QueueEstimate",
    "Reached",
    "Receipt",
    "Representative",
    "RequestType",
    "RuleSet",
    "SecondCheck",
    "SurgeCount",
    "Survey",
    "TicketCounter",
    "Timer",
    "ToldWait",
    "Touch",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Xid8",
]

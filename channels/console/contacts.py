"""Contacts typed in by hand or sent by other software, commands written to the log.

Decides nothing of its own: it passes on what it is told. It never sends anything anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson

from channels.addresses import DEFAULT_REGION, REGION_SETTING
from channels.base import Base, Command, Config, Hook, Info, Outcome, Reply, Setting, Signal, Webhook
from channels.contact import arrival, read_fields, refused
from channels.double import write_line

_FIELDS: Final = frozenset(
    {"ref", "request_type", "language", "office", "name", "phone", "email", "needs", "case_token", "subject", "body"}
)
_REQUIRED: Final = frozenset({"ref", "request_type"})


class Console(Base):
    """Takes what a walk-in takes, and subject, body and email with it."""

    def __init__(self, config: Config) -> None:
        self._region = config.settings.get("PHONE_REGION") or DEFAULT_REGION
        self.info = Info(
            name="console",
            label="Console",
            live=config.settings.get("CONSOLE_LIVE", "") == "1",
            units=1,
            settings={
                "CONSOLE_LIVE": Setting(meaning='"1": its contacts are live, like calls'),
                "PHONE_REGION": REGION_SETTING,
            },
            hooks={
                "contacts": Hook(
                    role="integration",
                    media_type="application/json",
                    max_bytes=16_384,
                    summary="A contact, described by hand or by other software.",
                    example='{"ref": "try-1", "request_type": "inquiry", "language": "en", "body": "Are you open?"}',
                )
            },
            commands={"accepted": "call_to_counter", "replied": "send", "cancelled": "hang_up"},
            repeatable=frozenset({"call_to_counter", "send", "hang_up"}),  # a second line in a log does no harm
        )

    def receive(self, webhook: Webhook, *, now: datetime) -> Sequence[Signal]:
        fields = read_fields(webhook.body, allowed=_FIELDS, required=_REQUIRED)
        return [arrival(fields, webhook.house, region=self._region)]

    def reply(self, webhook: Webhook, outcomes: Sequence[Outcome]) -> Reply:
        outcome = outcomes[0] if outcomes else Outcome(contact="")
        answer = {
            "id": outcome.interaction_id,
            "case_id": outcome.case_id,
            "state": outcome.state,
            "queue": outcome.queue,
            "position": outcome.position,
            "notices": list(outcome.notices),
            "refusal": None if outcome.refusal is None else refused(outcome.refusal),
        }
        return Reply(body=orjson.dumps(answer), status=200 if outcome.repeated else 201)

    async def deliver(self, command: Command) -> None:
        write_line(command)

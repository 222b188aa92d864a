"""Words a customer wrote on the page of their case. An answer needs no sending: it stands on that page.

Decides what such words look like and when they are refused. It never opens a page, and never decides which case it is: the
token is a claim, and the service checks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson

from channels.base import Base, Command, Hook, Info, Outcome, Refused, Reply, Signal, Webhook, Wrote
from channels.contact import read_fields, request_codes
from channels.double import write_line

_ALLOWED: Final = frozenset({"ref", "case_token", "body", "language", "request_type"})
_REQUIRED: Final = frozenset({"ref", "case_token", "body"})
_SHOW: Final = "show"


class OwnPage(Base):
    """One contact for each thing that is written while nothing written about the case is open."""

    def __init__(self) -> None:
        self.info = Info(
            name="page",
            label="Own page",
            live=False,
            units=1,
            hooks={
                "words": Hook(
                    role="integration",
                    media_type="application/json",
                    max_bytes=131_072,
                    summary="What a customer wrote on a page of their own.",
                    example='{"ref": "form-1", "case_token": "TOKEN", "body": "The bill is from May.", "language": "en"}',
                )
            },
            commands={"replied": _SHOW},
            notices={"replied": "answered_on_page"},
            repeatable=frozenset({_SHOW}),  # it stands there already
        )

    def receive(self, webhook: Webhook, *, now: datetime) -> Sequence[Signal]:
        fields = read_fields(webhook.body, allowed=_ALLOWED, required=_REQUIRED)
        body = fields["body"]
        if not body:
            raise Refused("Nothing was written.", code="nothing_written")
        known = {"language": webhook.house.languages, "request_type": request_codes(webhook.house.requests)}
        for name, codes in known.items():
            if name in fields and fields[name] not in codes:
                raise Refused(f"There is no {name.replace('_', ' ')} {fields[name]!r}.", code=f"unknown_{name}")
        return [
            Wrote(
                ref=fields["ref"],
                contact=fields["ref"],
                content=hashlib.sha256(body.encode("utf-8")).hexdigest(),
                body=body,
                language=fields.get("language"),
                request_type=fields.get("request_type"),
                case_token=fields["case_token"],
                anywhere=True,
            )
        ]

    def reply(self, webhook: Webhook, outcomes: Sequence[Outcome]) -> Reply:
        outcome = outcomes[0] if outcomes else Outcome(contact="")
        answer = {
            "id": outcome.interaction_id,
            "case_id": outcome.case_id,
            "state": outcome.state,
            "notices": list(outcome.notices),
        }
        return Reply(body=orjson.dumps(answer), status=200 if outcome.repeated else 201)

    async def deliver(self, command: Command) -> None:
        if command.kind != _SHOW:
            raise Refused(f"A page cannot {command.kind.replace('_', ' ')}.", code="unknown_command")
        write_line(command)

"""Visits as signals, and tickets as answers.

Decides what a kiosk may send and what stands on the ticket. It never counts: number, place and wait come from the
service, and the lobby screen follows the service's own feed of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from channels.addresses import DEFAULT_REGION, REGION_SETTING
from channels.base import Base, Command, Config, Hook, Info, Left, Outcome, Refused, Reply, Returned, Signal, Webhook
from channels.contact import arrival, read_fields, refused
from channels.double import write_line
from channels.texts import say, say_position, say_refusal, say_wait

_MAX_BYTES: Final = 16_384
_VISIT: Final = frozenset(
    {"ref", "request_type", "language", "office", "name", "phone", "needs", "case_token"},
)
_MOVE: Final = frozenset({"ref", "report"})
_WAITING: Final = frozenset({"arriving", "scheduled", "queued"})
_CALLED: Final = frozenset({"offered", "active"})
_OVER: Final = frozenset({"wrapping", "completed", "cancelled"})


class WalkIn(Base):
    """A visit's `ref` is the kiosk's own, unique for ever; it names the visit in every later report."""

    info = Info(
        name="walk_in",
        label="Visit",
        live=True,
        units=1,
        numbered=True,
        commands={"accepted": "call_to_counter"},
        settings={"PHONE_REGION": REGION_SETTING},
        hooks={
            "visits": Hook(
                role="kiosk",
                media_type="application/json",
                max_bytes=_MAX_BYTES,
                summary="A visitor has chosen what they want: answers with the ticket.",
                example='{"ref": "kiosk-1-000042", "request_type": "claim", "language": "ur", "needs": ["elderly"]}',
            ),
            "departures": Hook(
                role="kiosk",
                media_type="application/json",
                max_bytes=_MAX_BYTES,
                summary="The visitor went away. `report` tells a second departure of one visit from the first.",
                example='{"ref": "kiosk-1-000042"}',
            ),
            "returns": Hook(
                role="kiosk",
                media_type="application/json",
                max_bytes=_MAX_BYTES,
                summary="The visitor is back. `report` tells a second return of one visit from the first.",
                example='{"ref": "kiosk-1-000042"}',
            ),
        },
    )

    def __init__(self, config: Config) -> None:
        self._region = config.settings.get("PHONE_REGION") or DEFAULT_REGION

    def receive(self, webhook: Webhook, *, now: datetime) -> Sequence[Signal]:
        if webhook.hook == "visits":
            required = frozenset({"ref", "request_type"})
            fields = read_fields(webhook.body, allowed=_VISIT, required=required)
            return [arrival(fields, webhook.house, region=self._region)]
        fields = read_fields(webhook.body, allowed=_MOVE, required=frozenset({"ref"}))
        return [_move(webhook.hook, fields["ref"], fields.get("report", "1"))]

    def reply(self, webhook: Webhook, outcomes: Sequence[Outcome]) -> Reply:
        outcome = outcomes[0] if outcomes else Outcome(contact="")
        if outcome.state is None:
            return _unknown_visit(outcome.language or webhook.house.languages[0])
        new = webhook.hook == "visits" and not outcome.repeated
        return Reply(body=orjson.dumps(_ticket(outcome, webhook.house.languages[0])), status=201 if new else 200)

    async def deliver(self, command: Command) -> None:
        # The lobby screen and the kiosk follow the event feed; the line is for whoever watches the log.
        if command.kind != "call_to_counter":
            raise Refused(f"A visit knows no command {command.kind!r}.", code="unknown_command")
        write_line(command)


def _move(hook: str, visit: str, report: str) -> Signal:
    if hook == "departures":
        return Left(ref=f"{visit}:left:{report}", contact=visit, reason="left")
    return Returned(ref=f"{visit}:returned:{report}", contact=visit)


def _ticket(outcome: Outcome, default_language: str) -> dict[str, Any]:
    language = outcome.language or default_language
    wait = outcome.wait
    return {
        "id": outcome.interaction_id,
        "case_id": outcome.case_id,
        "number": outcome.number,
        "queue": outcome.queue,
        "state": outcome.state,
        "position": outcome.position,
        "wait": None if wait is None else {"low_seconds": wait.low_seconds, "high_seconds": wait.high_seconds},
        "language": language,
        "message": _message(outcome, language),
        "refusal": None if outcome.refusal is None else refused(outcome.refusal),
    }


def _message(outcome: Outcome, language: str) -> str:
    """What the visitor reads: their number, then what to do or how long it takes, then what everybody should know."""
    words = [say("visit.number", language, number=outcome.number)] if outcome.number else []
    if outcome.state in _WAITING:
        words += [say_position(outcome.position, language), say_wait(outcome.wait, language)]
    elif outcome.state in _CALLED:
        words += [say("visit.go_to", language, desk=outcome.desk) if outcome.desk else say("visit.seated", language)]
    elif outcome.state == "abandoned":
        words = [say("visit.kept", language)]
    elif outcome.refusal is not None:
        words = say_refusal(outcome.refusal, language)
    elif outcome.state in _OVER:
        words = [say("visit.over", language)]
    else:
        words += [say("visit.received", language)]
    return " ".join([*words, *outcome.notices])


def _unknown_visit(language: str) -> Reply:
    problem = {
        "type": "about:blank",
        "title": "Unknown visit",
        "status": 404,
        "code": "unknown_visit",
        "detail": say("visit.unknown", language),
    }
    return Reply(body=orjson.dumps(problem), media_type="application/problem+json", status=404)

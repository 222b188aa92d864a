"""Twilio's webhooks as signals, and TwiML as answers.

Decides what each webhook says happened, and which document answers it as the call stands now. It never decides who is
connected to whom, and stores nothing: a call's id names it, its place in the menu is in the address.

The way of a call: voice -> menu (language, request, perhaps requests below it) -> wait, again and again -> the service
sends `connect`, the call is bridged -> wait (as the bridge's end) -> status.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Self

from typing_extensions import override

from channels.addresses import phone_number
from channels.base import (
    Arrived,
    Asked,
    Base,
    Command,
    Disconnected,
    Ended,
    Failed,
    Hook,
    Info,
    Outcome,
    Person,
    Refused,
    Reply,
    Signal,
    Unavailable,
    Webhook,
)
from channels.double import write_line
from channels.phone import twiml
from channels.phone.form import Form, parse_form, read_form
from channels.phone.menu import REQUEST, Step, answer, first_step, read_step
from channels.phone.settings import SETTINGS, Settings

if TYPE_CHECKING:
    from channels.phone.calls import Calls

_FORM: Final = "application/x-www-form-urlencoded"
_OVER: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})  # CallStatus of a call that is gone
_ANSWERED: Final = frozenset({"completed", "answered"})
_MISSED: Final[dict[str, Literal["busy", "no_answer", "unreachable"]]] = {
    "busy": "busy",
    "no-answer": "no_answer",
    "canceled": "no_answer",
    "failed": "unreachable",
}
_IN_LINE: Final = frozenset({"scheduled", "queued", "offered", "parked"})


def _hook(summary: str, example: str) -> Hook:
    return Hook(role=None, media_type=_FORM, max_bytes=16_384, summary=summary, example=example)


class Phone(Base):
    """One account of Twilio's. A contact is a call, named by its CallSid."""

    info = Info(
        name=twiml.CHANNEL,
        label="Telephone",
        live=True,
        units=1,
        commands={"accepted": "connect", "cancelled": "hang_up"},
        # `connect` is not here: repeated, it would tear a caller out of the talk it had already brought about.
        repeatable=frozenset({"hang_up"}),
        settings=SETTINGS,
        hooks={
            "voice": _hook("A call comes in: answers with the first menu.", "CallSid=CA1&From=%2B914023456789"),
            "menu": _hook("The caller pressed a key, or none.", "CallSid=CA1&Digits=1"),
            "wait": _hook("The caller waits, or a bridge to a representative ended.", "CallSid=CA1"),
            "status": _hook("The call changed its state at Twilio's.", "CallSid=CA1&CallStatus=completed"),
        },
    )

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._calls: Calls | None = None

    @override
    async def __aenter__(self) -> Self:
        if self._settings.account_sid and self._settings.auth_token:
            from channels.phone.calls import Calls  # loads an HTTP client, which nobody needs without an account

            self._calls = Calls(
                api_url=self._settings.api_url,
                account_sid=self._settings.account_sid,
                auth_token=self._settings.auth_token,
            )
        return self

    @override
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._calls:
            await self._calls.close()
            self._calls = None

    def receive(self, webhook: Webhook, *, now: datetime) -> Sequence[Signal]:
        form = read_form(webhook, auth_token=self._settings.auth_token, public_base_url=self._settings.public_base_url)
        if form.get("CallStatus") in _OVER:
            # Whatever the hook was about, the caller is gone; also while a representative's phone was still ringing.
            return [Ended(ref=f"{form.call}:ended", contact=form.call, reason=form.get("CallStatus"))]
        if webhook.hook == "voice":
            return [self._arrived(form, ref=form.call)]
        if webhook.hook == "menu":
            return [self._chosen(webhook, form)]
        if webhook.hook == "wait" and form.get("DialCallStatus"):
            return [_bridge_ended(form)]
        return [Asked(contact=form.call)]

    def reply(self, webhook: Webhook, outcomes: Sequence[Outcome]) -> Reply:
        if webhook.hook == "status":
            return Reply(status=204)
        outcome = outcomes[0] if outcomes else Outcome(contact="")
        return Reply(body=self._document(webhook, outcome), media_type="text/xml; charset=utf-8")

    async def deliver(self, command: Command) -> None:
        if command.kind not in {"connect", "hang_up"}:
            raise Refused(f"A call knows no command {command.kind!r}.", code="unknown_command")
        call = command.payload.get("contact")
        if not isinstance(call, str) or not call:
            raise Refused("The command names no call.", code="bad_command")
        document = self._bridge(command) if command.kind == "connect" else b""
        if self._settings.account_sid is None:
            write_line(command)
        elif self._calls is None:
            raise Unavailable("The channel is not open.")
        elif command.kind == "connect":
            await self._calls.carry_out(call, document)
        else:
            await self._calls.hang_up(call)

    def _arrived(
        self, form: Form, *, ref: str, request_type: str | None = None, language: str | None = None
    ) -> Arrived:
        number = phone_number(form.get("From"), self._settings.region)
        return Arrived(
            ref=ref,
            contact=form.call,
            request_type=request_type,
            language=language,
            person=Person(phone=number) if number else None,
            reply_to=number,
        )

    def _chosen(self, webhook: Webhook, form: Form) -> Signal:
        step = read_step(webhook.query, webhook.house)
        found = answer(step, form.get("Digits"), webhook.house)
        if not isinstance(found, str):
            return Asked(contact=form.call)
        return self._arrived(form, ref=f"{form.call}:request", request_type=found, language=step.language)

    def _document(self, webhook: Webhook, outcome: Outcome) -> bytes:
        """The document for a call as it stands now, so that a repeated webhook does no harm."""
        language = self._language(webhook, outcome)
        if outcome.state == "arriving":
            return twiml.menu(_next_step(webhook), webhook.house, self._settings)
        if outcome.state in _IN_LINE:
            bridged = parse_form(webhook.body).get("DialCallStatus")
            missed = bool(bridged) and bridged not in _ANSWERED
            return twiml.waiting(outcome, language, webhook.house, self._settings, missed=missed)
        if outcome.state == "active":
            return twiml.connecting(language, self._settings)
        if outcome.refusal is not None:
            return twiml.turned_away(outcome.refusal, outcome, language, webhook.house, self._settings)
        return twiml.goodbye(language if outcome.state else None, self._settings)

    def _language(self, webhook: Webhook, outcome: Outcome) -> str:
        if outcome.language in webhook.house.languages:
            return outcome.language
        return read_step(webhook.query, webhook.house).language

    def _bridge(self, command: Command) -> bytes:
        desk = command.payload.get("desk")
        document = twiml.bridge(desk, command.language, self._settings) if isinstance(desk, str) else None
        if document is None:
            raise Refused("The representative has no phone number or SIP address.", code="bad_desk")
        return document


def _bridge_ended(form: Form) -> Signal:
    """The talk is over, or it never began; the caller is still there, perhaps to be bridged to somebody else."""
    status = form.get("DialCallStatus")
    # Each attempt has its own id, so that the same representative can miss the same caller twice.
    attempt = form.get("DialCallSid")[:64] or status
    if status in _ANSWERED:
        return Disconnected(ref=f"{form.call}:{attempt}", contact=form.call, reason="completed")
    return Failed(ref=f"{form.call}:{attempt}", contact=form.call, reason=_MISSED.get(status, "unreachable"))


def _next_step(webhook: Webhook) -> Step:
    """The question for a caller who has not chosen yet."""
    house = webhook.house
    if webhook.hook != "menu":
        return first_step(house)
    step = read_step(webhook.query, house)
    found = answer(step, parse_form(webhook.body).get("Digits"), house)
    return found if isinstance(found, Step) else Step(name=REQUEST, language=step.language)

from __future__ import annotations

import json
import socket
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import httpx2
import pytest

from channels.base import Command, Refused, Unavailable
from tests.channels.sampling import PUBLIC_BASE_URL, make
from tests.channels.twilio_double import ACCOUNT, TOKEN, TwilioDouble

PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Calls/CA1.json"


def command(kind: str = "connect", **payload: Any) -> Command:
    return Command(
        key=f"{kind}:1", kind=kind, channel="phone", interaction_id=UUID(int=1), to="+914023456789", language="ur",
        payload={"contact": "CA1", "desk": "+914029999999"} | payload,
    )  # fmt: skip


async def deliver(twilio: TwilioDouble, sent: Command, **settings: str) -> None:
    account = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_API_URL": twilio.url}
    async with make("phone", account | settings) as channel:
        await channel.deliver(sent)


@pytest.fixture(autouse=True)
def direct_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the developer's own must not come between us and the double."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


async def test_an_accepted_caller_is_bridged_to_the_representatives_phone() -> None:
    async with TwilioDouble().serve() as twilio:
        await deliver(twilio, command(), TWILIO_CALLER_ID="+914020000000", TWILIO_RING_SECONDS="25")
    ((path, form),) = twilio.requests
    assert path == PATH
    assert form.keys() == {"Twiml"}
    dial = ET.fromstring(form["Twiml"]).find("Dial")
    assert dial is not None
    assert dial.findtext("Number") == "+914029999999"
    assert dial.attrib == {
        "action": f"{PUBLIC_BASE_URL}/v1/channels/phone/wait?language=ur",
        "method": "POST",
        "answerOnBridge": "true",
        "timeout": "25",
        "callerId": "+914020000000",
    }


@pytest.mark.parametrize(
    ("desk", "noun", "place"),
    [
        ("204", "Number", "204"),
        ("sip:desk1@office.example", "Sip", "sip:desk1@office.example"),
        ("client:sara", "Client", "sara"),
    ],
)
async def test_a_representative_may_have_a_phone_a_sip_address_or_a_browser(desk: str, noun: str, place: str) -> None:
    async with TwilioDouble().serve() as twilio:
        await deliver(twilio, command(desk=desk))
    assert ET.fromstring(twilio.requests[0][1]["Twiml"]).findtext(f"Dial/{noun}") == place


@pytest.mark.parametrize("desk", [None, "", "Counter 3", "+91<Hangup/>", "sip:a b", 7])
async def test_a_desk_that_is_no_phone_is_refused_before_anything_is_sent(desk: Any) -> None:
    async with TwilioDouble().serve() as twilio:
        with pytest.raises(Refused) as refusal:
            await deliver(twilio, command(desk=desk))
    assert refusal.value.code == "bad_desk"
    assert twilio.requests == []


async def test_a_cancelled_call_is_hung_up() -> None:
    async with TwilioDouble().serve() as twilio:
        await deliver(twilio, command("hang_up"))
    assert twilio.requests == [(PATH, {"Status": "completed"})]


@pytest.mark.parametrize(("status", "code"), [(404, 20404), (400, 21220)])
async def test_hanging_up_a_call_that_has_ended_is_as_good(status: int, code: int) -> None:
    async with TwilioDouble(status=status, answer=json.dumps({"code": code}).encode()).serve() as twilio:
        await deliver(twilio, command("hang_up"))
    assert len(twilio.requests) == 1


async def test_hanging_up_that_twilio_refused_or_could_not_do_is_no_success() -> None:
    async with TwilioDouble(status=403, answer=b'{"code": 20003}').serve() as twilio:
        with pytest.raises(Refused):
            await deliver(twilio, command("hang_up"))
    async with TwilioDouble(status=503).serve() as twilio:
        with pytest.raises(Unavailable):
            await deliver(twilio, command("hang_up"))


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (command("send"), "unknown_command"),
        (command("hang_up", contact=""), "bad_command"),
        (command("hang_up", contact=None), "bad_command"),
        (command("connect", contact=7), "bad_command"),
    ],
)
async def test_what_a_call_knows_nothing_of_is_refused_before_anything_is_sent(sent: Command, code: str) -> None:
    async with TwilioDouble().serve() as twilio:
        with pytest.raises(Refused) as refusal:
            await deliver(twilio, sent)
    assert refusal.value.code == code
    assert twilio.requests == []


async def test_a_call_that_has_ended_cannot_be_connected() -> None:
    async with TwilioDouble(status=400, answer=b'{"code": 21220}').serve() as twilio:
        with pytest.raises(Refused) as refusal:
            await deliver(twilio, command())
    assert refusal.value.code == "call_over"


async def test_a_wrong_password_is_refused() -> None:
    async with TwilioDouble().serve() as twilio:
        with pytest.raises(Refused, match="401"):
            await deliver(twilio, command(), TWILIO_AUTH_TOKEN="wrong")


async def test_the_call_cannot_lead_to_another_address() -> None:
    async with TwilioDouble().serve() as twilio:
        await deliver(twilio, command(contact="../../x?y#z"))
    assert twilio.requests[0][0].endswith("/Calls/..%2F..%2Fx%3Fy%23z.json")


@pytest.mark.parametrize("status", [301, 400, 403, 404, 422])
async def test_what_twilio_will_never_do_is_refused(status: int) -> None:
    async with TwilioDouble(status=status, answer=b"<html>").serve() as twilio:
        with pytest.raises(Refused):
            await deliver(twilio, command())


@pytest.mark.parametrize(("status", "unknown"), [(429, False), (500, False), (503, False), (502, True), (504, True)])
async def test_what_twilio_cannot_do_now_is_put_off(status: int, unknown: bool) -> None:
    async with TwilioDouble(status=status).serve() as twilio:
        with pytest.raises(Unavailable) as trouble:
            await deliver(twilio, command())
    assert trouble.value.unknown is unknown


async def test_a_line_that_breaks_after_sending_leaves_it_unknown() -> None:
    async with TwilioDouble(status=None).serve() as twilio:
        with pytest.raises(Unavailable) as trouble:
            await deliver(twilio, command())
    assert trouble.value.unknown


async def test_no_answer_in_time_leaves_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.phone.calls._TIMEOUTS", httpx2.Timeout(0.2))
    async with TwilioDouble(silent=True).serve() as twilio:
        with pytest.raises(Unavailable) as trouble:
            await deliver(twilio, command())
    assert trouble.value.unknown


async def test_nobody_there_is_known_to_have_done_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: a connection is refused
        twilio = TwilioDouble(url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Unavailable) as trouble:
            await deliver(twilio, command())
    assert not trouble.value.unknown


async def test_a_channel_that_is_not_open_sends_nothing() -> None:
    channel = make("phone", {"TWILIO_ACCOUNT_SID": ACCOUNT})
    with pytest.raises(Unavailable):
        await channel.deliver(command())

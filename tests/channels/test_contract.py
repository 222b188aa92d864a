"""What every folder under `channels/` keeps to, checked with the samples beside this file."""

from __future__ import annotations

import json
import random
import socket
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Command, Outcome, Refused, Reply, Unavailable, Wait, Webhook
from tests.channels.sampling import HOUSE, NOW, Sample, as_json, channel_names, make, samples, webhook

CHANNELS = channel_names()
SAMPLES = list(samples())
STATES = [
    None, "arriving", "scheduled", "queued", "offered", "active", "parked", "wrapping", "completed", "abandoned",
    "cancelled", "a state from a later release",
]  # fmt: skip
HOOKS = [(name, hook) for name in CHANNELS for hook in make(name).info.hooks]
ID = UUID("01890000-0000-7000-8000-000000000001")


def outcome(state: str | None, **others: Any) -> Outcome:
    return Outcome(
        contact="c", interaction_id=ID if state else None, case_id=ID if state else None, state=state, **others
    )


def outcomes() -> list[Outcome]:
    hostile = "\x1b[2J<&>\u202e " + "x" * 5_000
    return [
        made
        for state in STATES
        for made in (
            outcome(state),
            outcome(state, position=1, wait=Wait(low_seconds=0, high_seconds=0), language="ur", number="B007"),
            outcome(
                state, position=4_000, wait=Wait(low_seconds=90, high_seconds=90_000), language="te", desk="Counter 3"
            ),
            outcome(state, language="xx-Unknown", notices=(hostile,) * 10, queue=hostile, repeated=True),
        )
    ]


def command(channel: str, kind: str, **payload: Any) -> Command:
    return Command(
        key=f"{kind}:1",
        kind=kind,
        channel=channel,
        interaction_id=ID,
        to=payload.pop("to", None),
        language="ur",
        payload=payload,
    )


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("receive and reply open nothing")

    monkeypatch.setattr(socket.socket, "__init__", refuse)
    monkeypatch.setattr("builtins.open", refuse)


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_is_called_like_its_folder(name: str) -> None:
    info = make(name).info
    assert info.name == name
    assert info.label
    assert info.units >= 1


@pytest.mark.parametrize(("name", "hook"), HOOKS)
def test_every_hook_has_a_sample_and_describes_itself(name: str, hook: str) -> None:
    described = make(name).info.hooks[hook]
    assert [sample for sample in SAMPLES if (sample.channel, sample.webhook.hook) == (name, hook)]
    assert described.summary
    assert described.example
    assert 0 < described.max_bytes <= 32 * 1024 * 1024


def test_every_sample_belongs_to_a_channel() -> None:
    assert {sample.channel for sample in SAMPLES} == set(CHANNELS)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_sample_gives_its_signals_each_time_and_touches_nothing(
    sample: Sample, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("monkeypatch").undo()
    channel, expected = make(sample.channel), json.loads(sample.expected.read_text("utf-8"))
    request.getfixturevalue("no_network")
    first = channel.receive(sample.webhook, now=NOW)
    again = channel.receive(sample.webhook, now=NOW + timedelta(days=1))
    assert first == again
    assert len(first) >= 1
    assert as_json(list(first)) == expected


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_every_outcome_can_be_said(sample: Sample) -> None:
    channel = make(sample.channel)
    for made in outcomes():
        reply = channel.reply(sample.webhook, [made])
        assert isinstance(reply, Reply)
        assert isinstance(reply.body, bytes)
        assert 200 <= reply.status < 500
        if reply.body and reply.media_type.endswith("json"):
            assert isinstance(json.loads(reply.body), dict)


@pytest.mark.parametrize(("name", "hook"), HOOKS)
@settings(max_examples=60)
@given(
    body=st.binary(max_size=2_000),
    headers=st.dictionaries(st.sampled_from(["content-type", "x-twilio-signature"]), st.text()),
)
def test_garbage_is_taken_or_refused_and_nothing_else(
    name: str, hook: str, body: bytes, headers: dict[str, str]
) -> None:
    take_or_refuse(name, webhook(name, hook, body, headers=headers))


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_damaged_sample_is_taken_or_refused_and_nothing_else(sample: Sample, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        take_or_refuse(sample.channel, damaged(sample.webhook, chance))


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_channel_opens_closes_and_has_nothing_to_poll(name: str) -> None:
    async with make(name) as channel:
        assert [batch async for batch in channel.poll()] == []


@pytest.mark.parametrize("name", CHANNELS)
async def test_without_an_account_every_command_of_the_channel_is_written_to_the_log(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "raabta.channels")
    channel = make(name)
    secret = "Sara lives here"
    payload = {"contact": "c-1", "desk": "+914029999999", "number": "B007", "office": "main", "references": []}
    async with channel:
        for kind in sorted(set(channel.info.commands.values())):
            await channel.deliver(command(name, kind, to="sara@example.org", subject=secret, body=secret, **payload))
            assert f"command={kind}" in caplog.messages[-1]
    assert "sara" not in caplog.text.lower()


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_command_nobody_can_carry_out_is_refused_or_put_off(name: str) -> None:
    async with make(name) as channel:
        for kind in ("connect", "send", "hang_up", "call_to_counter", "juggle"):
            for payload in (
                {},
                {"contact": 7, "desk": None, "body": 3},
                {"contact": "", "desk": "", "body": "", "to": "@"},
            ):
                try:
                    await channel.deliver(command(name, kind, **payload))
                except (Refused, Unavailable) as error:
                    assert str(error)  # noqa: PT017 - whatever else is raised fails the test by itself


@pytest.mark.parametrize("name", CHANNELS)
def test_only_commands_the_channel_sends_are_repeated(name: str) -> None:
    info = make(name).info
    assert info.repeatable <= set(info.commands.values())
    assert "connect" not in info.repeatable


def take_or_refuse(name: str, hostile: Webhook) -> None:
    channel = made_once(name)
    try:
        signals = channel.receive(hostile, now=NOW)
    except Refused:
        return
    assert len(signals) >= 1
    json.dumps(as_json(list(signals)), ensure_ascii=False).encode("utf-8")  # nothing in it that cannot be stored
    assert "\\u0000" not in json.dumps(as_json(list(signals)))
    channel.reply(hostile, [outcome("queued")])


def damaged(whole: Webhook, chance: random.Random) -> Webhook:
    body = bytearray(whole.body)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(body) + 1)
        what = chance.randrange(4)
        if what == 0:
            del body[at : at + chance.randint(1, 40)]
        elif what == 1:
            body[at:at] = chance.randbytes(chance.randint(1, 20))
        elif what == 2:
            body[at:at] = chance.choice(
                [b"\x00", b"\xff\xfe", b'"' * 50, b"\r\n\r\n", b"[" * 500, "\u202e".encode(), b"\\ud800"]
            )
        else:
            body[at:at] = body[: chance.randint(0, len(body))]
    return Webhook(
        hook=whole.hook, path=whole.path, query=whole.query, headers=whole.headers, body=bytes(body), house=HOUSE
    )


_MADE: dict[str, Any] = {}


def made_once(name: str) -> Any:
    return _MADE.setdefault(name, make(name))

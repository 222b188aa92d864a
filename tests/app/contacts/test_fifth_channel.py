"""Adding a channel is adding one folder: found by its place, served by its own doors, and nothing else knows its name."""

from __future__ import annotations

import ast
import asyncio
import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import channels
from app import registry
from app.errors import CannotStart
from app.main import create_app
from app.queries.audit.audit import audit
from app.settings import Settings
from channels.base import Config
from tests.api.conftest import House, opened
from tests.racing import HANG_SECONDS, LOOK_SECONDS
from tests.shift import Shift

ROOT: Final = Path(__file__).resolve().parents[3]
NAME: Final = "pigeon"
SQL_NAMES: Final = re.compile(r"\bchannel\s*(=|<>|!=|IN)\s*\(?'", re.IGNORECASE)

FOLDER: Final = '''"""Letters that come by pigeon, for a test: whoever is served is sent a pigeon back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from channels.base import (
    Arrived, Base, Channel, Command, Config, Ended, Hook, Info, Outcome, Refused, Reply, Signal, Webhook,
)


class Pigeon(Base):
    def __init__(self, config: Config) -> None:
        self.loft = Path(config.settings["PIGEON_LOFT"])
        door = Hook(role="integration", media_type="application/json", summary="A pigeon has landed.")
        self.info = Info(
            name="pigeon", label="Pigeon", live=False, units=2, hooks={"landings": door, "departures": door},
            commands={"accepted": "release", "completed": "feed"}, repeatable=frozenset({"feed"}), numbered=True,
        )

    def receive(self, webhook: Webhook, *, now: datetime) -> Sequence[Signal]:
        ring = json.loads(webhook.body).get("ring")
        if not ring:
            raise Refused("The pigeon wears no ring.", code="no_ring")
        if webhook.hook == "departures":
            return [Ended(ref=f"{ring}:gone", contact=ring, reason="flown")]
        return [Arrived(ref=ring, contact=ring, request_type=webhook.house.requests[0].code, reply_to=f"roof of {ring}")]

    def reply(self, webhook: Webhook, outcomes: Sequence[Outcome]) -> Reply:
        (outcome,) = outcomes
        told = {"id": str(outcome.interaction_id), "state": outcome.state, "number": outcome.number}
        return Reply(body=json.dumps(told).encode(), status=200 if outcome.repeated else 201)

    async def deliver(self, command: Command) -> None:
        (self.loft / command.key).write_text(json.dumps({"kind": command.kind, "to": command.to}))


def create(config: Config) -> Channel:
    return Pigeon(config)
'''


@pytest.fixture
def loft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a fifth channel, added and taken away again; returns where its pigeons are sent from."""
    served = dict(registry.current())
    folder = tmp_path / "channels" / NAME
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(FOLDER)
    loft = tmp_path / "loft"
    loft.mkdir()
    monkeypatch.setenv("PIGEON_LOFT", str(loft))
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(folder.parent)])
    importlib.invalidate_caches()
    yield loft
    sys.modules.pop(f"channels.{NAME}", None)
    registry.use(served)


def found(wanted: tuple[str, ...] | None, loft: Path) -> set[str]:
    return set(registry.discover(wanted, Config(public_base_url="", settings={"PIGEON_LOFT": str(loft)})))


def test_a_folder_is_found_by_its_place(loft: Path) -> None:
    assert found(None, loft) == {"console", "email", "page", "phone", "pigeon", "walk_in"}
    assert found(("pigeon", "email"), loft) == {"pigeon", "email"}


def test_a_channel_that_is_not_there_stops_the_start_with_one_line(loft: Path) -> None:
    with pytest.raises(
        CannotStart, match="CHANNELS names raven; there is console, email, page, phone, pigeon, walk_in"
    ):
        found(("email", "raven"), loft)


def test_a_folder_that_makes_no_channel_is_passed_over(loft: Path) -> None:
    other = loft.parent / "channels" / "notes"
    other.mkdir()
    (other / "__init__.py").write_text('"""Nothing to serve."""\n')
    importlib.invalidate_caches()
    try:
        assert "notes" not in found(None, loft)
    finally:
        sys.modules.pop("channels.notes", None)


async def test_it_comes_in_is_served_and_answered_by_the_service_as_it_is(loft: Path, shift: Shift) -> None:
    registry.use(registry.discover(None, Config(public_base_url="", settings={"PIGEON_LOFT": str(loft)})))
    interaction = await shift.arrive(NAME, "claim", reply_to="roof")
    row = await shift.row(interaction)
    assert (row["channel"], row["live"], row["units"], row["number"]) == (NAME, False, 2, "A001")
    assignment = await shift.serve(interaction)
    assert (await shift.staff("esther"))["units"] == 2
    (command,) = await shift.commands(interaction)
    assert (command["dedupe_key"], command["kind"], command["recipient"]) == (
        f"accepted:{assignment}",
        "release",
        "roof",
    )


async def test_through_every_edge_one_folder_is_enough(loft: Path, database: str) -> None:
    """In by its own door, dispatched, accepted over the API, sent out by the outbox, over by its own door."""
    async with opened(database, Settings(), loops=True) as house:
        await house.available("ayesha")
        unringed = await house.call("integration", "POST", f"/v1/channels/{NAME}/landings", {})
        assert (unringed.status_code, unringed.json()["code"]) == (422, "no_ring")
        answer = await house.call("integration", "POST", f"/v1/channels/{NAME}/landings", {"ring": "P1"})
        assert (answer.status_code, answer.json()["state"], answer.json()["number"]) == (201, "queued", "A001")
        again = await house.call("integration", "POST", f"/v1/channels/{NAME}/landings", {"ring": "P1"})
        assert (again.status_code, again.json()["id"]) == (200, answer.json()["id"])
        assignment = await offered(house, "ayesha")
        assert (await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")).status_code == 200
        sent = loft / f"accepted:{assignment}"
        await until(sent.exists)
        assert json.loads(sent.read_text()) == {"kind": "release", "to": "roof of P1"}
        gone = await house.call("integration", "POST", f"/v1/channels/{NAME}/departures", {"ring": "P1"})
        assert gone.json()["state"] in ("wrapping", "completed")
        await until((loft / f"completed:{answer.json()['id']}").exists)
        async with house.app.state.service.database.connection() as connection:
            assert await audit(connection) == []


async def test_its_doors_are_described_and_guarded_like_all_others(loft: Path) -> None:
    app = create_app(Settings(), loops=False)
    path = f"/v1/channels/{NAME}/landings"
    assert app.openapi()["paths"][path]["post"]["summary"] == "A pigeon has landed."
    row = app.state.service.access["POST", path]
    assert row.roles is not None
    assert "kiosk" not in row.roles


def decided_by_name(source: str, names: set[str]) -> list[str]:
    """The places where code compares something with a channel's name, in Python or in SQL."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare | ast.MatchValue):
            words = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
            if words & names:
                found.append(ast.unparse(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL_NAMES.search(node.value):
            found.append(node.value)
    return found


def test_nothing_in_the_service_is_decided_by_a_channels_name() -> None:
    names = {path.parent.name for path in (ROOT / "channels").glob("*/__init__.py")} - {"texts"}
    assert len(names) >= 4
    sources = [path for folder in ("app", "routing") for path in (ROOT / folder).rglob("*.py")]
    product = [path for path in sources if "demo" not in path.parts]  # the demo plays the world outside
    assert [found for path in product for found in decided_by_name(path.read_text(), names)] == []


def test_the_search_for_names_can_find_some() -> None:
    for line in ("x = channel == 'email'", "ok = row['channel'] in ('a', 'email')", "q = \"WHERE channel = 'email'\""):
        assert decided_by_name(line, {"email"}), line
    assert decided_by_name("kind = 'email'\nx = kind == 'letter'", {"email"}) == []


async def offered(house: House, code: str) -> str:
    """The id of the offer that the dispatcher has made to `code`."""

    async def ask() -> list[Any]:
        answer = await house.call(code, "GET", f"/v1/representatives/{code}/assignments?live=true")
        items: list[Any] = answer.json()["items"]
        return items

    async with asyncio.timeout(HANG_SECONDS):
        while not (items := await ask()):
            await asyncio.sleep(LOOK_SECONDS)
    return str(items[0]["id"])


async def until(holds: Any) -> None:
    async with asyncio.timeout(HANG_SECONDS):
        while not holds():
            await asyncio.sleep(LOOK_SECONDS)

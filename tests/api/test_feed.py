"""The event feed tells each event once, however transactions overlap, and what each caller may see."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from tests.api.conftest import House
from tests.api.following import following
from tests.racing import HANG_SECONDS

WRITERS = 8
EACH = 40
TOLD = {(f"writer-{number}", version) for number in range(WRITERS) for version in range(1, EACH + 1)}
Read = Callable[[], Awaitable[list[tuple[str, int]]]]


async def note(connection: asyncpg.Connection, writer: str, version: int) -> None:
    await connection.execute(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor)"
        " VALUES ('note', $1, $2, 'made', wall_clock(), 'system')",
        writer,
        version,
    )


async def write(database: str, number: int) -> None:
    """Events whose sequence number is taken early and whose commit comes late."""
    chance = random.Random(number)
    connection = await asyncpg.connect(database)
    try:
        for version in range(1, EACH + 1):
            async with connection.transaction():
                await note(connection, f"writer-{number}", version)
                await asyncio.sleep(chance.random() * 0.004)
    finally:
        await connection.close()


async def seen_while_writing(database: str, read: Read) -> Counter[tuple[str, int]]:
    """What `read` gave in all while eight writers wrote, and until it gave nothing more for half a second."""
    seen: Counter[tuple[str, int]] = Counter()
    writing = asyncio.gather(*(write(database, number) for number in range(WRITERS)))
    quiet = 0
    while quiet < 50:
        found = await read()
        seen.update(found)
        quiet = 0 if found or not writing.done() else quiet + 1
        await asyncio.sleep(0.001 if found else 0.01)
    await writing
    return seen


async def seen_while_overtaking(database: str, read: Read) -> Counter[tuple[str, int]]:
    """What `read` gave in all when every first event was overtaken: a later one was committed, and read for, before it."""
    seen: Counter[tuple[str, int]] = Counter()
    slow, quick = await asyncpg.connect(database), await asyncpg.connect(database)
    for version in range(1, EACH + 1):
        async with slow.transaction():
            await note(slow, "slow", version)
            await note(quick, "quick", version)
            seen.update(await read())
        seen.update(await read())
    await asyncio.gather(slow.close(), quick.close())
    return seen


def by_the_feed(house: House) -> Read:
    """Page after page, as anybody follows."""
    after: str | None = None

    async def read() -> list[tuple[str, int]]:
        nonlocal after
        query = {"limit": "200"} | ({"after": after} if after else {})
        page = (await house.call("supervisor", "GET", "/v1/events", params=query)).json()
        after = page["next"]
        return [(event["subject_id"], event["version"]) for event in page["items"] if event["subject"] == "note"]

    return read


async def test_a_follower_misses_no_event_and_sees_none_twice(house: House) -> None:
    seen = await seen_while_writing(house.database, by_the_feed(house))
    assert set(seen) == TOLD
    assert set(seen.values()) == {1}


async def test_a_follower_misses_no_event_that_another_has_overtaken(house: House) -> None:
    seen = await seen_while_overtaking(house.database, by_the_feed(house))
    assert seen == Counter((who, version) for who in ("slow", "quick") for version in range(1, EACH + 1))


async def test_a_cursor_of_sequence_numbers_would_miss_events(house: House) -> None:
    last = 0
    connection = await asyncpg.connect(house.database)

    async def read() -> list[tuple[str, int]]:
        nonlocal last
        rows = await connection.fetch(
            "SELECT seq, subject_id, version FROM event WHERE seq > $1 AND subject = 'note' ORDER BY seq", last
        )
        last = rows[-1]["seq"] if rows else last
        return [(row["subject_id"], row["version"]) for row in rows]

    try:
        seen = await seen_while_overtaking(house.database, read)
    finally:
        await connection.close()
    assert {who for who, _ in seen} == {"quick"}, "all that were overtaken are missed"


async def test_a_stream_misses_no_event_and_sees_none_twice(house: House) -> None:
    async with following(house.app, house.headers("supervisor")) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        writing = asyncio.gather(*(write(house.database, number) for number in range(WRITERS)))
        seen = Counter[tuple[str, int]]()
        for _ in range(len(TOLD)):
            event = await stream.event()
            seen.update([(event["subject_id"], event["version"])])
        await writing
        await asyncio.sleep(0.6)
        assert all(not line.startswith("data") for line in _left(stream.lines))
    assert set(seen) == TOLD
    assert set(seen.values()) == {1}


async def test_a_stream_resumes_after_the_last_event_it_told(house: House) -> None:
    async with following(house.app, house.headers("supervisor")) as stream:
        await house.arrive("r1")
        first = await stream.event()
    await house.arrive("r2")
    await house.arrive("r3")
    told = {first["id"]}
    headers = {**house.headers("supervisor"), "Last-Event-ID": first["id"]}
    async with following(house.app, headers) as stream:
        rest = [await stream.event() for _ in range(5)]
    assert not told & {event["id"] for event in rest}
    everything = await house.feed("supervisor")
    known = [event["id"] for event in everything]
    start = known.index(first["id"])
    assert [event["id"] for event in rest] == known[start + 1 : start + 6]


async def test_streams_end_at_once_when_the_service_stops(house: House) -> None:
    async with following(house.app, house.headers("supervisor")) as stream:
        house.app.state.service.stop()
        async with asyncio.timeout(HANG_SECONDS):
            await stream.ended.wait()


async def test_who_hangs_up_leaves_nothing_behind(house: House) -> None:
    feed = house.app.state.service.feed
    async with following(house.app, house.headers("supervisor")) as stream:
        await stream.line()
        await house.arrive("r1")
        await stream.event()
        assert feed.followers == 1
    assert feed.followers == 0
    assert "raabta_streams 0.0" in (await house.client.get("/metrics")).text


async def test_a_stream_ends_when_its_key_is_revoked(house: House) -> None:
    async with following(house.app, house.headers("ayesha")) as stream:
        connection = await asyncpg.connect(house.database)
        await connection.execute("UPDATE api_key SET revoked_at = wall_clock() WHERE name = 'ayesha'")
        await connection.close()
        number = 0
        async with asyncio.timeout(HANG_SECONDS):
            while not stream.ended.is_set():
                number += 1
                await house.arrive(f"r{number}")
                await asyncio.sleep(0.1)


@asynccontextmanager
async def long_transaction(database: str) -> AsyncIterator[None]:
    """A write transaction that somebody keeps open."""
    connection = await asyncpg.connect(database)
    transaction = connection.transaction()
    await transaction.start()
    await connection.fetchval("SELECT pg_current_xact_id()")
    try:
        yield
    finally:
        await transaction.rollback()
        await connection.close()


async def test_a_long_transaction_elsewhere_holds_the_feed_back_and_loses_nothing(house: House) -> None:
    before = (await house.call("supervisor", "GET", "/v1/events")).json()["next"]
    async with long_transaction(house.database):
        told = await house.arrive("r1")
        held = (await house.call("supervisor", "GET", "/v1/events", params={"after": before})).json()
        metrics = (await house.client.get("/metrics")).text
    (lag,) = [float(line.split()[1]) for line in metrics.splitlines() if line.startswith("raabta_feed_lag_seconds ")]
    assert [event for event in held["items"] if event["subject_id"] == told["id"]] == []
    assert lag > 0
    now = await house.feed("supervisor", after=held["next"])
    assert [event["type"] for event in now if event["subject_id"] == told["id"]] == ["interaction.queued"]


async def test_a_representative_sees_what_concerns_them_alone(house: House) -> None:
    mine, other = await house.arrive("r1"), await house.arrive("r2")
    await house.offer(mine["id"], "ayesha")
    await house.offer(other["id"], "farid")
    page = await house.feed("ayesha")
    about = {(event["subject"], event["subject_id"]) for event in page}
    assert about == {("interaction", mine["id"]), ("representative", "ayesha")}
    assert "interaction.offered" in [event["type"] for event in page]


async def test_a_representative_streams_what_concerns_them_alone(house: House) -> None:
    await house.available("ayesha", "farid")
    async with following(house.app, house.headers("ayesha")) as stream:
        mine, other = await house.arrive("r1"), await house.arrive("r2")
        await house.offer(other["id"], "farid")
        await house.offer(mine["id"], "ayesha")
        event = await stream.event()
    assert (event["type"], event["subject_id"]) == ("interaction.offered", mine["id"])


async def test_a_page_of_the_feed_always_says_where_to_go_on(house: House) -> None:
    await house.arrive("r1")
    page = (await house.call("supervisor", "GET", "/v1/events", params={"limit": 200})).json()
    empty = (await house.call("supervisor", "GET", "/v1/events", params={"after": page["next"]})).json()
    assert empty == {"items": [], "next": page["next"]}


def _left(lines: asyncio.Queue[str]) -> list[str]:
    return [lines.get_nowait() for _ in range(lines.qsize())]

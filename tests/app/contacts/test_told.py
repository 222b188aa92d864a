"""What customers are told of their wait: from the floor as it is, kept, and held against what came."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import UUID

import orjson
import pytest

from app.actions.contacts.complete import complete
from app.actions.contacts.told import SAMPLES_AT_MOST, Told
from app.db import uuid7
from app.loops.estimates import Estimates
from app.loops.janitor import TOLD_DAYS, Janitor
from app.loops.lease import Lease
from app.queries import queues
from app.queries.line import servers
from app.queries.line.lines import document, line
from app.queries.line.standing import standing
from channels.base import Wait
from routing.lines import Line
from tests.shift import Shift, person

WAIT = Wait(low_seconds=60, high_seconds=240)


class Holding(Lease):
    """A lease that is ours."""

    held = True


async def measure(shift: Shift) -> None:
    """One turn of the estimates."""
    await Estimates(shift.db, Holding(shift.db, "dispatcher")).turn()


async def told(shift: Shift, interaction: UUID) -> Wait | None:
    async with shift.db.connection() as connection:
        return (await standing(connection, [interaction]))[interaction].wait


async def instants(shift: Shift, interaction: UUID) -> tuple[float, float]:
    """When it will be served, as told now: the low and the high end."""
    wait = await told(shift, interaction)
    assert wait is not None
    [(now,)] = await shift.fetch("SELECT extract(epoch FROM wall_clock())::float8")
    return now + wait.low_seconds, now + wait.high_seconds


async def busy(shift: Shift, *codes: str, request: str = "order") -> list[UUID]:
    """Each of them serves somebody."""
    held = []
    for code in codes:
        held.append(await shift.arrive("walk_in", request))
        await shift.serve(held[-1], code)
    return held


async def test_with_nothing_else_changed_time_never_moves_the_told_instant_later(shift: Shift) -> None:
    await shift.stand_still()
    await busy(shift, "farid")
    first, second = await shift.arrive("walk_in", "order"), await shift.arrive("walk_in", "order")
    await measure(shift)
    before = {each: await instants(shift, each) for each in (first, second)}
    for _ in range(8):
        await shift.stand_still(29.7)
        await measure(shift)
        for each in (first, second):
            now = await instants(shift, each)
            assert now[1] <= before[each][1] + 1
            if now[0] > before[each][0] + 1:  # any moment now, since the low end is over
                assert (await told(shift, each) or WAIT).low_seconds == 0


async def test_once_even_the_high_end_is_over_no_wait_is_told(shift: Shift) -> None:
    await busy(shift, "farid")
    interaction = await shift.arrive("walk_in", "order")
    await measure(shift)
    await shift.pass_time(3_600)
    await measure(shift)
    assert await told(shift, interaction) is None


async def test_when_somebody_ahead_is_taken_the_wait_is_counted_anew(shift: Shift) -> None:
    await shift.stand_still()
    [held] = await busy(shift, "farid")
    first, second = await shift.arrive("walk_in", "order"), await shift.arrive("walk_in", "order")
    await shift.stand_still(100)
    await measure(shift)
    await shift.do(complete, held, outcome=None, actor=person("farid"))
    await shift.serve(first, "farid")
    await measure(shift)
    fresh = await told(shift, second)
    assert fresh is not None  # as the next in line of one who has just begun: 300 x ln 2 and 300 x ln 10
    assert fresh.low_seconds == pytest.approx(208, abs=20)
    assert fresh.high_seconds == pytest.approx(691, abs=20)


async def test_those_due_earlier_in_another_line_of_the_same_people_come_first(shift: Shift) -> None:
    await shift.stand_still()
    await busy(shift, "farid")  # who serves claims, sales and inquiries, alone
    alone = await shift.arrive("walk_in", "order")
    await measure(shift)
    short = await told(shift, alone)
    for _ in range(4):
        await shift.arrive("walk_in", "claim")
        await shift.execute("UPDATE interaction SET due_at = due_at - interval '10 minutes' WHERE queue = 'claims'")
    await measure(shift)
    long = await told(shift, alone)
    assert short is not None
    assert long is not None
    assert long.low_seconds > 3 * short.low_seconds


async def test_others_of_the_same_queue_whom_nobody_shares_do_not_count(shift: Shift) -> None:
    await shift.stand_still()
    await busy(shift, "farid")
    await busy(shift, "bilal", request="technical_service")
    alone = await shift.arrive("walk_in", "order")
    await measure(shift)
    short = await told(shift, alone)
    for _ in range(4):
        await shift.arrive("walk_in", "technical_service")
        await shift.execute("UPDATE interaction SET due_at = due_at - interval '1 hour' WHERE queue = 'technical'")
    await measure(shift)
    assert await told(shift, alone) == short


async def test_what_was_told_on_entry_is_kept_once_a_flush(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    elapsed = 0.0
    monkeypatch.setattr("app.actions.contacts.told.time", SimpleNamespace(monotonic=lambda: elapsed))
    await shift.stand_still()
    await busy(shift, "farid")
    await measure(shift)
    interaction = await shift.arrive("walk_in", "order")
    said = await told(shift, interaction)
    elapsed = 30.0
    await shift.stand_still(elapsed)
    async with shift.db.connection() as connection:
        assert await shift.intake.told.flush(connection) == 1
        assert await shift.intake.told.flush(connection) == 0
    [row] = await shift.fetch("SELECT * FROM told_wait")
    assert said is not None
    assert (row["interaction_id"], row["queue"]) == (interaction, "sales")
    assert (row["high_at"] - row["told_at"]).total_seconds() == said.high_seconds
    assert row["told_at"] == (await shift.row(interaction))["queued_at"], "when it was told, and not when it was kept"


async def test_who_finds_somebody_free_was_told_no_wait_and_is_not_counted(shift: Shift) -> None:
    await shift.come_to_work("farid")
    await measure(shift)
    await shift.arrive("walk_in", "order")
    async with shift.db.connection() as connection:
        assert await shift.intake.told.flush(connection) == 0


def test_of_many_in_a_second_an_even_sample_is_kept() -> None:
    told_ones = Told()
    ids = [uuid7() for _ in range(20 * SAMPLES_AT_MOST)]
    for each in ids:
        told_ones.note(each, "sales", WAIT)
    places = [ids.index(each[0]) for each in told_ones._samples]
    assert len(set(places)) == SAMPLES_AT_MOST
    assert min(places) < 10 * SAMPLES_AT_MOST < max(places)


async def answered(shift: Shift, *, told_seconds: tuple[int, int], after_seconds: int, days_ago: int = 0) -> None:
    """One who was told this, and was served so long after."""
    interaction = await shift.arrive("walk_in", "order")
    await shift.execute(
        "INSERT INTO told_wait SELECT id, 'sales', at, at + make_interval(secs => $2), at + make_interval(secs => $3)"
        " FROM interaction, LATERAL (SELECT wall_clock() - interval '2 hours' - make_interval(days => $4)) AS moment (at)"
        " WHERE id = $1",
        interaction, *(float(each) for each in told_seconds), days_ago,
    )  # fmt: skip
    await shift.serve(interaction, "farid")
    await shift.execute(
        "UPDATE assignment SET answered_at = (SELECT told_at FROM told_wait WHERE interaction_id = $1)"
        " + make_interval(secs => $2) WHERE interaction_id = $1",
        interaction, float(after_seconds),
    )  # fmt: skip
    await shift.do(complete, interaction, outcome=None, actor=person("farid"))


async def hit_rate(shift: Shift) -> dict[str, float | None]:
    async with shift.db.reading() as session:
        items, _ = await queues.page(session, after=None, limit=50)
    found: dict[str, float | None] = next(item["estimate"] for item in items if item["id"] == "sales")
    return found


async def test_supervisors_see_how_well_the_told_was_kept(shift: Shift) -> None:
    assert await hit_rate(shift) == {"told": 0, "within_low": None, "within_high": None}
    for after_seconds in (30, 61, 200, 300):
        await answered(shift, told_seconds=(60, 240), after_seconds=after_seconds)
    await answered(shift, told_seconds=(60, 240), after_seconds=30, days_ago=8)
    assert await hit_rate(shift) == {"told": 4, "within_low": 0.25, "within_high": 0.75}


async def test_whose_told_time_is_not_over_is_not_judged_yet(shift: Shift) -> None:
    """Of the latest, only the quickly served would count."""
    await answered(shift, told_seconds=(60, 240), after_seconds=300)
    await answered(shift, told_seconds=(60, 3 * 3_600), after_seconds=30)
    assert await hit_rate(shift) == {"told": 1, "within_low": 0.0, "within_high": 0.0}


async def test_what_was_told_a_month_ago_is_removed(shift: Shift) -> None:
    await answered(shift, told_seconds=(60, 240), after_seconds=30, days_ago=TOLD_DAYS)
    await answered(shift, told_seconds=(60, 240), after_seconds=30, days_ago=TOLD_DAYS - 1)
    assert not await Janitor(shift.db).turn()
    [row] = await shift.fetch("SELECT count(*) FROM told_wait")
    assert row[0] == 1


async def test_what_has_been_seen_of_a_queue_makes_its_waits(shift: Shift) -> None:
    """Ten visits of ten minutes: the next waits by these, and not by the five that the configuration says."""
    await shift.stand_still()
    for _ in range(10):
        [held] = await busy(shift, "farid")
        await shift.do(complete, held, outcome=None, actor=person("farid"))
        await shift.execute(
            "UPDATE assignment SET offered_at = ended_at - interval '10 minutes', expires_at = ended_at,"
            " answered_at = ended_at - interval '10 minutes' WHERE interaction_id = $1",
            held,
        )
    await busy(shift, "farid")
    interaction = await shift.arrive("walk_in", "order")
    await measure(shift)
    [row] = await shift.fetch("SELECT mean_handle_seconds, line FROM queue_estimate WHERE queue = 'sales'")
    # 6,000 seconds spent; ten done, and one of such steady work in hand counts for half a one.
    assert row["mean_handle_seconds"] == pytest.approx(6_000 / 10.5, abs=2)
    assert line(row["line"][""]).variation < 0.01
    wait = await told(shift, interaction)
    assert wait is not None
    assert 200 < wait.low_seconds < 600


async def test_the_latest_pieces_of_work_tell_how_long_one_takes(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven visits took half an hour each; of the three latest each took a minute, and these are believed."""
    monkeypatch.setattr(servers, "LATEST_DONE", 3)
    await shift.stand_still()
    for minutes in (30,) * 7 + (1,) * 3:
        [held] = await busy(shift, "farid")
        await shift.do(complete, held, outcome=None, actor=person("farid"))
        await shift.execute(
            "UPDATE assignment SET offered_at = ended_at - make_interval(mins => $2), expires_at = ended_at,"
            " answered_at = ended_at - make_interval(mins => $2) WHERE interaction_id = $1",
            held, minutes,
        )  # fmt: skip
    async with shift.db.connection() as connection:
        handled = (await servers.seen(connection)).handled["sales"]
    assert handled.seconds == pytest.approx(60, abs=2)
    assert handled.number == 3
    assert handled.variation > 0.1


def test_a_lines_makings_survive_their_row() -> None:
    made = Line(
        representatives=4.0, free=1, handle_seconds=300.0, variation=0.25, measured=40, leaving_rate=0.001,
        ahead={"claims": 0.5, "sales": 1.0}, leads=((20.0, 0.01), (320.0, 0.02)),
    )  # fmt: skip
    assert line(orjson.loads(orjson.dumps(document(made, made.ahead)))) == made


async def test_only_those_who_speak_the_language_count(shift: Shift) -> None:
    """Farid and Devi serve orders; Devi speaks Telugu alone, and Farid does not."""
    await shift.stand_still()
    await busy(shift, "farid", "devi")
    for _ in range(5):
        await shift.arrive("walk_in", "order", language="ur", office="lahore")
    await measure(shift)
    urdu = await told(shift, await shift.arrive("walk_in", "order", language="ur", office="lahore"))
    telugu = await told(shift, await shift.arrive("walk_in", "order", language="te", office="hyderabad"))
    assert urdu is not None
    assert telugu is not None
    assert urdu.low_seconds > 1_000
    # Those before them are not hers: next in line of one who is busy, or the one after.
    assert telugu.low_seconds < 550


async def test_nobody_at_work_is_no_wait(shift: Shift) -> None:
    interaction = await shift.arrive("walk_in", "order")
    await measure(shift)
    assert await told(shift, interaction) is None

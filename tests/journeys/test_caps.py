"""As many as an hour allows: then others are asked, until the next hour begins."""

from __future__ import annotations

from tests.journeys.conftest import Journey


async def test_who_has_taken_as_many_as_the_hour_allows_is_offered_no_more_until_it_is_over(journey: Journey) -> None:
    async with journey.db.transaction() as connection:
        await connection.execute("UPDATE representative SET per_hour = 2, office = 'lahore' WHERE code = 'esther'")
    (row,) = await journey.fetch("SELECT extract(epoch FROM wall_clock())::float8 AS now")
    await journey.pass_time(3700 - row["now"] % 3600)  # a little into the next hour, in Lahore too
    await journey.presence("esther")
    letters = []
    for number in range(3):
        body = {"channel": "email", "ref": f"l{number}", "request_type": "inquiry", "language": "en"}
        letters.append(str((await journey.call("integration", "POST", "/v1/interactions", body))["id"]))
    for each in letters[:2]:
        await journey.accept("esther", each)
        await journey.complete("esther", each)
    found = await journey.call("supervisor", "GET", "/v1/representatives/esther")
    assert found["resting_until"] is not None
    await journey.presence("chandra")
    await journey.accept("chandra", letters[2])
    await journey.complete("chandra", letters[2])
    await journey.presence("chandra", "offline")
    body = {"channel": "email", "ref": "l9", "request_type": "inquiry", "language": "en"}
    last = str((await journey.call("integration", "POST", "/v1/interactions", body))["id"])
    assert (await journey.interaction(last))["state"] == "queued"
    await journey.pass_time(3500)
    await journey.accept("esther", last)

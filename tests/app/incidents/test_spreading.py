"""An incident that cannot be told holds up no other."""

from __future__ import annotations

import contextlib

from sqlalchemy.exc import DBAPIError

from app.loops.spreading import Spreading
from tests.app.incidents.test_incidents import attached, declare, letter
from tests.shift import Shift
from tests.solving import tend


async def test_an_incident_that_fails_holds_up_no_other_and_is_told_once_it_can_be(shift: Shift) -> None:
    inquiry, claim = await letter(shift), await letter(shift, "devi", request_type="claim")
    await tend(shift)
    wrong, right = await declare(shift), await declare(shift, request_types=["claim"])
    await shift.execute(
        "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    await shift.execute(
        "CREATE TRIGGER fails BEFORE INSERT ON incident_case FOR EACH ROW"
        f" WHEN (NEW.incident_id = '{wrong.id}') EXECUTE FUNCTION fails()"
    )
    chore = Spreading(shift.db)
    with contextlib.suppress(DBAPIError):  # told to the log, and begun again
        while await chore.turn():
            pass
    assert await attached(shift, right) == {claim}
    assert await attached(shift, wrong) == set()
    await shift.execute("DROP TRIGGER fails ON incident_case")
    while await chore.turn():
        pass
    assert await attached(shift, wrong) == {inquiry}

"""A command calls for one representative; once they have let go of the customer, it is never sent any more."""

from __future__ import annotations

from app.actions.line.requeue import transfer
from app.actions.outward.deliver import claim
from tests.shift import Shift


async def test_a_command_that_called_for_somebody_who_let_go_is_never_sent(shift: Shift) -> None:
    """Tried again after the caller was given to another, it would tear them out of that talk."""
    await shift.come_to_work("farid")
    call = await shift.arrive("phone")
    first = await shift.serve(call, "esther")
    await shift.do(transfer, call, queue=None, representative="farid", reason=None)
    second = await shift.serve(call, "farid")
    async with shift.db.transaction() as connection:
        claimed = await claim(connection, "phone", limit=10)
    assert [each.command.key for each in claimed] == [f"accepted:{second}"]
    told = {row["dedupe_key"]: (row["state"], row["reason"]) for row in await shift.commands(call)}
    assert told == {f"accepted:{first}": ("failed", "superseded"), f"accepted:{second}": ("sending", None)}

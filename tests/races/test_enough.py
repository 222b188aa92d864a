"""Races are about luck, so there must be many of them."""

from __future__ import annotations

from tests.races.test_answers import EXPIRY_ATTEMPTS, HANG_UP_ATTEMPTS, PRESENCE_ATTEMPTS
from tests.races.test_dispatchers import ATTEMPTS
from tests.races.test_representatives import ATTEMPTS_FOR_ONE_INTERACTION, ATTEMPTS_FOR_ONE_REPRESENTATIVE

ENOUGH = 10_000


def test_all_races_together_are_ten_thousand_attempts() -> None:
    attempts = (
        ATTEMPTS,
        ATTEMPTS_FOR_ONE_INTERACTION,
        ATTEMPTS_FOR_ONE_REPRESENTATIVE,
        EXPIRY_ATTEMPTS,
        HANG_UP_ATTEMPTS,
        PRESENCE_ATTEMPTS,
    )
    assert sum(attempts) >= ENOUGH

"""What tests of the actions share: a house at work, sound at the end of every story."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.shift import Shift, open_shift


@pytest.fixture
async def shift(database: str) -> AsyncIterator[Shift]:
    """A furnished house on a database of its own; after the test, the audit must find nothing."""
    async with open_shift(database) as opened:
        yield opened

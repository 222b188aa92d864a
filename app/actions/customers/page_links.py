"""The address of a customer's page: made when it is first needed, the same from then on.

Decides how it is drawn: 128 random bits, so that nobody guesses one. It opens the page, and nothing else.
"""

from __future__ import annotations

import secrets
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from app.settings import load
from app.tables import Case

TOKEN_BYTES: Final = 16
PATH: Final = "/c/"

_told: list[str] = []


def use(base_url: str) -> None:
    """How the outside reaches this process, without a slash at the end."""
    _told[:] = [base_url]


async def page_token(session: AsyncSession, case: Case) -> str:
    """The token of the page of a locked case; made, where there is none yet."""
    if case.page_token is None:
        case.page_token = secrets.token_urlsafe(TOKEN_BYTES)
        session.add(case)
    return case.page_token


async def page_link(session: AsyncSession, case: Case) -> str:
    """The whole address of the page of a locked case."""
    return address(await page_token(session, case))


def address(token: str) -> str:
    """Where the page with this token is. Where nobody said how we are reached, as the environment says."""
    if not _told:
        use(load().base_url)
    return f"{_told[0].rstrip('/')}{PATH}{token}"

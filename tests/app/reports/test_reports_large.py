"""The house with a long past that figures are measured on is an honest one, and its reports agree with plain counting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from app.db import Database
from app.queries import reports
from app.queries.audit.audit import audit
from app.queries.reports import Wish, period
from tests.benchmarks import large
from tests.benchmarks.lived_tables import COLUMNS

CASES = 400


@pytest.fixture
async def past(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(large, "PER_MONTH", 100)
    monkeypatch.setattr(large, "TOGETHER", 150)
    await large.fill(empty_database, CASES)
    return empty_database


async def test_the_invented_house_keeps_every_rule_of_the_audit(past: str) -> None:
    connection = await asyncpg.connect(past)
    try:
        assert await audit(connection) == []
        empty = [table for table in COLUMNS if not await connection.fetchval(f'SELECT EXISTS (SELECT FROM "{table}")')]
        assert empty == []
        events = await connection.fetchval("SELECT count(*) FROM event")
        assert events >= 10 * CASES
        strangers = await connection.fetchval(
            "SELECT count(*) FROM survey s WHERE NOT EXISTS (SELECT FROM customer WHERE id = s.customer_id)"
        )
        assert strangers == 0
    finally:
        await connection.close()


async def test_its_reports_agree_with_counting_everything(past: str) -> None:
    connection = await asyncpg.connect(past)
    try:
        counts = await connection.fetchrow(
            """SELECT (SELECT count(*) FROM "case" WHERE closed_at IS NOT NULL AND merged_into IS NULL) AS closed,
            (SELECT count(*) FROM "case" WHERE merged_into IS NULL) AS opened, (SELECT count(*) FROM touch) AS touches,
            (SELECT count(*) FROM promise WHERE state = 'broken') AS broken, (SELECT count(*) FROM survey) AS asked,
            (SELECT count(*) FROM clock WHERE state IN ('met', 'breached')) AS ended"""
        )
    finally:
        await connection.close()
    assert counts is not None
    async with Database(past) as db, db.reading() as session:
        today = datetime.now(UTC)
        days = await period(session, (today - timedelta(days=200)).date(), None, office=None, now=today)
        for by in ("queue", "representative"):
            wish = Wish(by=by, period=days)
            cases = await reports.cases(session, wish)
            found = {
                "closed": cases.total, "opened": (await reports.first_contact(session, wish, now=today)).total,
                "touches": (await reports.touches(session, wish)).total, "broken": (await reports.promises(session, wish)).total,
                "asked": (await reports.surveys(session, wish)).total, "ended": (await reports.sla(session, wish)).total,
            }  # fmt: skip
            for name, total in found.items():
                assert total is not None
                assert sum(row[name] for row in total) == counts[name], name
            assert sum(row["closed"] for row in cases.items) == counts["closed"]

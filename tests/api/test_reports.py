"""Reports over the API: who reads what, in which form, and that no table runs as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from app.api.comma_separated import cell, table
from tests.api.conftest import House

REPORTS = ("cases", "first_contact", "touches", "promises", "surveys", "sla")
MARCH = "from=2026-03-01&to=2026-04-01"

_CLOSED = """
INSERT INTO "case" (id, token, state, opened_at, resolved_at, closed_at, closed_by, version, queue, owner, resolved_by)
SELECT ('0195' || lpad(to_hex(n), 8, '0') || '70008000000000000000')::uuid, n::text, 'closed', t, t, t, 'customer', 1, $1, $2, $2
FROM generate_series($3::int, $3::int + 11) AS n, (SELECT '2026-03-10T12:00:00Z'::timestamptz AS t) AS clock
"""


async def read(house: House, who: str, path: str, **more: Any) -> Any:
    answer = await house.call(who, "GET", f"/v1/reports/{path}", **more)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("name", REPORTS)
async def test_every_report_reads_as_figures_and_as_a_table(house: House, name: str) -> None:
    told = (await read(house, "supervisor", f"{name}?{MARCH}")).json()
    assert (told["from"], told["to"], told["timezone"]) == ("2026-03-01", "2026-04-01", "Asia/Karachi")
    assert told["items"] == []
    answer = await read(house, "integration", f"{name}?{MARCH}&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"].startswith("attachment;")
    header = next(csv.reader(io.StringIO(answer.text)))
    assert header[0] == told["by"]
    assert len(set(header)) == len(header)


async def test_a_table_has_the_same_figures(house: House, sql: Callable[..., Any]) -> None:
    await sql(_CLOSED, "claims", "ayesha", 1)
    await sql(_CLOSED, None, "devi", 100)
    told = (await read(house, "supervisor", f"cases?{MARCH}&by=queue")).json()
    answer = await read(house, "supervisor", f"cases?{MARCH}&by=queue", headers={"accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["queue"] for row in rows] == ["(all)", "claims", ""]
    for row, figures in zip(rows, [*told["totals"], *told["items"]], strict=True):
        assert (row["closed"], row["solved"]) == (str(figures["closed"]), str(figures["solved"]))
        assert float(row["solved_rate"]) == figures["solved_rate"]["value"]
        assert float(row["solved_rate_low"]) == figures["solved_rate"]["low"]


async def test_a_representative_reads_their_own_row_and_no_other(house: House, sql: Callable[..., Any]) -> None:
    await sql(_CLOSED, "claims", "ayesha", 1)
    await sql(_CLOSED, "claims", "devi", 100)
    for name in REPORTS:
        for query in (MARCH, f"{MARCH}&by=representative", f"{MARCH}&queue=claims"):
            told = (await read(house, "ayesha", f"{name}?{query}")).json()
            assert told["by"] == "representative"
            assert told["totals"] is None
            assert {row["code"] for row in told["items"]} <= {"ayesha"}
        answer = await house.call("ayesha", "GET", f"/v1/reports/{name}?by=queue")
        assert (answer.status_code, answer.json()["code"]) == (403, "own_row_only")
    assert (await read(house, "ayesha", f"cases?{MARCH}")).json()["items"][0]["closed"] == 12
    assert "devi" not in (await read(house, "ayesha", f"cases?{MARCH}&format=csv")).text
    assert "(all)" not in (await read(house, "ayesha", f"cases?{MARCH}&format=csv")).text


@pytest.mark.parametrize(
    "query",
    [
        "by=cause", "by=", "from=yesterday", "from=0001-01-01", "to=9999-12-31", "from=2026-03-02&to=2026-03-02",
        "from=2024-01-01&to=2026-01-01", "office=atlantis", "format=xml", "queue=Not a code", "unknown=1", "representative=devi",
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_told(house: House, query: str) -> None:
    answer = await house.call("supervisor", "GET", f"/v1/reports/cases?{query}")
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"), (" =1", "' =1"),
        ("\r=1", "\"'\r=1\""), ("=1,\"2\"", '"\'=1,""2"""'), ("＝1", "'＝1"), (-1, "-1"), (-0.5, "-0.5"), (None, ""),
        (True, "true"), ("plain", "plain"), ("a,b", '"a,b"'), ('say "x"', '"say ""x"""'), ("two\nlines", '"two\nlines"'),
    ],
)  # fmt: skip
def test_no_cell_runs_as_a_formula_and_numbers_stay_numbers(value: object, written: str) -> None:
    assert cell(value) == written
    if isinstance(value, str):
        (line,) = csv.reader(io.StringIO(table(["one"], [{"one": value}]).decode().split("\r\n", 1)[1], newline=""))
        assert line[0].removeprefix("'") == value
        assert not line[0].startswith(("=", "+", "-", "@", "\t", "\r", " ="))


def test_a_table_ends_its_lines_as_the_standard_says() -> None:
    assert table(["a", "b"], [{"a": 1}, {"b": "x"}]) == b"a,b\r\n1,\r\n,x\r\n"

"""Configuration and rules at the terminal: what a person types, what is shown, and what is refused."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import asyncpg

from app.db import head_revision
from tests.app.service.test_cli import SAMPLE, raabta, raabta_process

# --- Configuration ----------------------------------------------------------------------------------------------------


def test_apply_shows_first_and_a_second_run_has_nothing_to_change(database: str, tmp_path: Path) -> None:
    assert raabta("apply", str(SAMPLE), "--dry-run", DATABASE_URL=database).returncode == 0
    first = raabta("apply", str(SAMPLE), "--yes", DATABASE_URL=database)
    assert (first.returncode, first.stdout.splitlines()[-1]) == (0, "the rules are live as version 1")
    assert re.fullmatch(r"\d+ changes made", first.stdout.splitlines()[-2])
    second = raabta("apply", str(SAMPLE), "--yes", DATABASE_URL=database)
    assert (second.returncode, second.stdout) == (0, "nothing to change\n")

    changed = tmp_path / "office.toml"
    changed.write_text(SAMPLE.read_text(encoding="utf-8").replace("target_seconds = 120", "target_seconds = 90", 1))
    unasked = raabta("apply", str(changed), DATABASE_URL=database)  # nobody is there to say yes
    assert unasked.returncode == 1
    assert "changed\tqueue\tclaims\ttarget_seconds: 120 -> 90" in unasked.stdout
    assert raabta("apply", str(SAMPLE), DATABASE_URL=database).stdout == "nothing to change\n"


def test_rules_are_drafted_by_a_file_looked_at_tried_published_and_rolled_back(database: str, tmp_path: Path) -> None:
    def told(*arguments: str) -> str:
        answer = raabta(*arguments, DATABASE_URL=database)
        assert (answer.returncode, answer.stderr) == (0, "")
        return answer.stdout

    told("apply", str(SAMPLE), "--yes")
    changed = tmp_path / "office.toml"
    changed.write_text(of_any_version().replace("target_seconds = 120", "target_seconds = 90", 1))
    assert "the rules are version 2, a draft" in told("apply", str(changed), "--yes")
    assert told("apply", str(changed), "--yes").startswith("nothing to change\nthe rules are version 2, a draft")
    listed = [line.split("\t")[:3] for line in told("rules", "list").splitlines()]
    assert listed == [["VERSION", "STATE", "BASED ON"], ["2", "draft", "1"], ["1", "live", "0"]]
    assert "changed\tqueue\tclaims\ttarget_seconds: 120 -> 90" in told("rules", "diff", "2")
    assert told("rules", "diff", "1") == "both say the same\n"
    tried = told("rules", "dry-run", "2")
    assert "queues.claims.target_seconds\t120\t90" in tried
    assert "0 wait now; filed anew, 0 would change" in tried
    assert told("rules", "publish", "2", "--recompute").splitlines() == [
        "version 2 of the rules is live", "0 who wait were filed anew, 0 are left as they were",
    ]  # fmt: skip
    assert told("apply", str(changed), "--yes") == "nothing to change\n"
    assert "version 3 of the rules is live" in told("rules", "roll-back", "1")
    assert '"target_seconds": 120' in told("rules", "show", "3")
    assert "the rules are live as version 4" in told("apply", str(changed), "--yes", "--publish")
    changed.write_text(of_any_version())
    told("apply", str(changed), "--yes")
    assert told("rules", "discard", "5") == "version 5 of the rules is discarded\n"


def test_a_file_that_the_rules_have_moved_on_from_is_refused_in_one_line(database: str, tmp_path: Path) -> None:
    file = tmp_path / "office.toml"
    text = "rules_version = 7\n" + of_any_version()
    file.write_text(text)
    assert raabta("apply", str(file), "--yes", DATABASE_URL=database).returncode == 0, "nothing was live yet"
    file.write_text(text.replace("target_seconds = 120", "target_seconds = 90", 1))
    refused = raabta("apply", str(file), "--yes", DATABASE_URL=database)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "made from version 7 of the rules, and version 1 is live now" in refused.stderr
    for command in ("publish", "discard", "roll-back", "dry-run", "show"):
        missing = raabta("rules", command, "99", DATABASE_URL=database)
        assert (missing.returncode, missing.stderr.count("\n")) == (2, 1), command
    assert "2000000000" in raabta("rules", "diff", "1", "99999999999", DATABASE_URL=database).stderr


def of_any_version() -> str:
    """The sample, for whichever rules are live."""
    return re.sub(r"^rules_version.*", "", SAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_apply_refuses_a_wrong_file_with_every_line(database: str, tmp_path: Path) -> None:
    wrong = tmp_path / "office.toml"
    wrong.write_text('[organisation]\nname = "X"\nlanguages = ["en"]\n[offices.a]\nname = 5\ntimezone = "Mars/One"\n')
    told = raabta("apply", str(wrong), DATABASE_URL=database)
    assert told.returncode == 2
    assert f"raabta: {wrong}:5: offices.a.name: must be a text in quotes\n" in told.stderr
    assert f"raabta: {wrong}:6: offices.a.timezone: there is no time zone" in told.stderr


def test_apply_needs_no_schema_beforehand(empty_database: str) -> None:
    assert raabta("apply", str(SAMPLE), "--yes", DATABASE_URL=empty_database).returncode == 0


def test_migrate_goes_up_and_asks_before_it_goes_down(empty_database: str) -> None:
    assert raabta("migrate", DATABASE_URL=empty_database).stdout == f"schema: none -> {head_revision()}\n"
    assert raabta("migrate", DATABASE_URL=empty_database).stdout == f"schema: {head_revision()}, nothing to do\n"
    assert raabta("migrate", "base", DATABASE_URL=empty_database).returncode == 1
    down = raabta("migrate", "base", "--yes", DATABASE_URL=empty_database)
    assert down.stdout == f"schema: {head_revision()} -> none\n"


async def test_another_programs_schema_is_named_and_left_alone(database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    told = await asyncio.to_thread(raabta, "audit", DATABASE_URL=database)
    assert (told.returncode, "run raabta migrate" in told.stderr) == (2, True)
    served = await asyncio.to_thread(raabta_process, "serve", "--port", "0", DATABASE_URL=database)
    assert (served.returncode, "newer than this program" in served.stderr) == (2, True)

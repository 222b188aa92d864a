"""The README's five minutes, run as printed: only the address and the folder of the keys are another service's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.demo.service import TemporaryService

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOURS = [README.partition(f"## {title}")[2].partition("\n## ")[0] for title in ("Five minutes", "Change a rule")]
BLOCKS = [block for tour in TOURS for block in re.findall(r"```sh\n(.*?)```", tour, flags=re.DOTALL)]
UNTIL_OFFERED = """for look in $(seq 600); do
  as "$ASMA_KEY" "$url/v1/representatives/asma/assignments?live=true" | grep -q '"offered"' && break; sleep 0.1
done
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def service() -> Iterator[TemporaryService]:
    folder = Path(tempfile.mkdtemp(prefix="raabta-readme-"))
    folder.chmod(0o755)
    running = TemporaryService(folder, twilio_token="a-token-of-the-readmes-own-tour")
    running.start()
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def told(service: TemporaryService) -> list[str]:
    """What each block of the tour prints, run one after the other in one shell; the offer is waited for, as a reader does."""
    mark = "=== the next block ==="
    [answered] = [place for place, block in enumerate(BLOCKS) if "/acceptance" in block]
    blocks = [*BLOCKS[:answered], UNTIL_OFFERED + BLOCKS[answered], *BLOCKS[answered + 1 :]]
    script = f"\necho; echo '{mark}'\n".join(blocks)
    here = {
        "./.raabta/keys.txt": str(service.folder / "keys.txt"),
        "http://127.0.0.1:8000": service.url,
        ".venv/bin/raabta": f"RAABTA_DATA={service.folder} {ROOT}/.venv/bin/raabta",
    }
    for printed, meant in here.items():
        assert printed in script
        script = script.replace(printed, meant)
    ran = subprocess.run(
        ["sh", "-u"], check=False, input=script, capture_output=True, text=True, timeout=240, cwd=ROOT, env={**os.environ, "LANG": "C.UTF-8"}
    )  # fmt: skip
    assert ran.stderr == ""
    return ran.stdout.split(mark)


def test_every_step_is_answered_and_none_is_refused(told: list[str]) -> None:
    assert len(told) == len(BLOCKS)
    assert '"code":"' not in "".join(told)


def test_the_visitor_gets_a_number_and_words_in_her_language(told: list[str]) -> None:
    assert re.search(r'"number":"[A-Z]001"', told[2])
    assert "آپ کا نمبر" in told[2]


def test_the_offer_is_taken_and_finished(told: list[str]) -> None:
    assert '"state":"accepted"' in told[3]
    assert '"state":"completed"' in told[3]


def test_letters_and_calls_over_the_api_wait_in_their_queues(told: list[str]) -> None:
    assert '"state":"queued"' in told[4]
    assert '"channel":"phone"' in told[5]


def test_what_is_called_solved_is_asked_of_the_customer_and_counts_only_in_her_word(told: list[str]) -> None:
    assert '"state":"resolved"' in told[6]
    assert '"state":"asked"' in told[6]
    assert '"solved":null' in told[6]


def test_the_story_can_be_read_and_the_audit_agrees(told: list[str]) -> None:
    assert "interaction.completed" in told[7]
    assert "all is well" in told[7]


def test_a_supervisor_reads_why_it_was_offered_to_her_and_who_would_get_the_next(told: list[str]) -> None:
    assert '"chosen":{"representative":"asma"' in told[8]
    assert '"then":"join","queue":"claims"' in told[9]


def test_a_change_of_the_rules_is_a_draft_that_is_tried_on_what_came_before_it_holds(told: list[str]) -> None:
    assert "a draft" in told[10]
    assert "target_seconds: 120 -> 60" in told[10]
    assert "mean wait" in told[11]
    assert "queues.claims.target_seconds" in told[12]
    assert "version 2 of the rules is live" in told[12]
    assert "version 3 of the rules is live, and says what version 1 said" in told[12]


def test_a_day_that_never_was_and_the_people_a_load_needs_are_told(told: list[str]) -> None:
    assert "everybody" in told[13]
    assert "service level" in told[13]

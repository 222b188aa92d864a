"""Playbooks and the rules of cases in the configuration file, over the API's drafts, and in the dry run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.actions.rules.trial import trial
from app.actions.rules.versions import draft
from app.configuration import WrongConfiguration, read, read_text
from app.errors import Invalid
from tests.ruling import ADMIN, document
from tests.shift import Shift

SAMPLE = Path(__file__).parents[3] / "sample" / "office.toml"
STEP = {"code": "greet", "do": "say", "words": {"en": "Good morning"}}


def test_the_sample_office_says_every_kind_of_thing_about_cases() -> None:
    found = read(SAMPLE).rules.resolution
    assert found.quiet == ("21:00", "08:00")
    claim = found.of("claim_new")
    assert (claim.playbook, [check.level for check in claim.checks], claim.targets.warn) == ("claim", [4, 3], ("asma",))
    assert (found.of("claim_status").playbook, found.of("claim_status").checks) == (None, ())
    assert {step.do for steps in found.playbooks.values() for step in steps} == {"say", "check", "do", "ask", "link"}
    assert {language for steps in found.playbooks.values() for step in steps for language in step.words} == {
        "en",
        "ur",
        "te",
    }
    assert found.causes
    assert found.queues


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ('warn = ["asma"]', 'warn = ["asmaa"]', "resolution.request_types.claim.targets.warn: there is no representative 'asmaa'; did you mean 'asma'?"),
        ('tell = ["asma"] },\n  { after', 'tell = ["nobody"] },\n  { after', "resolution.request_types.claim.targets.escalate.0.tell: there is no representative 'nobody'"),
        ('words.te = "ప్లగ్ తీసేశారా?"', 'words.fr = "Débranché ?"', "playbooks.technical.steps.0.words.fr: there is no language 'fr'"),
        ('words.en = "Is it unplugged?"\n', "", "playbooks.technical.steps.0.words: has no words in en"),
        ('playbook = "technical"', 'playbook = "tecnical"', "resolution.request_types.technical_service.playbook: there is no playbook 'tecnical'; did you mean 'technical'?"),
        ('touches = 3', 'touches = "3"', "resolution.request_types.claim.touches: must be a whole number"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(old: str, new: str, mistake: str) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    with pytest.raises(WrongConfiguration) as caught:
        read_text(text.replace(old, new), name="office.toml")
    (line,) = caught.value.lines
    assert line.endswith(f": {mistake}")
    number = int(line.split(":")[1])
    near = "\n".join(text.replace(old, new).splitlines()[number - 1 : number + 8])
    assert (new.splitlines() or ["words.ur"])[0].strip() in near, "the line is where the mistake is"


async def test_a_draft_whose_steps_nobody_can_read_is_refused(shift: Shift) -> None:
    for words, reason in (({"ur": "سلام"}, "has no words in en"), ({"en": "Hello", "fr": "Bonjour"}, "there is no language 'fr'")):  # fmt: skip
        with pytest.raises(Invalid) as caught:
            await drafted(shift, {"playbooks": {"claim": {"steps": [{**STEP, "words": words}]}}})
        assert caught.value.code == "wrong_rules"
        assert reason in caught.value.detail


async def test_who_is_to_be_warned_and_does_not_work_here_is_told_before_publishing(shift: Shift) -> None:
    version = await drafted(shift, {"resolution": {"targets": {"warn": ["ayesha", "ayeshaa"]}, "touches": 2}})
    async with shift.db.reading() as session:
        found = await trial(session, version)
    assert [line for line in found.warnings if line.startswith("unknown_people")] == [
        "unknown_people: resolution.targets.warn: there is no representative 'ayeshaa'; did you mean 'ayesha'?"
    ]
    assert ("resolution.touches", None, 2) in found.differences


async def drafted(shift: Shift, more: dict[str, Any]) -> int:
    row = await shift.do(draft, document(**more), actor=ADMIN)
    found: int = row.version
    return found

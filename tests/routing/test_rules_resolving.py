"""What the rules say of cases and playbooks: what is right is read, and what is wrong is named with its path and the reason."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rules import faults, read
from routing.rules.resolving import (
    CaseRule,
    CauseRule,
    CheckRule,
    EscalationRule,
    FollowUpRule,
    PlaybookStep,
    ResolutionRules,
    SurgeRule,
    TargetRule,
)
from tests.routing.documents import GONE, changed

GREET = {"code": "greet", "do": "say", "words": {"en": "Good morning"}}


def written(*changes: tuple[str, Any]) -> dict[str, Any]:
    """The document with a playbook, and with these changes."""
    book = {"claim": {"steps": [copy.deepcopy(GREET)]}}
    return changed(
        ("playbooks", book), *((path, value if value is GONE else copy.deepcopy(value)) for path, value in changes)
    )


def resolution(*changes: tuple[str, Any]) -> ResolutionRules:
    return read(written(*changes)).resolution


def told(*changes: tuple[str, Any]) -> list[str]:
    return [str(fault) for fault in faults(written(*changes))]


def test_where_nothing_is_said_the_standing_rules_hold_for_every_request_type() -> None:
    found = read(changed()).resolution
    assert found == ResolutionRules(requests=dict.fromkeys(("claim", "claim_new", "order", "question"), CaseRule()))
    assert found.of("claim") == found.of("nothing") == found.of(None) == CaseRule()
    assert found.after("desk") == found.after(None) == FollowUpRule()


def test_everything_that_can_be_said_is_read_as_the_value_it_means() -> None:
    found = resolution(
        (
            "resolution",
            {
                "quiet": "22:30-07:00",
                "notices_per_day": 1,
                "surveys_per_month": 4,
                "rescue_at_most": 3,
                "rescue_seconds": 7200,
                "absent_seconds": 3600,
                "causes": [{"cause": "status", "words": [" Any NEWS ", "کب تک"]}],
                "surge": {"window_seconds": 60, "at_least": 2, "chance": 0.01},
                "touches": 5,
                "news_seconds": 3600,
                "news_lead_seconds": 60,
                "news_by": "person",
                "targets": {
                    "first_response_seconds": 10,
                    "next_response_seconds": 20,
                    "resolution_seconds": 30,
                    "warn_at": 0.5,
                    "warn": ["asma"],
                    "escalate": [{"after_seconds": 0, "tell": ["asma"]}, {"after_seconds": 5}],
                },
                "checks": [
                    {"before": "message", "amount_over": 5.5, "new_within_days": 9, "share": 0.5},
                    {"skill": "law", "level": 4, "within_seconds": 60},
                ],
                "playbook": "claim",
                "retention_days": 7,
                "queues": {"desk": {"survey_days": 1.5, "reopen_days": 0, "first_contact_days": 2}},
            },
        )
    )
    assert found == ResolutionRules(
        quiet=("22:30", "07:00"),
        notices_per_day=1,
        surveys_per_month=4,
        rescue_at_most=3,
        rescue_seconds=7200,
        absent_seconds=3600,
        causes=(CauseRule(cause="status", words=("any news", "کب تک")),),
        surge=SurgeRule(window_seconds=60, at_least=2, chance=0.01),
        playbooks={"claim": (PlaybookStep(code="greet", do="say", words={"en": "Good morning"}),)},
        requests=dict.fromkeys(("claim", "claim_new", "order", "question"), found.standing),
        queues={"desk": FollowUpRule(survey_days=1.5, reopen_days=0, first_contact_days=2)},
        standing=CaseRule(
            touches=5,
            news_seconds=3600,
            news_lead_seconds=60,
            news_by="person",
            targets=TargetRule(
                first_response_seconds=10,
                next_response_seconds=20,
                resolution_seconds=30,
                warn_at=0.5,
                warn=("asma",),
                escalate=(EscalationRule(after_seconds=0, tell=("asma",)), EscalationRule(after_seconds=5)),
            ),
            checks=(
                CheckRule(before="message", amount_over=5.5, new_within_days=9, share=0.5),
                CheckRule(skill="law", level=4, within_seconds=60),
            ),
            playbook="claim",
            retention_days=7,
        ),
    )


def test_a_request_type_has_what_its_parent_has_and_that_what_is_said_of_all() -> None:
    found = resolution(
        ("resolution.touches", 7),
        ("resolution.request_types.claim.playbook", "claim"),
        ("resolution.request_types.claim.targets", {"first_response_seconds": 60, "warn": ["asma"]}),
        ("resolution.request_types.claim.checks", [{"amount_over": 9}]),
        ("resolution.request_types.claim_new.targets", {"resolution_seconds": 90}),
        ("resolution.request_types.claim_new.touches", 2),
    )
    claim, new = found.of("claim"), found.of("claim_new")
    assert (claim.touches, new.touches, found.of("order").touches) == (7, 2, 7)
    assert new.targets == TargetRule(first_response_seconds=60, resolution_seconds=90, warn=("asma",))
    assert (new.checks, new.playbook) == (claim.checks, "claim")
    assert found.of("order").playbook is None


def test_a_request_type_may_have_none_of_what_its_parent_has() -> None:
    found = resolution(
        ("resolution.request_types.claim", {"playbook": "claim", "checks": [{"amount_over": 9}]}),
        ("resolution.request_types.claim_new", {"playbook": "none", "checks": []}),
    )
    assert (found.of("claim_new").playbook, found.of("claim_new").checks) == (None, ())


def test_there_may_be_no_quiet_time() -> None:
    assert resolution(("resolution.quiet", "never")).quiet is None
    assert resolution(("resolution.quiet", "00:00-23:59")).quiet == ("00:00", "23:59")


QUIET = 'resolution.quiet: must be two times like "21:00-08:00", or "never"'
LEAD = "the news would be looked at before they are promised: the lead must be the shorter one"
LANGUAGE = "must be a language such as en or zh-Hant"
STEP = "playbooks.claim.steps.0"
WRONG: list[tuple[str, Any, str]] = [
    ("resolution", 3, "resolution: must be a table"),
    ("resolution.touchs", 3, "resolution.touchs: there is no such setting; did you mean 'touches'?"),
    ("resolution.quiet", "21:00", QUIET),
    ("resolution.quiet", "21:00-21:00", QUIET),
    ("resolution.quiet", "9-24:00", QUIET),
    ("resolution.quiet", 5, QUIET),
    ("resolution.notices_per_day", -1, "resolution.notices_per_day: must be between 0 and 100"),
    ("resolution.notices_per_day", "3", "resolution.notices_per_day: must be a whole number"),
    ("resolution.surveys_per_month", 101, "resolution.surveys_per_month: must be between 0 and 100"),
    ("resolution.rescue_at_most", 6, "resolution.rescue_at_most: must be between 0 and 5"),
    ("resolution.rescue_seconds", 59, "resolution.rescue_seconds: must be between 60 and 31,622,400"),
    ("resolution.absent_seconds", 3_599, "resolution.absent_seconds: must be between 3,600 and 31,622,400"),
    ("resolution.touches", 0, "resolution.touches: must be between 1 and 1,000"),
    ("resolution.touches", True, "resolution.touches: must be a whole number"),
    ("resolution.news_seconds", 59, "resolution.news_seconds: must be between 60 and 31,622,400"),
    ("resolution.news_lead_seconds", -1, "resolution.news_lead_seconds: must be between 0 and 31,622,400"),
    (
        "resolution.news_lead_seconds",
        172_800,
        f"resolution.news_lead_seconds: {LEAD}",
    ),
    (
        "resolution.request_types.claim.news_seconds",
        60,
        f"resolution.request_types.claim.news_seconds: {LEAD}",
    ),
    ("resolution.news_by", "pigeon", "resolution.news_by: must be one of message, person; did you mean 'person'?"),
    ("resolution.retention_days", 0, "resolution.retention_days: must be between 1 and 36,500"),
    ("resolution.playbook", "clam", "resolution.playbook: there is no playbook 'clam'; did you mean 'claim'?"),
    (
        "resolution.playbook",
        "Claim",
        "resolution.playbook: a code has lower-case letters, digits, _ and - only, and starts with a letter",
    ),
    ("resolution.targets", [], "resolution.targets: must be a table"),
    (
        "resolution.targets.first_response_seconds",
        0,
        "resolution.targets.first_response_seconds: must be between 1 and 31,622,400",
    ),
    (
        "resolution.targets.resolution",
        5,
        "resolution.targets.resolution: there is no such setting; did you mean 'resolution_seconds'?",
    ),
    ("resolution.targets.warn_at", 1.1, "resolution.targets.warn_at: must be between 0.01 and 1"),
    ("resolution.targets.warn", "asma", "resolution.targets.warn: must be a list"),
    ("resolution.targets.warn", ["asma", "asma"], "resolution.targets.warn: names something twice"),
    ("resolution.targets.escalate", [{"tell": []}], "resolution.targets.escalate.0.after_seconds: is missing"),
    (
        "resolution.targets.escalate",
        [{"after_seconds": 5}, {"after_seconds": 5}],
        "resolution.targets.escalate: must come one after the other, each later than the one before",
    ),
    (
        "resolution.targets.escalate",
        [{"after_seconds": 9}, {"after_seconds": 5}],
        "resolution.targets.escalate: must come one after the other, each later than the one before",
    ),
    ("resolution.checks", {}, "resolution.checks: must be a list"),
    ("resolution.checks", [{"before": "lunch"}], "resolution.checks.0.before: must be one of message, resolution"),
    (
        "resolution.checks",
        [{"amount_over": -1}],
        "resolution.checks.0.amount_over: must be between 0 and 1,000,000,000,000.0",
    ),
    ("resolution.checks", [{"new_within_days": 0}], "resolution.checks.0.new_within_days: must be between 1 and 3,650"),
    ("resolution.checks", [{"share": 1.5}], "resolution.checks.0.share: must be between 0 and 1"),
    ("resolution.checks", [{"share": 0}], "resolution.checks.0.share: can never hold: nobody is among a share of 0"),
    ("resolution.checks", [{"level": 3}], "resolution.checks.0.level: is of a skill: name one"),
    ("resolution.checks", [{"skill": "law", "level": 6}], "resolution.checks.0.level: must be between 1 and 5"),
    (
        "resolution.checks",
        [{"skill": "claim"}],
        "resolution.checks.0.skill: there is no skill 'claim'; did you mean 'claims'?",
    ),
    (
        "resolution.checks",
        [{"within_seconds": 59}],
        "resolution.checks.0.within_seconds: must be between 60 and 31,622,400",
    ),
    (
        "resolution.checks",
        [{}, {"amount_over": 5}],
        "resolution.checks.1: can never count: an earlier check is always asked for before it",
    ),
    ("resolution.checks", [{"amount_over": 5}] * 17, "resolution.checks: must not have more than 16 entries"),
    (
        "resolution.request_types.clam",
        {},
        "resolution.request_types.clam: there is no request type 'clam'; did you mean 'claim'?",
    ),
    ("resolution.request_types.claim.quiet", "never", "resolution.request_types.claim.quiet: there is no such setting"),
    ("resolution.queues.dask", {}, "resolution.queues.dask: there is no queue 'dask'; did you mean 'desk'?"),
    ("resolution.queues.desk.survey_days", 0, "resolution.queues.desk.survey_days: must be between 0.01 and 365"),
    ("resolution.queues.desk.reopen_days", -1, "resolution.queues.desk.reopen_days: must be between 0 and 3,650"),
    (
        "resolution.queues.desk.first_contact_days",
        400,
        "resolution.queues.desk.first_contact_days: must be between 0.01 and 365",
    ),
    ("resolution.surge.window_seconds", 59, "resolution.surge.window_seconds: must be between 60 and 86,400"),
    ("resolution.surge.at_least", 1, "resolution.surge.at_least: must be between 2 and 100,000"),
    ("resolution.surge.chance", 0, "resolution.surge.chance: must be between 1e-12 and 0.1"),
    ("resolution.causes", [{"words": ["late"]}], "resolution.causes.0.cause: is missing"),
    ("resolution.causes", [{"cause": "late"}], "resolution.causes.0.words: must be a list of words"),
    (
        "resolution.causes",
        [{"cause": "late", "words": ["late", " "]}],
        "resolution.causes.0.words: must be a list of words",
    ),
    (
        "resolution.causes",
        [{"cause": "late", "words": ["late", 5]}],
        "resolution.causes.0.words: must be a list of words",
    ),
    (
        "resolution.causes",
        [{"cause": "late", "words": ["x" * 61]}],
        "resolution.causes.0.words: must not have words of more than 60 characters",
    ),
    (
        "resolution.causes",
        [{"cause": "late", "words": ["Late"]}, {"cause": "slow", "words": ["slow", "late"]}],
        "resolution.causes.1.words: 'late' stands for an earlier cause already",
    ),
    ("playbooks.claim.steps", [], "playbooks.claim.steps: has no steps"),
    ("playbooks.claim.steps", [GREET] * 2, "playbooks.claim.steps: names a step twice"),
    ("playbooks.claim.stops", [], "playbooks.claim.stops: there is no such setting; did you mean 'steps'?"),
    (
        "playbooks.none",
        {"steps": [GREET]},
        "playbooks.none: no playbook is called 'none': that says that there is none",
    ),
    (f"{STEP}", {"words": {"en": "Words"}}, f"{STEP}.code: is missing"),
    (f"{STEP}", {"code": "greet"}, f"{STEP}.words: is missing"),
    (f"{STEP}.do", "sing", f"{STEP}.do: must be one of ask, check, do, link, say"),
    (f"{STEP}.words", {}, f"{STEP}.words: must have from 1 to 50 entries"),
    (f"{STEP}.words", "Hello", f"{STEP}.words: must be a table"),
    (f"{STEP}.words.english", "Words", f"{STEP}.words.english: {LANGUAGE}"),
    (f"{STEP}.words.en", "", f"{STEP}.words.en: must not be empty, nor begin or end with a blank"),
    (f"{STEP}.words.en", "x" * 501, f"{STEP}.words.en: must not have more than 500 characters"),
    (f"{STEP}.required", "yes", f"{STEP}.required: must be true or false"),
    (f"{STEP}.do", "link", f"{STEP}.link: is missing: a link to what?"),
    (
        f"{STEP}.link",
        "javascript:alert(1)",
        f"{STEP}.link: must be an address that begins with https://, http:// or /",
    ),
]


@pytest.mark.parametrize(("path", "value", "fault"), WRONG, ids=[f"{path}={value!r:.40}" for path, value, _ in WRONG])
def test_each_mistake_is_named_once_with_its_place_and_its_reason(path: str, value: Any, fault: str) -> None:
    assert told((path, value)) == [fault]


def test_a_check_may_name_any_skill_where_no_skills_are_listed() -> None:
    assert told(("resolution.checks", [{"skill": "magic"}]), ("skills", GONE)) == []


def test_what_is_inherited_wrongly_is_told_where_it_is_said_and_nowhere_else() -> None:
    assert told(("resolution.request_types.claim.playbook", "clam")) == [
        "resolution.request_types.claim.playbook: there is no playbook 'clam'; did you mean 'claim'?"
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["checks", "targets", "quiet", "causes", "steps", "words", "claim", "queues"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_stands_there_every_mistake_is_named_and_nothing_breaks(value: Any) -> None:
    for part in ("resolution", "playbooks", "resolution.request_types.claim", "playbooks.claim"):
        document = changed((part, value))
        if not faults(document):
            read(document)

"""How the part of the document about cases is read: `[resolution]`, `[resolution.request_types.CODE]`, `[playbooks.CODE]`.

Decides types, lengths and ranges, and what a request type has from its parent. Names that are not there are found here too,
since everything they may name stands in the same document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final, get_args

from routing.rules.fields import Table
from routing.rules.model import RequestRule
from routing.rules.resolving import (
    Before,
    CaseRule,
    CauseRule,
    CheckRule,
    Doing,
    EscalationRule,
    FollowUpRule,
    PlaybookStep,
    ResolutionRules,
    SurgeRule,
    TargetRule,
)

YEAR_SECONDS: Final = 366 * 86_400
MOST_PLAYBOOKS: Final = 1_000
MOST_PLAYBOOK_STEPS: Final = 50
MOST_CHECKS: Final = 16
MOST_CAUSES: Final = 100
MOST_WORDS: Final = 50
MOST_PEOPLE: Final = 50
MOST_ESCALATIONS: Final = 10
DEEPEST: Final = 4
_TIME: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
_CASE: Final = (
    "touches",
    "news_seconds",
    "news_lead_seconds",
    "news_by",
    "targets",
    "checks",
    "playbook",
    "retention_days",
)
_WHOLE: Final = (
    "quiet",
    "notices_per_day",
    "surveys_per_month",
    "rescue_at_most",
    "causes",
    "surge",
    "request_types",
    "queues",
)
_BEFORE: Final[tuple[Before, ...]] = get_args(Before)
_DOING: Final[tuple[Doing, ...]] = get_args(Doing)


def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def read_resolution(document: Table, requests: Mapping[str, RequestRule], queues: Mapping[str, Any]) -> ResolutionRules:
    """What the document says of cases; where it is silent, what always holds."""
    playbooks = _playbooks(document.table("playbooks"))
    table = document.table("resolution", (*_WHOLE, *_CASE))
    standing = _case(table, CaseRule())
    _known_playbook(table, standing, playbooks)
    own = table.table("request_types")
    said = {
        code: own.table(code, _CASE) for code in own.entries(10_000) if _is_there(own, code, "request type", requests)
    }
    after = table.table("queues")
    return ResolutionRules(
        quiet=_quiet(table),
        notices_per_day=table.whole("notices_per_day", 0, 100, 3),
        surveys_per_month=table.whole("surveys_per_month", 0, 100, 2),
        rescue_at_most=table.whole("rescue_at_most", 0, 5, 2),
        causes=tuple(_cause(each) for each in table.tables("causes", MOST_CAUSES, ("cause", "words"))),
        surge=_surge(table.table("surge", _names(SurgeRule))),
        playbooks=playbooks,
        requests={code: _inherited(code, requests, said, standing, playbooks) for code in requests},
        queues={
            code: _follow_up(after.table(code, _names(FollowUpRule)))
            for code in after.entries(10_000)
            if _is_there(after, code, "queue", queues)
        },
        standing=standing,
    )


def _inherited(
    code: str,
    requests: Mapping[str, RequestRule],
    said: Mapping[str, Table],
    standing: CaseRule,
    playbooks: Mapping[str, Any],
) -> CaseRule:
    """From the root of the tree down to this node, each upon what the one above left."""
    way: list[str] = []
    node: str | None = code
    while node is not None and node in requests and len(way) <= DEEPEST:
        way.append(node)
        node = requests[node].parent
    rule = standing
    for each in reversed(way):
        if each in said:
            rule = _case(said[each], rule)
            if each == code:
                _known_playbook(said[each], rule, playbooks)
    return rule


def _case(table: Table, above: CaseRule) -> CaseRule:
    return replace(
        above,
        touches=table.whole("touches", 1, 1_000, above.touches),
        news_seconds=table.number("news_seconds", 60, YEAR_SECONDS, above.news_seconds),
        news_lead_seconds=table.number("news_lead_seconds", 0, YEAR_SECONDS, above.news_lead_seconds),
        news_by=table.choice("news_by", ("message", "person"), above.news_by),
        targets=_targets(table.table("targets", _names(TargetRule)), above.targets),
        checks=_checks(table) if table.has("checks") else above.checks,
        playbook=table.code("playbook") or above.playbook,
        retention_days=table.whole("retention_days", 1, 36_500, above.retention_days),
    )


def _targets(table: Table, above: TargetRule) -> TargetRule:
    seconds = {
        name: table.number(name, 1, YEAR_SECONDS) if table.has(name) else getattr(above, name)
        for name in ("first_response_seconds", "next_response_seconds", "resolution_seconds")
    }
    return replace(
        above,
        **seconds,
        warn_at=table.number("warn_at", 0.01, 1, above.warn_at),
        warn=table.codes("warn", MOST_PEOPLE) if table.has("warn") else above.warn,
        escalate=_escalations(table) if table.has("escalate") else above.escalate,
    )


def _escalations(table: Table) -> tuple[EscalationRule, ...]:
    return tuple(
        EscalationRule(
            after_seconds=each.number("after_seconds", 0, YEAR_SECONDS), tell=each.codes("tell", MOST_PEOPLE)
        )
        for each in table.tables("escalate", MOST_ESCALATIONS, _names(EscalationRule))
    )


def _checks(table: Table) -> tuple[CheckRule, ...]:
    return tuple(
        CheckRule(
            before=each.choice("before", _BEFORE, "resolution"),
            amount_over=each.number("amount_over", 0, 1e12) if each.has("amount_over") else None,
            new_within_days=each.whole("new_within_days", 1, 3_650) if each.has("new_within_days") else None,
            share=each.number("share", 0, 1, 1.0),
            skill=each.code("skill"),
            level=each.whole("level", 1, 5, 1),
            within_seconds=each.number("within_seconds", 60, YEAR_SECONDS, 14_400.0),
        )
        for each in table.tables("checks", MOST_CHECKS, _names(CheckRule))
    )


def _playbooks(table: Table) -> dict[str, tuple[PlaybookStep, ...]]:
    return {code: _steps(table.table(code, ("steps",))) for code in table.entries(MOST_PLAYBOOKS)}


def _steps(table: Table) -> tuple[PlaybookStep, ...]:
    found = tuple(_step(each) for each in table.tables("steps", MOST_PLAYBOOK_STEPS, _names(PlaybookStep)))
    if not found:
        table.fault("has no steps", "steps")
    if len({step.code for step in found}) != len(found):
        table.fault("names a step twice", "steps")
    return found


def _step(table: Table) -> PlaybookStep:
    if not table.has("code"):
        table.missing("code")
    if not table.has("words"):
        table.missing("words")
    words = table.table("words")
    link = table.text("link", 500) if table.has("link") else None
    if link is not None and not link.startswith(("https://", "http://", "/")):
        table.fault("must be an address that begins with https://, http:// or /", "link")
    return PlaybookStep(
        code=table.code("code") or "",
        do=table.choice("do", _DOING, "do"),
        words={language: words.text(language, 500) for language in words.entries(50)},
        required=table.flag("required", default=False),
        link=link,
    )


def _cause(table: Table) -> CauseRule:
    if not table.has("cause"):
        table.missing("cause")
    words = tuple(str(word).strip().casefold() for word in table.items("words", MOST_WORDS) if isinstance(word, str))
    if not words or not all(words):
        table.fault("must be a list of words", "words")
    return CauseRule(cause=table.code("cause") or "", words=words)


def _surge(table: Table) -> SurgeRule:
    return SurgeRule(
        window_seconds=table.number("window_seconds", 60, 86_400, 900.0),
        at_least=table.whole("at_least", 2, 100_000, 8),
        chance=table.number("chance", 1e-12, 0.1, 0.0001),
    )


def _follow_up(table: Table) -> FollowUpRule:
    return FollowUpRule(
        survey_days=table.number("survey_days", 0.01, 365, 5.0),
        reopen_days=table.number("reopen_days", 0, 3_650, 30.0),
        first_contact_days=table.number("first_contact_days", 0.01, 365, 7.0),
    )


def _quiet(table: Table) -> tuple[str, str] | None:
    if not table.has("quiet"):
        return ResolutionRules().quiet
    words = str(table.raw("quiet") or "")
    if words == "never":
        return None
    begin, _, end = words.partition("-")
    if not _TIME.fullmatch(begin) or not _TIME.fullmatch(end) or begin == end:
        table.fault('must be two times like "21:00-08:00", or "never"', "quiet")
        return None
    return begin, end


def _known_playbook(table: Table, rule: CaseRule, playbooks: Mapping[str, Any]) -> None:
    if table.has("playbook") and rule.playbook not in playbooks:
        table.fault(f"there is no playbook {rule.playbook!r}{table.near(rule.playbook or '', playbooks)}", "playbook")


def _is_there(table: Table, code: str, what: str, known: Mapping[str, Any]) -> bool:
    if code in known:
        return True
    table.fault(f"there is no {what} {code!r}{table.near(code, known)}", code)
    return False

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
MOST_LANGUAGES: Final = 50
LONGEST_WORDS: Final = 500
LONGEST_WORD: Final = 60
DEEPEST: Final = 4
NONE: Final = "none"
"""Said instead of a playbook: this request type has none, although the one above has."""
_TIME: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
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
    "rescue_seconds",
    "absent_seconds",
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
    own = table.table("request_types")
    said = {
        code: own.table(code, _CASE) for code in own.entries(10_000) if _is_there(own, code, "request type", requests)
    }
    after = table.table("queues")
    rules = ResolutionRules(
        quiet=_quiet(table),
        notices_per_day=table.whole("notices_per_day", 0, 100, 3),
        surveys_per_month=table.whole("surveys_per_month", 0, 100, 2),
        rescue_at_most=table.whole("rescue_at_most", 0, 5, 2),
        rescue_seconds=table.number("rescue_seconds", 60, YEAR_SECONDS, 86_400.0),
        absent_seconds=table.number("absent_seconds", 3_600, YEAR_SECONDS, 259_200.0),
        causes=_causes(table),
        surge=_surge(table.table("surge", _names(SurgeRule))),
        playbooks=playbooks,
        requests={code: _inherited(code, requests, said, standing) for code in requests},
        queues={
            code: _follow_up(after.table(code, _names(FollowUpRule)))
            for code in after.entries(10_000)
            if _is_there(after, code, "queue", queues)
        },
        standing=standing,
    )
    if not document.wrong:
        for place, rule in ((table, standing), *((said[code], rules.requests[code]) for code in said)):
            _whole_case(document, place, rule, playbooks)
    return rules


def _inherited(
    code: str, requests: Mapping[str, RequestRule], said: Mapping[str, Table], standing: CaseRule
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
        playbook=_playbook(table, above),
        retention_days=table.whole("retention_days", 1, 36_500, above.retention_days),
    )


def _playbook(table: Table, above: CaseRule) -> str | None:
    named = table.code("playbook")
    return above.playbook if named is None else None if named == NONE else named


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
    found = tuple(
        EscalationRule(
            after_seconds=each.number("after_seconds", 0, YEAR_SECONDS), tell=each.codes("tell", MOST_PEOPLE)
        )
        for each in table.tables("escalate", MOST_ESCALATIONS, _names(EscalationRule))
    )
    times = [each.after_seconds for each in found]
    if times != sorted(set(times)):
        table.fault("must come one after the other, each later than the one before", "escalate")
    return found


def _checks(table: Table) -> tuple[CheckRule, ...]:
    found: list[CheckRule] = []
    mistakes = len(table.wrong)
    for each in table.tables("checks", MOST_CHECKS, _names(CheckRule)):
        rule = _check(each)
        if len(table.wrong) == mistakes and any(_covers(earlier, rule) for earlier in found):
            each.fault("can never count: an earlier check is always asked for before it")
        found.append(rule)
    return tuple(found)


def _check(table: Table) -> CheckRule:
    rule = CheckRule(
        before=table.choice("before", _BEFORE, "resolution"),
        amount_over=table.number("amount_over", 0, 1e12) if table.has("amount_over") else None,
        new_within_days=table.whole("new_within_days", 1, 3_650) if table.has("new_within_days") else None,
        share=table.number("share", 0, 1, 1.0),
        skill=table.code("skill"),
        level=table.whole("level", 1, 5, 1),
        within_seconds=table.number("within_seconds", 60, YEAR_SECONDS, 14_400.0),
    )
    if rule.skill is None and table.has("level"):
        table.fault("is of a skill: name one", "level")
    share = table.raw("share")
    if isinstance(share, int | float) and not isinstance(share, bool) and share == 0:
        table.fault("can never hold: nobody is among a share of 0", "share")
    return rule


def _covers(earlier: CheckRule, later: CheckRule) -> bool:
    """Whether the earlier one holds for everything."""
    unbound = earlier.amount_over is None and earlier.new_within_days is None and earlier.share >= 1
    return earlier.before == later.before and unbound


def _playbooks(table: Table) -> dict[str, tuple[PlaybookStep, ...]]:
    if table.has(NONE):
        table.fault(f"no playbook is called {NONE!r}: that says that there is none", NONE)
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
    do = table.choice("do", _DOING, "do")
    if do == "link" and link is None:
        table.fault("is missing: a link to what?", "link")
    if isinstance(table.raw("words"), Mapping) and not 0 < len(words.names) <= MOST_LANGUAGES:
        words.fault(f"must have from 1 to {MOST_LANGUAGES} entries")
    return PlaybookStep(
        code=table.code("code") or "",
        do=do,
        words={language: words.text(language, LONGEST_WORDS) for language in words.names if _language(words, language)},
        required=table.flag("required", default=False),
        link=link,
    )


def _language(words: Table, language: object) -> bool:
    if isinstance(language, str) and _LANGUAGE.fullmatch(language):
        return True
    words.fault("must be a language such as en or zh-Hant", str(language))
    return False


def _causes(table: Table) -> tuple[CauseRule, ...]:
    found: list[CauseRule] = []
    known: set[str] = set()
    for each in table.tables("causes", MOST_CAUSES, ("cause", "words")):
        rule = _cause(each)
        if again := sorted(known.intersection(rule.words)):
            each.fault(f"{again[0]!r} stands for an earlier cause already", "words")
        known.update(rule.words)
        found.append(rule)
    return tuple(found)


def _cause(table: Table) -> CauseRule:
    if not table.has("cause"):
        table.missing("cause")
    said = table.items("words", MOST_WORDS)
    words = tuple(word.strip().casefold() for word in said if isinstance(word, str))
    if not words or not all(words) or len(words) != len(said):
        table.fault("must be a list of words", "words")
    elif max(map(len, words)) > LONGEST_WORD:
        table.fault(f"must not have words of more than {LONGEST_WORD} characters", "words")
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


def _whole_case(document: Table, table: Table, rule: CaseRule, playbooks: Mapping[str, Any]) -> None:
    """What only shows when every part is right in itself: names that are not there, and what can never be."""
    if table.has("playbook") and rule.playbook is not None and rule.playbook not in playbooks:
        table.fault(f"there is no playbook {rule.playbook!r}{table.near(rule.playbook, playbooks)}", "playbook")
    if rule.news_lead_seconds >= rule.news_seconds and (table.has("news_seconds") or table.has("news_lead_seconds")):
        named = "news_lead_seconds" if table.has("news_lead_seconds") else "news_seconds"
        table.fault("the news would be looked at before they are promised: the lead must be the shorter one", named)
    skills = document.raw("skills")
    if not isinstance(skills, list | tuple) or not skills or not table.has("checks"):
        return
    for number, check in enumerate(rule.checks):
        if check.skill and check.skill not in skills:
            named_skills = [skill for skill in skills if isinstance(skill, str)]
            reason = f"there is no skill {check.skill!r}{table.near(check.skill, named_skills)}"
            table.fault(reason, "checks", str(number), "skill")


def _is_there(table: Table, code: str, what: str, known: Mapping[str, Any]) -> bool:
    if code in known:
        return True
    table.fault(f"there is no {what} {code!r}{table.near(code, known)}", code)
    return False

"""Rows of the tables as the router's values, and the router's needs as what a row keeps of them.

Decides how a row is read and how needs and steps are written; never reads a row itself and never writes one. Rows come
as `app.queries.line.floor` selects them. Needs are shared: few distinct ones exist, and one object for all who have the same
is what keeps a million waiting small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import asyncpg
import orjson

from routing.explain import REASONS
from routing.model import FOREVER, Instant, Needs, Ranked, Staff, Step, Trace, Waiting
from routing.plan import EXCLUDED_SECONDS

NEEDS_KEPT: Final = 50_000
NOBODY: Final[frozenset[str]] = frozenset()
NOTHING: Final = "{}"
"""The text of an empty `interaction.routing`."""
NO_STEPS: Final = "[]"
"""The text of an empty `interaction.steps`."""
RANKED_KEPT: Final = 5_000
"""So many ranked are kept as they are told: those of one plan, and those who stay on for the next."""
TRACE_BYTES: Final = 1_000
"""The most bytes a trace may take; its last runners-up are left out for it."""
_PLAIN: Final = Needs(queue="")
_LISTS: Final = ("also_queues", "also_groups")
_VALUES: Final = ("interrupts", "beside_live", "order")


def waiting(row: asyncpg.Record) -> Waiting:
    """One queued interaction. Which of its steps stands, the router decides by their deadlines and the clock."""
    excluded, barred = row["excluded"], row["barred"]
    preferred = row["preferred"]
    not_before = row["not_before"]
    steps_json = row["steps"]
    return Waiting(
        id=row["id"],
        needs=needs(
            row["queue"], row["skills"], row["language"], row["live"], row["units"], row["office"], row["routing"]
        ),
        due=row["due_at"].timestamp(),
        steps=() if steps_json == NO_STEPS else steps(row),
        preferred=preferred,
        preferred_until=instant(row["preferred_until"]) if preferred is not None else 0.0,
        not_before=instant(not_before) if not_before is not None else 0.0,
        excluded=frozenset(excluded) if excluded else NOBODY,
        excluded_until=instant(not_before) + EXCLUDED_SECONDS if excluded else FOREVER,
        barred=frozenset(barred) if barred else NOBODY,
        rules=row["rules_version"],
    )


def staff(row: asyncpg.Record) -> Staff:
    """One representative on shift, with the load they hold."""
    return Staff(
        id=row["code"],
        capacity=row["capacity"],
        skills=frozenset(skills(row["skills"])),
        languages=frozenset(row["languages"]),
        queues=frozenset(row["queues"]),
        office=row["office"],
        live=row["live"],
        units=row["units"],
        available=row["presence"] == "available",
        idle_since=instant(row["idle_since"]),
        groups=frozenset(row["groups"]),
        resting_until=instant(row["resting_until"]),
        pulls=row["pull"],
    )


def steps(row: asyncpg.Record) -> tuple[Step, ...]:
    """The steps a row carries, by deadline. What a representative must be for it (office, cost) is the row's own."""
    return tuple(
        Step(
            deadline=float(each["at"]),
            needs=needs(
                each["queue"], _text(each["skills"]), each["language"], row["live"], row["units"], row["office"],
                _text(each["routing"]),
            ),
        )
        for each in orjson.loads(row["steps"])
    )  # fmt: skip


def needs_extras(needs: Needs) -> dict[str, Any]:
    """What needs say beyond the row's own columns, without what is as it is by default: `interaction.routing`."""
    extras: dict[str, Any] = {"any_of": [dict(group) for group in needs.any_of]} if needs.any_of else {}
    extras |= {name: list(getattr(needs, name)) for name in _LISTS if getattr(needs, name)}
    return extras | {
        name: getattr(needs, name) for name in _VALUES if getattr(needs, name) != getattr(_PLAIN, name)
    }  # fmt: skip


def needs_document(needs: Needs) -> dict[str, Any]:
    """Needs in full, as people read them."""
    return {
        "queue": needs.queue,
        "skills": dict(needs.skills),
        "language": needs.language,
        "office": needs.office,
        "live": needs.live,
        "units": needs.units,
        **needs_extras(needs),
    }


def steps_document(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Steps as a row keeps them (`interaction.steps`): each with its deadline, in seconds since the Unix epoch."""
    return [
        {
            "at": step.deadline,
            "queue": step.needs.queue,
            "skills": dict(step.needs.skills),
            "language": step.needs.language,
            "routing": needs_extras(step.needs),
        }
        for step in steps
    ]


@lru_cache(maxsize=NEEDS_KEPT)
def needs(
    queue: str,
    skills_json: str,
    language: str | None,
    live: bool,
    units: int,
    office: str | None,
    routing_json: str = NOTHING,
) -> Needs:
    """What a representative must have; the same object for the same words."""
    extras = {} if routing_json == NOTHING else orjson.loads(routing_json)
    return _shared(
        Needs(
            queue=queue,
            skills=skills(skills_json),
            language=language,
            live=live,
            units=units,
            office=office,
            any_of=tuple(tuple(sorted(group.items())) for group in extras.pop("any_of", ())),
            also_queues=tuple(sorted(extras.pop("also_queues", ()))),
            also_groups=tuple(sorted(extras.pop("also_groups", ()))),
            **extras,
        )
    )


def trace_text(trace: Trace) -> str:
    """A trace as it is kept: `{"v": rules, "s": step, "c": chosen, "r": [runners-up], "o": {reason: ruled out}}`.

    Each representative is one string, `preferred scarcity load idle-since code`. At most `TRACE_BYTES`. One is written for
    every offer: by hand takes half the time of doing it through values, and the database reads a string four times as
    fast as a list of numbers.
    """
    chosen = _ranked(trace.chosen)
    others = [_ranked(each) for each in trace.runners_up]
    out = ",".join([f'"{reason}":{count}' for reason, count in trace.ruled_out])
    head = f'{{"v":{trace.rules},"s":{trace.step},"c":{chosen}'
    text = f'{head},"r":[{",".join(others)}],"o":{{{out}}}}}'
    while len(text.encode()) > TRACE_BYTES and others:
        others.pop()
        text = f'{head},"r":[{",".join(others)}],"o":{{{out}}}}}'
    return text


def trace(document: Mapping[str, Any]) -> Trace:
    """A kept trace, read back; the numbers are rounded."""
    return Trace(
        rules=document["v"],
        step=document["s"],
        chosen=_as_ranked(document["c"]),
        runners_up=tuple(_as_ranked(each) for each in document["r"]),
        ruled_out=tuple((reason, document["o"][reason]) for reason in REASONS if reason in document["o"]),
    )


def skills(skills_json: str) -> tuple[tuple[str, int], ...]:
    """`{"claims": 2}` as sorted pairs."""
    return tuple(sorted(orjson.loads(skills_json).items()))


def instant(moment: datetime | None) -> Instant:
    """Seconds since the Unix epoch; never is the beginning of time."""
    return moment.timestamp() if moment is not None else 0.0


@lru_cache(maxsize=NEEDS_KEPT)
def _shared(needs: Needs) -> Needs:
    """The first of all equal ones: a row's columns and a step's JSON say the same in other letters."""
    return needs


def _text(document: Mapping[str, Any]) -> str:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode() if document else NOTHING


@lru_cache(maxsize=RANKED_KEPT)
def _ranked(ranked: Ranked) -> str:
    # Whoever comes after the chosen is told of again with the next offer, with the same numbers more often than not.
    # Rounded: seventeen digits of a ratio tell nobody anything.
    return (
        f'"{ranked.preferred:d} {ranked.scarcity:.6g} {ranked.load:.4g} {ranked.idle_since:.3f} '
        f'{_quoted(ranked.representative)}"'
    )


def _as_ranked(kept: str) -> Ranked:
    preferred, scarcity, load, idle_since, code = kept.split(" ", 4)
    return Ranked(
        representative=code,
        preferred=preferred == "1",
        scarcity=float(scarcity),
        load=float(load),
        idle_since=float(idle_since),
    )


@lru_cache(maxsize=20_000)
def _quoted(code: str) -> str:
    """A code as it stands inside a string of JSON."""
    return orjson.dumps(code).decode()[1:-1]

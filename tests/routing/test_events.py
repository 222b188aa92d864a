"""A subject's events add up to its state and to its assignments, or they are refused: nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import IllegalTransition
from routing.events import SUBJECTS, BrokenHistory, Event, Held, fold, fold_assignments
from routing.lifecycle import ASSIGNMENT, INTERACTION, NEW, OUTCOME


def told(*kinds: str, assignment: str | None = None, representative: str = "amy") -> list[Event]:
    data = {"assignment": assignment, "representative": representative} if assignment else {}
    return [Event(version=version, kind=kind, data=data) for version, kind in enumerate(kinds, start=1)]


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Event], str, dict[str, Held]]:
    """A legal life of an interaction: its events, its last state, and every assignment as kept beside it, step by step."""
    state, events, held, live = NEW, list[Event](), dict[str, Held](), None
    for version in range(1, draw(st.integers(1, 40)) + 1):
        kind = draw(st.sampled_from(sorted(event for known, event in INTERACTION.table if known == state)))
        state = INTERACTION.table[state, kind]
        if kind == "offered":
            live = f"assignment-{len(held)}"
            held[live] = Held(representative=draw(st.sampled_from(("amy", "bob"))), state=NEW, outcome=None)
        data = {}
        if live is not None and ASSIGNMENT.allows(held[live].state, kind):
            known = held[live]
            after = ASSIGNMENT.after(known.state, kind)
            outcome = OUTCOME[kind] if after == "ended" else None
            held[live] = Held(representative=known.representative, state=after, outcome=outcome)
            data = {"assignment": live, "representative": known.representative}
            live = None if after == "ended" else live
        events.append(Event(version=version, kind=kind, data=data))
    return events, state, held


@given(stories())
def test_any_legal_life_folds_into_its_state_and_its_assignments(
    story: tuple[list[Event], str, dict[str, Held]],
) -> None:
    events, state, held = story
    assert fold("interaction", events) == state
    assert fold_assignments(events) == held


@given(stories())
def test_at_most_one_assignment_of_a_life_is_still_held(story: tuple[list[Event], str, dict[str, Held]]) -> None:
    events, state, _ = story
    held = [one for one in fold_assignments(events).values() if one.state != "ended"]
    assert len(held) == (state in ("offered", "active", "wrapping"))
    assert all(one.outcome is None for one in held)


@given(stories(), st.data())
def test_a_life_with_a_version_missing_doubled_or_out_of_place_is_refused(
    story: tuple[list[Event], str, dict[str, Held]], data: st.DataObject
) -> None:
    events, _, _ = story
    place = data.draw(st.integers(0, len(events) - 1))
    doubled = [*events[: place + 1], *events[place:]]
    with pytest.raises(BrokenHistory):
        fold("interaction", doubled)
    if place < len(events) - 1:
        with pytest.raises(BrokenHistory):
            fold("interaction", events[:place] + events[place + 1 :])
    if len(events) > 1:
        with pytest.raises(BrokenHistory):
            fold("interaction", [*events[1:], events[0]])


def test_a_story_that_does_not_begin_at_one_is_broken_and_says_where() -> None:
    with pytest.raises(BrokenHistory, match="version 2 stands where 1 belongs"):
        fold("interaction", [Event(version=2, kind="queued", data={})])


def test_a_step_that_may_not_follow_is_refused() -> None:
    with pytest.raises(IllegalTransition):
        fold("interaction", told("queued", "accepted"))


def test_no_events_are_no_state() -> None:
    for subject in SUBJECTS:
        assert fold(subject, []) == NEW
    assert fold_assignments([]) == {}


def test_each_subject_folds_by_its_own_machine() -> None:
    assert fold("case", told("opened", "resolved", "reopened", "joined")) == "open"
    assert fold("representative", told("joined", "available", "changed", "away")) == "away"
    assert fold("rules", told("drafted", "published", "superseded")) == "past"
    assert fold("queue", told("closed", "closed", "opened", "closed")) == "closed"
    assert fold("incident", told("proposed", "declared", "updated", "closed")) == "closed"
    assert fold("customer", told("described", "merged", "unmerged", "erased")) == "erased"
    with pytest.raises(IllegalTransition):
        fold("case", told("queued"))
    with pytest.raises(KeyError):
        fold("ticket", [])


def test_only_events_that_name_an_assignment_tell_of_one() -> None:
    events = [
        Event(version=1, kind="queued", data={}),
        Event(version=2, kind="offered", data={"assignment": "a", "representative": "amy"}),
        Event(version=3, kind="wrote", data={"message": "m"}),
        Event(version=4, kind="declined", data={"assignment": "a", "representative": "amy"}),
        Event(version=5, kind="offered", data={"assignment": "b", "representative": "bob"}),
        Event(version=6, kind="accepted", data={"assignment": "b", "representative": "bob"}),
        Event(version=7, kind="ended", data={"assignment": "b", "representative": "bob"}),
    ]
    assert fold_assignments(events) == {
        "a": Held(representative="amy", state="ended", outcome="declined"),
        "b": Held(representative="bob", state="wrapping", outcome=None),
    }


def test_an_assignment_belongs_to_who_was_asked_first() -> None:
    events = [
        Event(version=1, kind="offered", data={"assignment": "a", "representative": "amy"}),
        Event(version=2, kind="accepted", data={"assignment": "a"}),
    ]
    assert fold_assignments(events)["a"].representative == "amy"


@pytest.mark.parametrize("kinds", [["accepted"], ["offered", "completed"], ["offered", "accepted", "accepted"], ["offered", "declined", "accepted"]])  # fmt: skip
def test_an_assignment_that_could_not_have_been_is_refused(kinds: list[str]) -> None:
    with pytest.raises(IllegalTransition) as caught:
        fold_assignments(told(*kinds, assignment="a"))
    assert caught.value.machine == "assignment"

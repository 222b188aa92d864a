"""The state machines are complete, refuse what is not in their tables, and fold any legal walk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import IllegalTransition
from routing.lifecycle import (
    ASSIGNMENT,
    CASE,
    CHECK,
    CLOCK,
    CUSTOMER,
    INCIDENT,
    INTERACTION,
    LIVE_STATES,
    MACHINES,
    NEW,
    OUTCOME,
    OVER_STATES,
    PRESENCE,
    PROMISE,
    QUEUE,
    RULES,
    SURVEY,
    WAITING_STATES,
    Machine,
    picture,
)

EVENTS = {machine.name: sorted({event for _, event in machine.table}) for machine in MACHINES.values()}
LEGAL = [(machine, state, event) for machine in MACHINES.values() for state, event in machine.table]
ILLEGAL = [
    (machine, state, event)
    for machine in MACHINES.values()
    for state in (NEW, *machine.states)
    for event in EVENTS[machine.name]
    if (state, event) not in machine.table
]


@st.composite
def walks(draw: st.DrawFn, machine: Machine) -> list[tuple[str, str]]:
    """A legal walk from the beginning: (event, state after it)."""
    state, walk = NEW, []
    for _ in range(draw(st.integers(1, 30))):
        events = sorted(event for known, event in machine.table if known == state)
        if not events:
            break
        event = draw(st.sampled_from(events))
        state = machine.table[state, event]
        walk.append((event, state))
    return walk


def test_every_step_of_a_table_leads_where_it_says() -> None:
    for machine, state, event in LEGAL:
        assert machine.after(state, event) == machine.table[state, event]
        assert machine.allows(state, event)


def test_every_step_that_is_in_no_table_is_refused_and_says_what_was_asked() -> None:
    assert len(ILLEGAL) > len(LEGAL)
    for machine, state, event in ILLEGAL:
        before = dict(machine.table)
        assert not machine.allows(state, event)
        with pytest.raises(IllegalTransition) as caught:
            machine.after(state, event)
        assert (caught.value.machine, caught.value.state, caught.value.event) == (machine.name, state, event)
        assert machine.table == before


@pytest.mark.parametrize("machine", MACHINES.values(), ids=list(MACHINES))
def test_an_unknown_state_or_event_is_refused(machine: Machine) -> None:
    for state, event in (("no_such", EVENTS[machine.name][0]), (machine.states[0], "no_such"), (NEW, "no_such")):
        with pytest.raises(IllegalTransition):
            machine.after(state, event)
        assert not machine.allows(state, event)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=list(MACHINES))
def test_every_state_can_be_reached_and_no_row_is_ever_new(machine: Machine) -> None:
    reached, before = {NEW}, set[str]()
    while reached != before:
        before = set(reached)
        reached |= {after for (state, _), after in machine.table.items() if state in reached}
    assert reached == {NEW, *machine.states}
    assert NEW not in machine.states
    assert {state for state, _ in machine.table} <= {NEW, *machine.states}


@pytest.mark.parametrize(
    ("machine", "final"),
    [
        (INTERACTION, {"completed", "cancelled"}),
        (ASSIGNMENT, {"ended"}),
        (CASE, set[str]()),
        (PRESENCE, set[str]()),
        (RULES, {"past", "discarded"}),
        (QUEUE, set[str]()),
        (PROMISE, {"kept", "broken", "moved", "released"}),
        (CLOCK, {"met", "stopped"}),
        (CHECK, {"passed", "returned", "withdrawn"}),
        (SURVEY, {"answered", "lapsed", "dropped"}),
        (INCIDENT, {"closed", "dismissed"}),
        (CUSTOMER, {"erased"}),
    ],
    ids=list(MACHINES),
)
def test_nothing_leaves_a_final_state(machine: Machine, final: set[str]) -> None:
    assert set(machine.final) == final
    for state in final:
        assert {after for (known, _), after in machine.table.items() if known == state} <= {state}


@pytest.mark.parametrize("machine", [INTERACTION, CASE], ids=["interaction", "case"])
def test_from_every_state_there_is_a_way_to_the_end(machine: Machine) -> None:
    ends = {"interaction": {"completed", "abandoned", "cancelled"}, "case": {"closed"}}[machine.name]
    while more := {state for (state, _), after in machine.table.items() if after in ends} - ends:
        ends |= more
    assert ends >= set(machine.states)


def test_the_state_before_an_event_is_found_by_the_table() -> None:
    for machine in MACHINES.values():
        for event in EVENTS[machine.name]:
            assert machine.before(event) == sorted(state for state, known in machine.table if known == event)
    assert INTERACTION.before("accepted") == ["offered"]
    assert INTERACTION.before("no_such") == []


def test_what_the_design_says_of_an_interaction_holds() -> None:
    for event in ("declined", "expired", "withdrawn"):
        assert INTERACTION.after("offered", event) == "queued"
    assert set(INTERACTION.before("cancelled")) == {"arriving", "scheduled", "queued", "offered"}
    assert INTERACTION.after("parked", "woken") == "queued"
    assert INTERACTION.after("abandoned", "returned") == "queued"
    assert not INTERACTION.allows("active", "withdrawn")
    assert INTERACTION.after("active", "ended") == "wrapping"


def test_what_the_design_says_of_a_case_holds() -> None:
    closing = {event for (state, event), after in CASE.table.items() if after == "closed" != state}
    assert closing == {"confirmed", "lapsed", "not_asked", "unserved"}
    assert CASE.before("unserved") == ["open"], "only what nobody took in hand ends without a resolution"
    assert CASE.before("confirmed") == ["resolved"], "closed is the customer's word about a resolved case"
    assert {CASE.after(state, "reopened") for state in CASE.before("reopened")} == {"open"}
    assert "checking" not in CASE.before("resolved"), "what is being checked is resolved by the checker"


def test_an_assignment_is_accepted_at_most_once_and_ends_exactly_once() -> None:
    for (state, event), after in ASSIGNMENT.table.items():
        assert (after == "accepted") == (event == "accepted" and state == "offered")
        assert state != "ended"


def test_every_event_that_ends_an_assignment_has_an_outcome_and_no_other_has() -> None:
    ending = {event for (_, event), after in ASSIGNMENT.table.items() if after == "ended"}
    assert set(OUTCOME) == ending
    assert set(OUTCOME.values()) == {
        "completed", "parked", "declined", "expired", "withdrawn", "transferred", "handed_back", "customer_left",
    }  # fmt: skip
    assert {OUTCOME["left"], OUTCOME["no_show"]} == {"customer_left"}
    assert OUTCOME["cancelled"] == "withdrawn"


HELD = {"offered": "offered", "active": "accepted", "wrapping": "wrapping"}
"""The state of the one live assignment, by the state of its interaction."""


def test_an_interaction_and_its_assignment_always_step_together() -> None:
    """Whatever may happen to an interaction that somebody holds may happen to the assignment, and leaves the two agreeing."""
    assert set(LIVE_STATES) == set(HELD)
    for (state, event), after in INTERACTION.table.items():
        if state in HELD and after != state:
            held = ASSIGNMENT.after(HELD[state], event)
            assert held == HELD.get(after, "ended"), (state, event)
        elif state not in HELD and after in HELD:
            assert ASSIGNMENT.after(NEW, event) == HELD[after]


def test_the_named_groups_of_states_are_states() -> None:
    assert set(WAITING_STATES) | set(LIVE_STATES) | set(OVER_STATES) <= set(INTERACTION.states)
    assert set(OVER_STATES) & (set(LIVE_STATES) | set(WAITING_STATES)) == set()


@given(st.data(), st.sampled_from(sorted(MACHINES)))
def test_folding_any_legal_walk_gives_its_last_state(data: st.DataObject, name: str) -> None:
    machine = MACHINES[name]
    walk = data.draw(walks(machine))
    events = [event for event, _ in walk]
    assert machine.fold(events) == walk[-1][1]
    middle = data.draw(st.integers(0, len(walk)))
    assert machine.fold(events[middle:], machine.fold(events[:middle])) == walk[-1][1], "folding may stop and go on"


@given(st.data(), st.sampled_from(sorted(MACHINES)))
def test_a_walk_with_one_step_that_does_not_fit_is_refused(data: st.DataObject, name: str) -> None:
    machine = MACHINES[name]
    walk = data.draw(walks(machine))
    place = data.draw(st.integers(0, len(walk)))
    state = walk[place - 1][1] if place else NEW
    wrong = data.draw(
        st.sampled_from([event for event in (*EVENTS[name], "no_such") if not machine.allows(state, event)])
    )
    events = [event for event, _ in walk]
    with pytest.raises(IllegalTransition) as caught:
        machine.fold([*events[:place], wrong, *events[place:]])
    assert (caught.value.state, caught.value.event) == (state, wrong)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=list(MACHINES))
def test_the_picture_shows_every_change_of_state_once(machine: Machine) -> None:
    lines = picture(machine).splitlines()
    assert lines[0] == "stateDiagram-v2"
    drawn = {}
    for line in lines[1:]:
        way, _, events = line.strip().partition(": ")
        source, _, target = way.partition(" --> ")
        assert (source, target) not in drawn
        drawn[source, target] = set(events.split(", "))
    wanted: dict[tuple[str, str], set[str]] = {}
    for (state, event), after in machine.table.items():
        if state != after or event == "transferred":
            wanted.setdefault(("[*]" if state == NEW else state, after), set()).add(event)
    assert drawn == wanted


def test_a_small_picture_reads_like_this() -> None:
    machine = Machine(
        name="door", table={(NEW, "hung"): "shut", ("shut", "pushed"): "open", ("open", "pulled"): "shut"}
    )
    assert picture(machine) == (
        "stateDiagram-v2\n    [*] --> shut: hung\n    shut --> open: pushed\n    open --> shut: pulled"
    )

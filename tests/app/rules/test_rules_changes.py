"""What counts as a difference between two documents of rules."""

from __future__ import annotations

from app.actions.rules.changes import changes, paths
from app.actions.rules.rows import Change
from tests.documents import SPARE, document


def test_the_same_rules_have_no_difference() -> None:
    assert changes(document(), document()) == []
    assert paths(document(), document()) == []


def test_a_field_that_is_left_out_is_a_difference() -> None:
    old, new = document(claims={"preferred_seconds": 30}), document()
    assert changes(old, new) == [
        Change(kind="changed", what="queue", code="claims", fields={"preferred_seconds": (30, None)})
    ]
    assert paths(new, old) == [("queues.claims.preferred_seconds", None, 30)]


def test_what_comes_and_goes_is_told_whole() -> None:
    old, new = document(), document(spare=SPARE)
    assert paths(old, new) == [("queues.spare", None, SPARE)]
    assert paths(new, old) == [("queues.spare", SPARE, None)]


def test_lists_of_names_have_no_order_and_request_types_have() -> None:
    old = {**document(), "skills": ["claims", "sales", "technical"], "groups": ["helpers"]}
    new = {**old, "skills": ["technical", "sales", "claims"]}
    assert changes(old, new) == []
    assert paths(old, {**old, "groups": []}) == [("groups", ["helpers"], [])]
    kinds = list(old["request_types"])
    turned = {**old, "request_types": dict(reversed(old["request_types"].items()))}
    assert paths(old, turned) == [("request_types.order", kinds, kinds[::-1])]


def test_a_request_type_more_moves_no_other() -> None:
    """A file tells each its place: those behind a new one have another place, and nobody notices."""
    old, new = document(), document()
    for place, kind in enumerate(old["request_types"].values()):
        kind["place"] = place
    lost = {"queue": "claims", "letter": "L", "labels": {"en": "Lost"}}
    new["request_types"] = {"lost": lost, **new["request_types"]}
    for place, kind in enumerate(new["request_types"].values()):
        kind["place"] = place
    assert [(change.kind, change.code) for change in changes(old, new)] == [("added", "lost")]


def test_against_nothing_everything_is_new() -> None:
    found = changes({}, document())
    assert {change.kind for change in found} == {"added"}
    assert {change.what for change in found} == {"queue", "request type"}


def test_what_is_said_of_cases_and_in_playbooks_is_told_field_by_field() -> None:
    steps = [{"code": "greet", "do": "say", "words": {"en": "Good morning"}}]
    old = {**document(), "resolution": {"touches": 4, "request_types": {"claim": {"touches": 3}}}}
    new = {
        **document(),
        "resolution": {
            "touches": 5, "quiet": "never", "request_types": {"claim": {"playbook": "claim"}},
            "queues": {"claims": {"reopen_days": 9}},
        },
        "playbooks": {"claim": {"steps": steps}},
    }  # fmt: skip
    assert paths(old, new) == [
        ("resolution.request_types.claim.touches", 3, None),
        ("resolution.request_types.claim.playbook", None, "claim"),
        ("resolution.queues.claims", None, {"reopen_days": 9}),
        ("playbooks.claim", None, {"steps": steps}),
        ("resolution.touches", 4, 5),
        ("resolution.quiet", None, "never"),
    ]
    assert [change.what for change in changes(old, new)] == [
        "cases of request type", "cases of queue", "playbook", "cases",
    ]  # fmt: skip
    assert paths(new, document())[-1] == ("resolution.quiet", "never", None)

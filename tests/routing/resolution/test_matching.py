"""Whether a case is about an incident: everything named must fit, and what is not said cannot."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from routing.resolution.matching import DEEPEST, Matter, Scope, below, fit, way_up


@dataclass(frozen=True)
class Node:
    parent: str | None


TREE = {"repair": Node(None), "tv": Node("repair"), "cable": Node("tv"), "claim": Node(None)}


def scope(**named: str) -> Scope:
    return Scope(**{name: frozenset(value.split()) for name, value in named.items()})


@pytest.mark.parametrize(
    ("matter", "named", "expected"),
    [
        (Matter(request_type="repair"), scope(request_types="repair"), "fits"),
        (Matter(request_type="cable"), scope(request_types="repair"), "fits"),
        (Matter(request_type="repair"), scope(request_types="cable"), "other"),
        (Matter(request_type="claim"), scope(request_types="repair"), "other"),
        (Matter(request_type=None), scope(request_types="repair"), "possible"),
        (Matter(request_type="gone"), scope(request_types="gone"), "fits"),
        (Matter(request_type="tv", area="north"), scope(request_types="repair", areas="north south"), "fits"),
        (Matter(request_type="tv"), scope(request_types="repair", areas="north"), "possible"),
        (Matter(request_type="claim"), scope(request_types="repair", areas="north"), "other"),
        (Matter(request_type="tv", area="east"), scope(request_types="repair", areas="north"), "other"),
        (Matter(request_type="tv", product="set"), scope(products="set", channels="phone"), "possible"),
        (Matter(request_type="tv", product="set", channel="email"), scope(products="set", channels="phone"), "other"),
        (Matter(request_type="tv"), scope(products="set"), "possible"),
        (Matter(request_type="tv", product="box"), scope(products="set"), "other"),
        (Matter(request_type="gone"), scope(request_types="repair"), "other"),
        (Matter(request_type=None), Scope(), "fits"),
    ],
)
def test_everything_named_must_fit_and_what_is_not_said_is_possible(
    matter: Matter, named: Scope, expected: str
) -> None:  # fmt: skip
    assert fit(matter, named, TREE) == expected


def test_below_names_what_stands_for_a_request_and_keeps_what_is_gone() -> None:
    assert below(["repair"], TREE) == ["cable", "repair", "tv"]
    assert below(["cable", "gone"], TREE) == ["cable", "gone"]


def test_whatever_is_below_fits_and_nothing_else() -> None:
    for named in TREE:
        fitting = [code for code in TREE if fit(Matter(request_type=code), scope(request_types=named), TREE) == "fits"]
        assert sorted(fitting) == below([named], TREE)


def test_above_what_is_not_said_and_above_what_is_gone_there_is_nothing() -> None:
    assert list(way_up(None, TREE)) == []
    assert list(way_up("gone", TREE)) == ["gone"]
    assert list(way_up("cable", TREE)) == ["cable", "tv", "repair"]


def test_a_tree_that_bites_its_tail_ends() -> None:
    assert len(list(way_up("a", {"a": Node("b"), "b": Node("a")}))) == DEEPEST

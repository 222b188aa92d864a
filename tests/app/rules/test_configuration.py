"""The configuration file: its rules are the router's own, and each mistake in them has its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.configuration import Configuration, WrongConfiguration, read, read_text
from app.configuration.references import rule_references, unserved
from app.configuration.shape import is_zone
from routing.rules import read as read_rules
from tests.pace import costing

SAMPLE = Path(__file__).parents[3] / "sample" / "office.toml"

SMALL = """
skills = ["claims", "law"]
groups = ["helpers"]

[organisation]
name = "X"
languages = ["en", "ur"]

[offices.main]
name = "Main"
timezone = "Asia/Karachi"

[queues.claims]
name = "Claims"
target_seconds = 60
offer_timeout_seconds = 20

[queues.desk]
name = "Desk"
target_seconds = 60
offer_timeout_seconds = 20

[request_types.claim]
labels = { en = "Claim", ur = "دعویٰ" }
queue = "claims"
letter = "C"
skills = { claims = 3 }

[request_types.another]
labels = { en = "Another", ur = "اور" }
queue = "desk"
letter = "A"

[representatives.amy]
name = "Amy"
languages = ["en"]
queues = ["claims", "desk"]
skills = { claims = 5 }
capacity = 2
"""


def small(*replacements: tuple[str, str]) -> str:
    text = SMALL
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def with_claims(rule: str) -> str:
    """With one more rule of the queue of claims."""
    return small(("\n[queues.desk]", f"{rule}\n\n[queues.desk]"))


def mistakes(text: str) -> list[str]:
    with pytest.raises(WrongConfiguration) as caught:
        read_text(text, name="x.toml")
    return caught.value.lines


def right(text: str) -> Configuration:
    return read_text(text, name="x.toml")


def test_the_sample_names_the_version_it_fills_an_empty_service_with() -> None:
    assert read(SAMPLE).rules_version == 1
    assert right(SMALL).rules_version is None


def test_the_sample_shows_every_rule() -> None:
    """In its words or in its explanations, but for what the explanations of another rule say."""
    text = SAMPLE.read_text(encoding="utf-8")
    for rule in ("QueueRule", "StepRule", "ExhaustedRule", "EntryRule", "OverflowRule", "CallbackRule", "HoursRule",
                 "ChannelRule", "ReasonRule", "RequestRule"):  # fmt: skip
        fields = getattr(__import__("routing.rules", fromlist=[rule]), rule).__dataclass_fields__
        assert [name for name in fields if name not in text and name not in {"weekly", "place"}] == []


def test_the_document_is_what_the_file_says_with_the_order_of_its_request_types() -> None:
    configuration = right(SMALL)
    document = configuration.rules_document
    assert document["queues"]["claims"] == {"name": "Claims", "target_seconds": 60, "offer_timeout_seconds": 20}
    assert {code: said["place"] for code, said in document["request_types"].items()} == {"claim": 0, "another": 1}
    assert set(document) == {"skills", "groups", "queues", "request_types"}
    shuffled = json.loads(json.dumps(document, sort_keys=True))
    assert read_rules(shuffled) == configuration.rules


def test_a_place_that_the_file_gives_itself_stays() -> None:
    configuration = right(small(('letter = "C"', 'letter = "C"\nplace = 7')))
    assert configuration.rules.requests["claim"].place == 7


@pytest.mark.parametrize(
    ("rule", "mistake"),
    [
        ("steps = [{ after_seconds = 9, add_groups = ['helper'] }]\non_exhausted = { after_seconds = 20, then = 'any' }", "steps.0.add_groups: there is no group 'helper'; did"),
        ("steps = [{ after_seconds = 9, drop_language = true }]", "steps: have no end: say on_exhausted or overflow"),
        ("overflow = { after_seconds = 9, queue = 'desc' }", "overflow.queue: there is no queue 'desc'; did you mean 'desk"),
        ("on_entry = [{ when = 'length' }]", "on_entry.0.over: is missing: length is over what?"),
        ("on_entry = [{ when = 'closing' }]", "on_entry.0.when: can never be"),
        ("order = 'alphabet'", "order: must be one of"),
        ("split = { desk = 50 }", "split: must be 100 together, and is 50"),
        ("wrap_up_secs = 9", "wrap_up_secs: there is no such setting; did you mean 'wrap_up_seconds'?"),
        ("hours = { timezone = 'Asia/Nowhere', mon = ['09:00-17:00'] }", "hours.timezone: there is no time zone 'Asia/No"),
        ("hours = { mon = ['09:00-17:00'], holidays = 'XX' }", "hours.holidays: no holidays are known of the country 'XX'"),
        ("hours = { mon = ['09:00-17:00'], holidays = 'IN-ZZ' }", "hours.holidays: IN has no part 'ZZ'; it has AN, AP"),
        ("hours = { mon = ['09:00-17:00', '16:00-18:00'] }", "hours.mon: overlaps with another span of the same day"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_rule_is_named_with_its_line(rule: str, mistake: str) -> None:
    line = 1 + with_claims(rule)[: with_claims(rule).index(rule)].count("\n")
    (told,) = mistakes(with_claims(rule))
    assert told.startswith(f"x.toml:{line}: queues.claims.{mistake}")


def test_a_mistake_in_a_step_of_its_own_table_is_named_with_its_own_line() -> None:
    steps = "[[queues.claims.steps]]\nafter_seconds = 5\ndrop_language = true\n\n[[queues.claims.steps]]\nafter_seconds = -5\n"
    text = SMALL + steps
    (told,) = mistakes(text)
    assert told.startswith(f"x.toml:{text.count(chr(10))}: queues.claims.steps.1.after_seconds: must be between 0")


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        (', ur = "اور"', "", "request_types.another.labels: has no word in ur"),
        (', ur = "اور"', ', ur = "x", fr = "Autre"', "request_types.another.labels.fr: there is no language 'fr'"),
        ("skills = { claims = 3 }", "skills = { clams = 3 }", "request_types.claim.skills.clams: there is no skill 'clams'"),
        ("skills = { claims = 5 }", "skills = { clams = 5 }", "representatives.amy.skills.clams: there is no skill 'clams'"),
        ("capacity = 2", 'capacity = 2\ngroups = ["helper"]', "representatives.amy.groups: there is no group 'helper'; did"),
        ("capacity = 2", "capacity = 2\nper_hour = 0", "representatives.amy.per_hour: input should be greater than"),
        ("capacity = 2", 'capacity = 2\npull = "yes"', "representatives.amy.pull: must be true or false"),
        ('groups = ["helpers"]', 'groups = ["helpers"]\nrules_version = "1"', "rules_version: must be a whole number"),
    ],
)  # fmt: skip
def test_what_the_rules_and_the_rest_of_the_file_need_of_each_other_is_checked(
    old: str, new: str, mistake: str
) -> None:
    text = small((old, new))
    (told,) = mistakes(text)
    assert f" {mistake}" in told
    where = (
        text.index("\n" + new.splitlines()[-1].strip()) + 1
        if "\n" in new
        else text.index(new or 'labels = { en = "Another"')
    )
    assert told.startswith(f"x.toml:{1 + text[:where].count(chr(10))}: ")


def test_mistakes_in_the_rules_and_beside_them_are_told_together_in_the_order_of_the_file() -> None:
    text = small(
        ("capacity = 2", 'capacity = "2"'), ('timezone = "Asia/Karachi"', "timezone = 5"), ("target_seconds = 60", "target_seconds = -1"),
    )  # fmt: skip
    assert [line.split(": ")[1] for line in mistakes(text)] == [
        "offices.main.timezone", "queues.claims.target_seconds", "representatives.amy.capacity",
    ]  # fmt: skip


def test_a_file_without_rules_is_refused() -> None:
    nothing = (
        '[organisation]\nname = "X"\nlanguages = ["en"]\n[offices.main]\nname = "Main"\ntimezone = "Asia/Karachi"\n'
    )
    assert mistakes(nothing) == ["x.toml:1: queues: is missing"]
    queue = '[queues.desk]\nname = "Desk"\ntarget_seconds = 1\noffer_timeout_seconds = 1\n'
    assert mistakes(nothing + queue) == ["x.toml:1: request_types: must not be empty"]


def test_a_part_of_a_country_may_be_named_by_its_older_code() -> None:
    rules = right(with_claims("hours = { mon = ['09:00-17:00'], holidays = 'IN-TG' }")).rules
    assert list(rule_references(rules, languages=["en", "ur"])) == []


def test_rules_that_come_over_the_api_are_held_against_the_organisations_languages() -> None:
    found = [str(fault) for fault in rule_references(right(SMALL).rules, languages=["en", "ur", "te"])]
    assert found == [f"request_types.{code}.labels: has no word in te" for code in ("claim", "another")]


def test_what_nobody_can_serve_even_after_every_step_is_found() -> None:
    assert list(unserved(right(SMALL))) == [
        "request_types.claim: nobody can serve it in ur", "request_types.another: nobody can serve it in ur",
    ]  # fmt: skip
    steps = "steps = [{ after_seconds = 9, drop_language = true }]\non_exhausted = { after_seconds = 20, then = 'supervisor' }"
    assert list(unserved(right(with_claims(steps)))) == ["request_types.another: nobody can serve it in ur"]


def test_who_serves_the_queue_it_overflows_to_counts_and_so_does_a_group() -> None:
    overflow = "overflow = { after_seconds = 9, queue = 'desk' }"
    narrow = ('queues = ["claims", "desk"]', 'queues = ["desk"]')
    english = ('languages = ["en", "ur"]', 'languages = ["en"]')
    words = (', ur = "دعویٰ"', ""), (', ur = "اور"', "")
    assert list(unserved(right(small(narrow, english, *words)))) == ["request_types.claim: nobody can serve it in en"]
    to_desk = ("\n[queues.desk]", f"{overflow}\n\n[queues.desk]")
    assert list(unserved(right(small(narrow, english, *words, to_desk)))) == []
    helping = ("capacity = 2", 'capacity = 2\ngroups = ["helpers"]')
    steps = (
        "steps = [{ after_seconds = 9, add_groups = ['helpers'] }]\non_exhausted = { after_seconds = 20, then = 'any' }"
    )
    to_group = ("\n[queues.desk]", f"{steps}\n\n[queues.desk]")
    assert list(unserved(right(small(narrow, english, *words, to_group, helping)))) == []


def test_of_a_split_queue_every_part_must_be_served() -> None:
    part = '[queues.PART]\nname = "Part"\ntarget_seconds = 1\noffer_timeout_seconds = 1\n'
    parts = part.replace("PART", "east") + part.replace("PART", "west")
    split = ("\n[queues.desk]", f"split = {{ east = 50, west = 50 }}\n\n{parts}\n[queues.desk]")
    one = ('queues = ["claims", "desk"]', 'queues = ["east", "desk"]')
    both = ('queues = ["claims", "desk"]', 'queues = ["east", "west", "desk"]')
    assert "request_types.claim: nobody can serve it in en" in list(unserved(right(small(split, one))))
    assert "request_types.claim: nobody can serve it in en" not in list(unserved(right(small(split, both))))


@pytest.mark.parametrize(
    "zone", ["localtime", "posix/Asia/Karachi", "asia/karachi", "Asia", "../zoneinfo/Asia/Karachi"]
)
def test_a_zone_that_only_this_machine_knows_is_no_time_zone(zone: str) -> None:
    assert not is_zone(zone)


@pytest.mark.parametrize(("queues", "requests"), [(4_000, 200), (2, 9_000)])
def test_very_large_rules_are_looked_through_for_the_unserved_in_a_moment(queues: int, requests: int) -> None:
    """Thousands of queues that overflow one into the next, and thousands of requests that overflow into one queue."""
    plain = {"name": "Q", "target_seconds": 1, "offer_timeout_seconds": 1}
    chain = {
        f"q{number}": {**plain, "overflow": {"after_seconds": 9, "queue": f"q{number + 1}"}} for number in range(queues)
    }
    request = {"queue": "q0", "letter": "A", "labels": {"en": "Ask", "ur": "Ask"}}
    kinds = {f"r{number}": request for number in range(requests)}
    document = {
        "queues": {**chain, f"q{queues}": plain},
        "request_types": {**kinds, "last": {**request, "queue": "q1"}},
    }
    rules = right(SMALL).model_copy(update={"rules": read_rules(document)})
    with costing() as cost:
        found = unserved(rules)
    assert cost.units < 400
    assert all("nobody can serve it" in line for line in found)

"""Whether the parts of a configuration fit each other, and the world.

Decides about names: what names something must name something that is there, be it a queue of the rules, a language of the
organisation, a time zone or a country. Within the rules `routing.rules` has decided. `unserved` finds what is allowed but
hardly meant: a customer nobody can serve.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from typing import Final
from uuid import UUID

from app.configuration.lines import Path
from app.configuration.shape import Configuration, is_zone
from routing.entry import Contact, file
from routing.model import Needs, Staff
from routing.needs import meets
from routing.rules import Fault, Rules
from routing.rules.resolving import CaseRule

MOST_WORK: Final = 2_000_000
"""How often somebody is asked whether they could serve a need: about a second."""
A_FILING: Final = 50
"""What asking the rules once costs, in the same measure."""


def wrong_references(configuration: Configuration) -> Iterator[tuple[Path, str]]:
    """Each wrong name with its place."""
    rules = configuration.rules
    default = configuration.organisation.default_request_type
    if default is not None:
        place = ("organisation", "default_request_type")
        yield from _unknown(place, "request type", default, rules.requests)
    for fault in rule_references(rules, languages=configuration.organisation.languages):
        yield fault.path, fault.reason
    for named, code in _people_named(rules):
        yield from _unknown(named, "representative", code, configuration.representatives)
    for code, person in configuration.representatives.items():
        place = ("representatives", code)
        if person.office is not None:
            yield from _unknown((*place, "office"), "office", person.office, configuration.offices)
        for queue in person.queues:
            yield from _unknown((*place, "queues"), "queue", queue, rules.queues)
        for language in person.languages:
            yield from _unknown((*place, "languages"), "language", language, configuration.organisation.languages)
        for group in person.groups:
            yield from _unknown((*place, "groups"), "group", group, rules.groups)
        for skill in person.skills if rules.skills else ():
            yield from _unknown((*place, "skills", skill), "skill", skill, rules.skills)


def rule_references(rules: Rules, *, languages: Sequence[str]) -> Iterator[Fault]:
    """What rules name that only the organisation and the world know: languages, time zones, countries with holidays.

    For rules that come over the API as well as for the file. Loading the holidays of the world takes a moment.
    """
    if not rules.requests:
        yield Fault(path=("request_types",), reason="must not be empty")
    for code, request in rules.requests.items():
        place = ("request_types", code, "labels")
        missing = [language for language in languages if language not in request.labels]
        if missing:
            yield Fault(path=place, reason=f"has no word in {', '.join(missing)}")
        for language in request.labels:
            for path, reason in _unknown((*place, language), "language", language, languages):
                yield Fault(path=path, reason=reason)
    yield from _words_of_steps(rules, languages)
    for code, queue in rules.queues.items():
        if queue.hours is None:
            continue
        place = ("queues", code, "hours")
        if queue.hours.timezone is not None and not is_zone(queue.hours.timezone):
            reason = f"there is no time zone {queue.hours.timezone!r}; one is called Asia/Karachi"
            yield Fault(path=(*place, "timezone"), reason=reason)
        if queue.hours.holidays is not None and (wrong := _wrong_country(queue.hours.holidays)):
            yield Fault(path=(*place, "holidays"), reason=wrong)


def unknown_people(rules: Rules, *, known: Collection[str]) -> Iterator[str]:
    """One line for each who is to be warned of cases and does not work here: nobody would hear it."""
    for place, code in _people_named(rules):
        for path, reason in _unknown(place, "representative", code, known):
            yield f"{'.'.join(path)}: {reason}"


def unserved(configuration: Configuration) -> Iterator[str]:
    """One line for each request that no representative could take in some language: it would wait for ever.

    Whoever may take it only after a step, or in the queue it overflows to, counts. A warning, no proof: in a very large
    document only the first requests are looked at.
    """
    somebody = _Somebody(configuration)
    for code, request in configuration.rules.requests.items():
        for language in configuration.organisation.languages:
            served = somebody.serves(code, language)
            if somebody.tired:
                return
            if not served:
                yield f"request_types.{code}: nobody can serve it in {language}"
                if not request.speak:
                    break


class _Somebody:
    """Who works, asked the same thing once only."""

    def __init__(self, configuration: Configuration) -> None:
        self._rules = configuration.rules
        self._staff = [
            Staff(
                id=code,
                capacity=person.capacity,
                skills=frozenset(person.skills.items()),
                languages=frozenset(person.languages),
                queues=frozenset(person.queues),
                groups=frozenset(person.groups),
            )
            for code, person in configuration.representatives.items()
            if person.capacity > 0
        ]
        self._answers: dict[Needs, bool] = {}
        self._work = 0

    @property
    def tired(self) -> bool:
        """Whether more was looked at than anybody would wait for; what is said from then on is worth nothing."""
        return self._work > MOST_WORK

    def serves(self, request: str, language: str) -> bool:
        """Whether there is somebody for it wherever it may wait."""
        queue = self._rules.requests[request].queue
        parts = self._rules.queues[queue].split or (queue,)
        return all(any(map(self._meets, self._ever(request, language, part))) for part in parts)

    def _ever(self, request: str, language: str, queue: str) -> Iterator[Needs]:
        """Everything that would do at some time."""
        contact = Contact(id=UUID(int=0), request=request, channel="", live=False, units=1, language=language)
        waits_in: str | None = queue
        while waits_in is not None and not self.tired:
            self._work += A_FILING
            filing = file(self._rules, contact, queue=waits_in)
            yield filing.needs
            yield from (step.needs for step in filing.steps)
            waits_in = filing.overflow_to

    def _meets(self, needs: Needs) -> bool:
        if needs not in self._answers:
            self._work += len(self._staff)
            self._answers[needs] = any(meets(person, needs) for person in self._staff)
        return self._answers[needs]


def _people_named(rules: Rules) -> Iterator[tuple[Path, str]]:
    """Who is warned of cases, or told of a breach, with the place where they are named; what is inherited is named above."""
    said: dict[Path, CaseRule] = {(): rules.resolution.standing}
    said |= {("request_types", code): rule for code, rule in rules.resolution.requests.items()}
    told: set[tuple[str, ...]] = set()
    for place, rule in said.items():
        for name, people in (
            ("warn", rule.targets.warn),
            *((f"escalate.{number}.tell", each.tell) for number, each in enumerate(rule.targets.escalate)),
        ):
            if (name, *people) in told:
                continue
            told.add((name, *people))
            for code in people:
                yield ("resolution", *place, "targets", *name.split(".")), code


def _words_of_steps(rules: Rules, languages: Sequence[str]) -> Iterator[Fault]:
    """Every step can be read by whoever knows the first language; no other than the organisation's is named."""
    for code, steps in rules.resolution.playbooks.items():
        for number, step in enumerate(steps):
            place = ("playbooks", code, "steps", str(number), "words")
            if languages and languages[0] not in step.words:
                yield Fault(path=place, reason=f"has no words in {languages[0]}")
            for language in step.words:
                for path, reason in _unknown((*place, language), "language", language, languages):
                    yield Fault(path=path, reason=reason)


def _wrong_country(code: str) -> str | None:
    import holidays  # a quarter of a second to load: only rules with holidays pay for it

    country, _, part = code.partition("-")
    known = holidays.list_supported_countries()
    if country not in known:
        return f"no holidays are known of the country {country!r}; one is called PK"
    try:
        holidays.country_holidays(country, subdiv=part or None)  # it knows parts by their older codes too
    except NotImplementedError:
        parts = f"; it has {', '.join(known[country])}" if known[country] else ""
        return f"{country} has no part {part!r}{parts}"
    return None


def _unknown(place: Path, what: str, name: str, known: Collection[str]) -> Iterator[tuple[Path, str]]:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    yield place, f"there is no {what} {name!r}{hint}"

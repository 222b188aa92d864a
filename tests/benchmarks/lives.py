"""One case as it is lived, invented: with its contacts, touches, promises, clocks, checks, surveys and the log of it all.

Decides proportions only; every life keeps the rules the audit holds rows to. The same seed gives the same lives. Nothing is read
and nothing written here: rows are handed over by table.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from tests.office import REQUEST_TYPES

if TYPE_CHECKING:
    from tests.benchmarks.invented import Lives

STAFF: Final = 100
HOUR: Final = 3_600.0
DAY: Final = 86_400.0
NEWS: Final = 2 * DAY
SILENCE: Final = 5 * DAY
REOPENING: Final = 30 * DAY
TARGETS: Final = {"first_response": 4 * HOUR, "resolution": 7 * DAY}
TIMED: Final = frozenset({"claim", "technical_service"})
"""What has targets. The latter has a playbook, too."""
PLAYBOOK: Final = "repair"
STEPS: Final = ("serial", "photo")
PROMISED: Final = ("visit", "solution", "part", "refund", "letter", "expert", "report")
"""What else is promised of a case that takes long: so many that ten thousand timers stand at any time."""
CAUSES: Final = ("status", "repeat", "missing_document", "wrong_hand_over", "promise_broken")
WORDS: Final = "The washing machine stops in the middle of its programme and the door stays locked. " * 3
TRACE: Final = {
    "rules": 1,
    "step": 0,
    "others": [{"code": f"rep_{each:03}", "keys": [0, 0.5, 812.25]} for each in range(5)],
}


class Life:
    """One case. `live` lets it go as far as it has come by now; `write` hands its rows over."""

    def __init__(self, lives: Lives, opened: float, like: Life | None = None) -> None:
        chance = lives.chance
        self.lives, self.chance, self.now, self.opened = lives, chance, lives.now, opened
        self.id = lives.id_at(opened)
        somebody = (like.customer, like.email) if like else lives.somebody(opened)
        self.customer: UUID = somebody[0]
        self.email: str = somebody[1]
        self.request_type: str = like.request_type if like else chance.choice(list(REQUEST_TYPES))
        self.queue = REQUEST_TYPES[self.request_type]["queue"]
        self.office = chance.choice(("lahore", "hyderabad"))
        self.channel = chance.choices(("phone", "email", "walk_in"), (40, 35, 25))[0]
        self.rep = f"rep_{chance.randrange(STAFF):03}"
        self.timed = self.request_type in TIMED and like is None
        self.playbook = self.request_type == "technical_service" and like is None
        self.state, self.touches, self.reopened = "open", 0, 0
        self.solved: float | None = None
        self.closed: float | None = None
        self.closed_by: str | None = None
        self.first_answer: float | None = None
        self.merged_into: UUID | None = None
        self.told: list[tuple[float, str, UUID, str, str, str]] = []
        self.contacts: list[tuple[Any, ...]] = []

    def tell(
        self,
        kind: str,
        at: float,
        /,
        *,
        subject: str = "case",
        of: UUID | None = None,
        actor: str = "system",
        **data: Any,
    ) -> None:
        """One event; which version it is turns out when all are told."""
        self.told.append((at, subject, of or self.id, kind, actor, json.dumps(data)))

    def row(self, table: str, *values: Any) -> None:
        self.lives.rows[table].append(values)

    def live(self) -> None:
        """From the first contact to the end, or as far as it has come."""
        at = self.begin()
        if self.timed:
            self.clock("first_response", self.opened, done=self.first_answer)
        if self.chance.random() < 0.01:
            self.row(
                "document",
                self.lives.id_at(at),
                self.id,
                "photo.jpg",
                "image/jpeg",
                b"x" * 2_000,
                "0" * 64,
                "customer",
                moment(at),
            )
            self.tell("document_added", at)
        for _ in range(self.chance.choices((0, 1, 2, 3, 5), (78, 13, 6, 2, 1))[0]):
            again = at + self.chance.expovariate(1 / DAY)
            if again + HOUR > self.now:
                break
            at = self.touch(again, self.chance.choice(CAUSES))
        self.solve(self.opened, at, rounds=1)

    def begin(self) -> float:
        """It is opened, served, owned, and what is the same for all; returns when the first contact was over."""
        self.tell("opened", self.opened, actor="customer")
        over = self.contact(self.opened)
        self.tell("owned", self.opened + 400, representative=self.rep)
        if self.playbook:
            self.tell("playbook_given", self.opened + 1, playbook=PLAYBOOK, version=1)
            for step in STEPS:
                self.tell("ticked", over, step=step)
                self.row("playbook_tick", self.id, step, moment(over), f"representative:{self.rep}")
        return over

    def contact(self, at: float) -> float:
        """One contact, served to its end within the hour; returns that end."""
        chance, made = self.chance, self.lives.id_at(at)
        live = self.channel != "email"
        offered = at + chance.uniform(1, 300)
        accepted, over = offered + chance.uniform(1, 15), offered + 20 + chance.expovariate(1 / 300) % 2_000
        held = self.lives.id_at(offered)
        number = made.hex
        name: Any = {"assignment": str(held), "representative": self.rep}
        self.tell(
            "queued",
            at,
            subject="interaction",
            of=made,
            actor="integration:bench",
            queue=self.queue,
            request_type=self.request_type,
        )
        self.tell("offered", offered, subject="interaction", of=made, **name, trace=TRACE)
        self.tell("accepted", accepted, subject="interaction", of=made, actor=f"representative:{self.rep}", **name)
        if not live:
            self._letters(made, at, over - 1)
        self.tell("completed", over, subject="interaction", of=made, actor=f"representative:{self.rep}", **name)
        self.first_answer = self.first_answer or (accepted if live else over - 1)
        when = moment(at)
        self.contacts.append((
            made, self.id, self.customer, self.channel, number, "completed", self.queue, self.request_type, self.office,
            "en", live, 1, when, when, moment(at + 120), moment(over), 1, None if live else self.email,
        ))  # fmt: skip
        self.row("receipt", "bench", self.channel, number, made, when)
        self.row(
            "assignment", held, made, self.rep, "ended", live, 1, moment(offered), moment(offered + 20), moment(accepted),
            moment(over), "completed",
        )  # fmt: skip
        return over

    def _letters(self, contact: UUID, came: float, answered: float) -> None:
        asked, reply = self.lives.id_at(came), self.lives.id_at(answered)
        self.row(
            "message",
            asked,
            contact,
            self.id,
            "in",
            None,
            "The machine",
            WORDS,
            f"<{asked.hex}@example.test>",
            moment(came),
        )
        self.row(
            "message",
            reply,
            contact,
            self.id,
            "out",
            self.rep,
            "Re: The machine",
            WORDS,
            f"<{reply.hex}@raabta.test>",
            moment(answered),
        )
        self.tell(
            "answered",
            answered,
            subject="interaction",
            of=contact,
            actor=f"representative:{self.rep}",
            message=str(reply),
        )
        self._letter(f"replied:{reply}", contact, answered)

    def _letter(self, key: str, contact: UUID, at: float) -> None:
        payload = json.dumps({"subject": "Re: The machine", "body": WORDS, "contact": contact.hex})
        self.row(
            "outbox", self.lives.id_at(at), key, "email", "email", contact, self.email, "en", payload, "sent", moment(at),
            moment(at), moment(at + 2),
        )  # fmt: skip

    def touch(self, at: float, cause: str) -> float:
        """They turn to us again."""
        self.tell("joined", at, actor="customer")
        over = self.contact(at)
        contact = self.contacts[-1][0]
        self.touches += 1
        self.tell("touched", at + 1, touch=self.touches, kind="contact", cause=cause, interaction=str(contact))
        self.row(
            "touch", self.lives.id_at(at + 1), self.id, self.touches, "contact", contact, 1, self.channel, cause, "rule",
            self.rep, self.request_type, self.queue, self.office, moment(at),
        )  # fmt: skip
        return over

    def solve(self, since: float, at: float, *, rounds: int) -> None:
        """Called solved some time after `at`; news are promised from `since` until then."""
        solved = at + 3 * HOUR + self.chance.expovariate(1 / (1.5 * DAY))
        done = solved if solved <= self.now else None
        self.promise(since, until=done, reason="resolved")
        if self.timed:
            self.clock("resolution", since, done=done)
        if done is None:
            self._await(at)
            return
        if self.chance.random() < 0.03:
            self._check(done)
        else:
            self.tell("resolved", done, actor=f"representative:{self.rep}", outcome="mended", representative=self.rep)
        self.solved, self.state = done, "resolved"
        if self.chance.random() < 0.6:
            self.ask(done, rounds)
        elif not self._end(done + SILENCE, "not_asked"):
            self._closes(done + SILENCE)

    def _check(self, at: float) -> None:
        check, other = self.lives.id_at(at - 2 * HOUR), f"rep_{(int(self.rep[4:]) + 1) % STAFF:03}"
        for kind, when in (("check_requested", at - 2 * HOUR), ("check_taken", at - HOUR), ("check_passed", at)):
            self.tell(kind, when, check=str(check))
        self.row(
            "second_check", check, self.id, "resolution", "passed", self.rep, moment(at - 2 * HOUR), moment(at + 2 * HOUR),
            "share", other, moment(at - HOUR), moment(at),
        )  # fmt: skip

    def ask(self, at: float, rounds: int) -> None:
        """The customer is asked, and answers, or not."""
        survey, closes = self.lives.id_at(at), at + SILENCE
        self.tell("survey_asked", at, survey=str(survey), round=rounds, channel="email")
        self._notice("survey", f"survey:{survey}", at)
        answered = at + self.chance.expovariate(1 / DAY)
        says = self.chance.choices((None, "yes", "partly", "no"), (30, 60, 3, 7))[0] if answered < closes else None
        if says is not None and answered <= self.now and not (says == "no" and rounds > 1):
            self._answer(survey, at, rounds, answered, says)
        elif closes <= self.now:
            self.tell("survey_lapsed", closes - 0.001, survey=str(survey))
            self._survey(survey, at, rounds, "lapsed", None, closes)
            self._end(closes, "lapsed")
        else:
            self._survey(survey, at, rounds, "asked", None, None)
            self._closes(closes)

    def _answer(self, survey: UUID, at: float, rounds: int, answered: float, says: str) -> None:
        self.tell("survey_answered", answered, survey=str(survey), solved=says)
        self._survey(survey, at, rounds, "answered", says, answered)
        if says == "yes":
            self._end(answered + 0.001, "confirmed")
        elif says == "partly":
            if not self._end(at + SILENCE, "lapsed"):
                self._closes(at + SILENCE)
        else:
            self.tell("reopened", answered + 0.001, actor="customer", reason="survey")
            self.reopened, self.state, self.solved = self.reopened + 1, "open", None
            over = self.touch(answered + 1, "not_solved") if answered + HOUR < self.now else answered + 1
            self.solve(answered + 1, over, rounds=rounds + 1)

    def _survey(self, survey: UUID, at: float, rounds: int, state: str, says: str | None, ended: float | None) -> None:
        mark = self.chance.choice((3, 4, 5)) if says == "yes" else self.chance.choice((1, 2, 3)) if says else None
        self.row(
            "survey", survey, self.id, self.customer, rounds, state, "email", self.rep, moment(at), moment(at + SILENCE),
            says, mark, moment(ended) if ended else None,
        )  # fmt: skip

    def _end(self, at: float, event: str) -> bool:
        if at > self.now:
            return False
        self.tell(event, at)
        by = {"confirmed": "customer", "lapsed": "silence", "not_asked": "not_asked"}
        self.closed, self.closed_by, self.state = at, by[event], "closed"
        return True

    def _closes(self, at: float) -> None:
        self._timer("survey_closes", f"solved:{self.id}", at)

    def promise(self, since: float, *, until: float | None, reason: str) -> None:
        """News every two days until it is over: most are kept, some broken; the last is released, or stands."""
        while True:
            made, due = self.lives.id_at(since), since + NEWS
            fact: Any = {"promise": str(made), "kind": "news"}
            self.tell("promised", since, **fact)
            if until is not None and until <= due:
                self.tell("promise_released", until, **fact, reason=reason)
                return self._promised(made, since, "released", until, reason)
            if due > self.now:
                for kind, at in (("promise_near", due - 4 * HOUR), ("promise_due", due + 1)):
                    self._timer(kind, f"{kind}:{made}", at, promise=str(made))
                return self._promised(made, since, "standing", None, None)
            kept = self.chance.random() < 0.85
            ended = due - 2 * HOUR if kept else due
            self.tell("promise_kept" if kept else "promise_broken", ended, **fact)
            self._promised(made, since, "kept" if kept else "broken", ended, "notice" if kept else None)
            if kept:
                self._notice("news", f"news:{made}", ended)
                self.row("reached", f"news:{made}", self.customer, moment(ended))
            else:
                self.tell("alarmed", ended, alarm="promise_broken")
                key, whose = f"promise_broken:{made}", f"representative:{self.rep}"
                done = moment(ended + HOUR)
                self.row(
                    "alarm",
                    self.lives.id_at(ended),
                    key,
                    "promise_broken",
                    self.id,
                    self.rep,
                    moment(ended),
                    done,
                    whose,
                )
            since = ended

    def _await(self, at: float) -> None:
        """What is not solved yet was promised to be looked at, and by when it will be solved."""
        for kind in PROMISED:
            made, due = self.lives.id_at(at), self.now + self.chance.uniform(1, 4) * DAY
            self.tell("promised", at, promise=str(made), kind=kind)
            self.row(
                "promise", made, self.id, kind, moment(due), moment(at), "system", self.rep, "standing", None, None
            )
            for look, when in (("promise_near", due - 4 * HOUR), ("promise_due", due + 1)):
                self._timer(look, f"{look}:{made}", when, promise=str(made))

    def _promised(self, made: UUID, at: float, state: str, ended: float | None, reason: str | None) -> None:
        due, over = moment(at + NEWS), moment(ended) if ended else None
        self.row("promise", made, self.id, "news", due, moment(at), "system", self.rep, state, over, reason)

    def _notice(self, kind: str, key: str, at: float) -> None:
        self.tell("noticed", at, notice=kind, command=f"noticed:{key}", channel="email")
        self._letter(f"noticed:{key}", self.contacts[-1][0], at)

    def clock(self, kind: str, since: float, *, done: float | None) -> None:
        """A target without pauses: met, breached at its time, or running."""
        made, due = self.lives.id_at(since), since + TARGETS[kind]
        self.tell("clock_started", since, clock=kind, id=str(made))
        near, state, ended, late = since + 0.8 * TARGETS[kind], "running", None, None
        if done is not None and done <= due:
            state, ended = "met", done
        elif due <= self.now:
            state, ended, late = "breached", due, done
        if ended is not None:
            self.tell(f"clock_{state}", ended, clock=kind, id=str(made))
        else:
            self._timer("clock_breach", f"clock_breach:{made}", due)
            if near > self.now:
                self._timer("clock_warning", f"clock_warning:{made}", near)
        self.row(
            "clock", made, self.id, kind, state, TARGETS[kind], moment(since), moment(since),
            moment(due) if ended is None else None, moment(near) if near <= self.now and ended is None else None,
            moment(ended) if ended else None, moment(late) if late else None, self.queue, 1,
        )  # fmt: skip

    def _timer(self, kind: str, key: str, at: float, **data: str) -> None:
        self.row("timer", self.lives.id_at(self.opened), key, kind, self.id, moment(at), json.dumps(data))

    def write(self) -> None:
        """The case's own row and the events, each with its version; contacts learn theirs, too."""
        versions: dict[UUID, int] = {}
        events = self.lives.rows["event"]
        for at, subject, of, kind, actor, data in sorted(self.told, key=lambda told: told[0]):
            versions[of] = versions.get(of, 0) + 1
            events.append((1, subject, str(of), versions[of], kind, moment(at), actor, data))
        for row in self.contacts:
            self.row("interaction", *row, versions[row[0]])
        self.row("case", *self._case(versions[self.id]))

    def _case(self, version: int) -> tuple[Any, ...]:
        def when(at: float | None) -> datetime | None:
            return None if at is None else moment(at)

        solved = self.solved is not None
        asked = f"{self.id.hex}page" if self.state != "open" else None
        return (
            self.id, self.id.hex, self.customer, self.request_type, self.state, "The machine", when(self.opened),
            when(self.solved), "mended" if solved else None, version, self.rep, self.queue, self.office, self.channel, "en",
            self.touches, self.reopened, when(self.first_answer), "worn_out" if solved else None,
            self.rep if solved else None, when(self.closed), self.closed_by,
            when(self.closed + REOPENING if self.closed else None), self.merged_into, PLAYBOOK if self.playbook else None,
            1 if self.playbook else None, when(self.opened + 1), 1, asked,
        )  # fmt: skip


def moment(at: float) -> datetime:
    """As the tables hold it."""
    return datetime.fromtimestamp(at, UTC)

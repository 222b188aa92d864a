"""The story of a matter in sentences: what happened, who did it, when, and the words that belong to it.

Decides which sentence tells an event, and whom it names; never what belongs to a story, which the query does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from markupsafe import Markup

from app import registry
from app.web.show import Shown

_COMING: Final = frozenset({"interaction.arrived", "interaction.queued", "interaction.scheduled", "interaction.wrote"})
_OF_US: Final = "representative:"
_SAYS: Final[Mapping[str, tuple[str, str]]] = {
    "promise": ("promises", "kind"),
    "notice": ("notices", "notice"),
    "alarm": ("alarms", "kind"),
}
"""Of an event of this kind, which word its `data` names: (section of the words, name in the data)."""
_NAMED: Final[Mapping[str, tuple[str, str]]] = {
    "case.awaited": ("causes", "cause"),
    "case.resolved": ("outcomes", "outcome"),
    "case.reopened": ("reopenings", "reason"),
    "case.check_requested": ("check_reasons", "reason"),
}

_UNSAID: Final[Mapping[str, str]] = {"case.reopened": "contact"}
"""The word where the event names none: it happened by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing that happened. `who` None: nobody in particular. `direction`: of words, `in`, `out` or `note`."""

    kind: str
    sign: str
    what: Markup
    who: Markup | None
    at: datetime
    subject: str | None
    words: str | None
    direction: str


Tell = Callable[[Mapping[str, Any]], Line]


def teller(shown: Shown, *, me: str | None) -> Tell:
    """Tells items of a timeline to this reader. `me`: a representative's code; None: a supervisor."""

    def tell(item: Mapping[str, Any]) -> Line:
        return Line(
            kind=item["kind"],
            sign=_sign(item["channel"]),
            what=_sentence(shown, item),
            who=_who(shown, item, me),
            at=item["at"],
            subject=item["subject"],
            words=item["words"],
            direction=item.get("direction") or "",
        )

    return tell


def _sentence(shown: Shown, item: Mapping[str, Any]) -> Markup:
    words = shown.words
    name = f"told.{item['type'].replace('.', '_')}"
    if name not in words.texts:
        return words.say("told.other", what=item["type"])
    due = item.get("due_at")
    return words.say(name, what=_what(shown, item), time=shown.moment(due) if due else "–")


def _what(shown: Shown, item: Mapping[str, Any]) -> str:
    """The one word a sentence may name."""
    words, data = shown.words, item["data"]
    section, name = _NAMED.get(item["type"]) or _SAYS.get(item["kind"]) or ("", "")
    if section:
        return words.known(section, data.get(name) or _UNSAID.get(item["type"])) or words.texts["told.nothing_said"]
    if item.get("solved"):
        return words.known("solved", item["solved"])
    return words.texts[f"channel.{_sign(item['channel'])}"]


def _who(shown: Shown, item: Mapping[str, Any], me: str | None) -> Markup | None:
    words, actor, code = shown.words, item["actor"], item["representative"]
    if item.get("direction") == "in" or actor == "customer" or (item["type"] in _COMING and code is None):
        return words.say("talk.customer")
    if code is not None and code == me:
        return words.say("talk.you")
    if code is not None:
        return Markup("<bdi>{}</bdi>").format(item["name"] or code)
    role = actor.removeprefix(_OF_US).partition(":")[0]
    return words.say(f"by.{role}") if f"by.{role}" in words.texts else None


def _sign(channel: str | None) -> str:
    found = registry.current().get(channel or "")
    if found is None or not found.info.live:
        return "letter"
    return "visit" if found.info.numbered else "call"

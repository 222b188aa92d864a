"""How a customer's page is drawn: its words, its times, its templates. Decides no content: the query does.

Its language is that of the case until the customer chooses another, which the links of the page then carry: no cookie is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app import registry
from app.actions.cases.documents import ENDINGS, MOST_BYTES, MOST_DOCUMENTS
from app.actions.surveys.end import PAGE
from app.db import uuid7
from app.queries.customers.page import Opened, Told
from app.web.customer.times import Times
from app.web.page import HERE, asset
from app.web.show import direction, own_name, written_in
from app.web.words import Words
from channels.texts.pages import LANGUAGES, page_words
from channels.texts.surveys import over, questions, thanks

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_LETTERS: Final = 10_000
KIND: Final = "PDF"
MEGABYTE: Final = 1_048_576
_SAID: Final = ("sent", "document")
_THANKED: Final = {"yes": "yes", "no": "no", "partly": "partly", "mark": None}
_SORRY: Final = ("empty", "long", "no_file", "kind", "large", "many", "nothing", "busy", "failed")
_PROMISES: Final = {"callback": "callback", "visit": "visit", "solution": "solution"}
_ELSEWHERE: Final = frozenset({"incident"})
"""Promises that stand with what they are about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A form that was not taken: where it goes, and what was in it. `words` names the field a person wrote in."""

    target: str
    words: str
    fields: Mapping[str, str]


@cache
def _pages() -> Environment:
    """The templates; loaded with the first page, not with the service."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(HERE / "templates" / "customer"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def spoken(language: str) -> Words:
    """The page's words in one language."""
    return Words(language=language, texts={**page_words(language), "page.direction": direction(language)})


def language_of(request: Request, found: Opened, languages: tuple[str, ...]) -> str:
    """What the reader chose, else that of the case, else the house's first; always one the page can be read in."""
    offered = offered_in(languages)
    wishes = (request.query_params.get("language"), found.language)
    return next((each for each in wishes if each in offered), offered[0])


def offered_in(languages: tuple[str, ...]) -> tuple[str, ...]:
    """Those languages of the house that the page has words in."""
    return tuple(each for each in languages if each in LANGUAGES) or ("en",)


def see(request: Request, token: str, *, said: str | None = None, sorry: str | None = None) -> Response:
    """Go and read, in the language that was chosen: loading the page again then repeats nothing."""
    given = {"language": request.query_params.get("language"), "said": said, "sorry": sorry}
    query = urlencode({name: value[:35] for name, value in given.items() if value})
    return RedirectResponse(f"/c/{token}{'?' if query else ''}{query}", status_code=303)


def page(
    request: Request,
    token: str,
    told: Told,
    *,
    language: str,
    languages: tuple[str, ...],
    sorry: str | None = None,
    kept: str = "",
    status: int = 200,
) -> Response:
    """The page itself. `kept`: words that could not be sent, and stand in their field again."""
    words = spoken(language)
    times = Times(language=language, zone=told.zone, now=told.now)
    chosen = request.query_params.get("language")
    asked = told.asked
    until = times.day(asked.until) if asked.until is not None else ""
    said_word = None if sorry else _said(request, language)
    return _html(
        "page.html",
        status=status,
        words=words,
        say=words.say,
        plain=words.plain,
        told=told,
        times=times,
        about=told.about or words.plain("page.matter"),
        promises=[each for each in told.promises if each["kind"] not in _ELSEWHERE],
        promise_word=lambda kind: f"page.{_PROMISES.get(kind, 'other')}",
        state=f"page.{_state(told)}",
        asked=asked,
        questions=questions(language, representative=asked.name, date=until),
        answered=questions(language, representative=None, date="").solved.get(asked.solved or ""),
        words_kept=kept,
        said=said_word,
        sorry=_sorry(words, sorry or request.query_params.get("sorry"), language),
        here=f"/c/{token}",
        carried=f"?{urlencode({'language': language})}" if chosen in offered_in(languages) else "",
        languages=offered_in(languages),
        writable=PAGE in registry.current(),
        once=uuid7().hex,
        most=MOST_LETTERS,
        limits={"kind": KIND, "megabytes": MOST_BYTES // MEGABYTE},
        accepted=",".join(ENDINGS),
        written_in=written_in,
        direction=direction,
        own_name=own_name,
    )


def plain_page(name: str, *, status: int, again: Sent | None = None) -> Response:
    """A page about no case, in every language there is, since nobody knows who reads it."""
    return _html(
        "plain.html",
        status=status,
        name=name,
        every=[spoken(language) for language in LANGUAGES],
        again=again,
        direction=direction,
    )


def _html(template: str, *, status: int, **context: object) -> Response:
    text = _pages().get_template(template).render(asset=asset, **context)
    return HTMLResponse(text, status_code=status)


def _state(told: Told) -> str:
    """How it stands, as a customer would say it."""
    case = told.case
    if case.state == "open":
        return "new" if case.owner is None and case.first_answer_at is None else "working"
    if case.state == "closed":
        return "closed_customer" if case.closed_by == "customer" else "closed"
    return {"awaiting_customer": "awaiting", "checking": "checking"}.get(case.state, "resolved")


def _said(request: Request, language: str) -> str | None:
    """What was just done, thanked for; None: nothing."""
    said = request.query_params.get("said", "")
    if said in _SAID:
        return spoken(language).plain(f"page.said_{said}")
    return thanks(_THANKED[said], language) if said in _THANKED else None


def _sorry(words: Words, name: str | None, language: str) -> str | None:
    if name == "over":
        return over(language)
    values = {"kind": KIND, "megabytes": MOST_BYTES // MEGABYTE, "count": MOST_DOCUMENTS}
    return words.plain(f"page.sorry_{name}", **values) if name in _SORRY else None

"""Letters as signals, replies as letters.

Decides what a letter says of itself: who wrote, what it answers, in which language, whether by a machine. It never
decides which case it joins: the token and the references are claims, and the service checks them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from channels.base import Base, Command, Hook, House, Info, Outcome, Refused, Reply, Signal, Webhook, Wrote
from channels.cleaning import is_keepable
from channels.double import write_line
from channels.email.automatic import is_automatic
from channels.email.headers import Headers, text_of
from channels.email.people import case_token, sender
from channels.email.quoted_text import own_words
from channels.email.reading import LONGEST_TEXT, Letter, read_letter
from channels.email.sending import compose, hand_over, message_id
from channels.email.settings import SETTINGS, Settings

_LONGEST_BODY: Final = 100_000
_LONGEST_SUBJECT: Final = 500
_MOST_REFERENCES: Final = 20
_ID: Final = re.compile(r"<([^<>\s]{1,250})>")
_BARE_ID: Final = re.compile(r"[^<>\s]{1,250}")
_REPLY_MARK: Final = re.compile(r"^(?:\s*(?:re|fw|fwd|aw|جواب|ప్రత్యుత్తరం)\s*[:：]\s*)+", re.IGNORECASE)
_SCRIPTS: Final = {"te": re.compile("[\u0c00-\u0c7f]"), "ur": re.compile("[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")}
_WORD: Final = re.compile(r"[^\W_]+")
_LETTERS: Final = re.compile(r"[^\W\d_]")
_GUESSED_FROM: Final = 4_000
_SHARE: Final = 5  # a script counts as the language from one letter in five on: names and links stay Latin


class Email(Base):
    """One address of the house. A contact is a letter, named by its Message-ID."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.info = Info(
            name="email",
            label="Email",
            live=False,
            units=1,
            commands={"replied": "send"},
            # The same letter twice carries the same Message-ID, and mail programs show it once.
            repeatable=frozenset({"send"}),
            settings=SETTINGS,
            hooks={
                "raw": Hook(
                    role="integration",
                    media_type="message/rfc822",
                    max_bytes=settings.max_bytes,
                    summary="A letter, byte by byte as it came.",
                    example="From: Sara <sara@example.org>\nSubject: A claim\nMessage-ID: <1@example.org>\n\nMy roof leaks.",
                )
            },
        )

    def receive(self, webhook: Webhook, *, now: datetime) -> Sequence[Signal]:
        if not webhook.body.strip():
            raise Refused("The letter is empty.", code="empty")
        return [self._wrote(webhook.body, webhook.house)]

    def reply(self, webhook: Webhook, outcomes: Sequence[Outcome]) -> Reply:
        outcome = outcomes[0] if outcomes else Outcome(contact="")
        answer: dict[str, Any] = {"id": outcome.interaction_id, "case_id": outcome.case_id, "state": outcome.state}
        if outcome.notices:
            answer["notices"] = list(outcome.notices)
        return Reply(body=orjson.dumps(answer), status=202)

    def reference(self, command: Command) -> str | None:
        return message_id(command.key, self._settings.address) if command.kind == "send" else None

    async def deliver(self, command: Command) -> None:
        if command.kind != "send":
            raise Refused(f"Email knows no command {command.kind!r}.", code="unknown_command")
        letter = compose(command, self._settings)
        if self._settings.smtp is None:
            write_line(command)
        else:
            await hand_over(letter, self._settings.smtp)

    def _wrote(self, raw: bytes, house: House) -> Wrote:
        letter = read_letter(raw)
        headers = letter.headers
        content = hashlib.sha256(raw).hexdigest()
        name = _name(headers) or f"sha256:{content}"
        body = own_words(letter.text)[:_LONGEST_BODY]
        subject = text_of(headers.first("subject"), _LONGEST_SUBJECT)
        who = sender(headers)
        references = _references(headers)
        return Wrote(
            ref=name,
            contact=name,
            content=content,
            body=body,
            subject=subject or None,
            language=_language(body or subject, house),
            request_type=None if references else _request_type(subject, house),
            person=who.person,
            case_token=case_token(headers, self._settings.address),
            references=references,
            reply_to=who.reply_to,
            automatic=is_automatic(headers, self._settings.address),
            attributes=_attributes(letter, len(raw), who.doubt),
        )


def _name(headers: Headers) -> str | None:
    """The Message-ID without its brackets; None when there is none that can name anything."""
    value = headers.first("message-id")[:1_000]
    match = _ID.search(value)
    name = match[1] if match else value.strip()
    return name if _BARE_ID.fullmatch(name) and is_keepable(name) else None


def _references(headers: Headers) -> tuple[str, ...]:
    """The letters this one answers, the nearest first."""
    answered = _ID.findall(headers.first("in-reply-to"))
    thread = _ID.findall(headers.first("references"))
    named = filter(is_keepable, [*answered, *reversed(thread)])
    return tuple(dict.fromkeys(named))[:_MOST_REFERENCES]


def _language(text: str, house: House) -> str | None:
    """The language by its script; None when the script is none of ours, or the house does not speak it."""
    beginning = text[:_GUESSED_FROM]
    letters = len(_LETTERS.findall(beginning))
    if letters == 0:
        return None
    guess = next(
        (name for name, script in _SCRIPTS.items() if len(script.findall(beginning)) * _SHARE >= letters), None
    )
    if guess is None and sum(letter.isascii() for letter in _LETTERS.findall(beginning)) * 2 >= letters:
        guess = "en"
    return guess if guess in house.languages else None


def _request_type(subject: str, house: House) -> str | None:
    """The request whose name, in any language, the subject holds; None when it holds none or names several.

    A name within a longer one does not count: "a new claim" is not also "claim".
    """
    words = f" {_words(_REPLY_MARK.sub('', subject))} "
    named: dict[str, str] = {}
    waiting = list(house.requests)
    while waiting:
        option = waiting.pop()
        waiting.extend(option.children)
        names = filter(None, map(_words, option.labels.values()))
        named.update((f" {name} ", option.code) for name in names if f" {name} " in words)
    whole = {code for name, code in named.items() if not any(name in other for other in named if other != name)}
    return whole.pop() if len(whole) == 1 else None


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _attributes(letter: Letter, size: int, doubt: str | None) -> dict[str, Any]:
    """What is kept beside the text: all of it as it was written, and what made us read it with care."""
    found: dict[str, Any] = {"original": letter.text[:LONGEST_TEXT], "bytes": size}
    if letter.attachments:
        found["attachments"] = list(letter.attachments)
    reason = letter.quarantined or doubt
    if reason:
        found["quarantined"] = reason
    return found

"""The words of a customer's own page. Decides which there are, and nothing of what is shown when: the page does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from channels.texts import CATALOGUES, DEFAULT

WORDS: Final = (
    "page.title", "page.matter", "page.languages", "page.skip", "page.since", "page.where", "page.new",
    "page.working", "page.awaiting", "page.checking", "page.resolved", "page.closed_customer", "page.closed",
    "page.news", "page.news_late", "page.today", "page.tomorrow", "page.promised", "page.callback", "page.visit",
    "page.solution", "page.other", "page.late", "page.asked", "page.asked_on", "page.answer", "page.send_document",
    "page.fault", "page.fault_by", "page.fault_over", "page.write", "page.write_more", "page.write_label",
    "page.write_hint", "page.write_send", "page.document", "page.document_label", "page.document_hint",
    "page.document_send", "page.document_words", "page.documents", "page.talk", "page.talk_order", "page.talk_older",
    "page.talk_more",
    "page.you", "page.us", "page.solved_yes", "page.solved_partly", "page.solved_no", "page.after_all", "page.marked",
    "page.send_mark", "page.keep", "page.said_sent", "page.said_document", "page.sorry_empty", "page.sorry_long",
    "page.sorry_no_file", "page.sorry_kind", "page.sorry_large", "page.sorry_many", "page.sorry_nothing",
    "page.sorry_busy", "page.sorry_failed", "page.gone_title", "page.gone", "page.often_title", "page.often",
    "page.away_title", "page.away", "page.away_words",
)  # fmt: skip
"""Every word of the page, beside those of the two questions (`channels.texts.surveys`)."""
LANGUAGES: Final = tuple(sorted(name for name, words in CATALOGUES.items() if WORDS[0] in words))
"""The languages it can be read in."""


def page_words(language: str) -> Mapping[str, str]:
    """All of one language, by `page.name`; of the default one where there is no such language."""
    catalogue = CATALOGUES[language if language in LANGUAGES else DEFAULT]
    return {key: catalogue[key] for key in WORDS}

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from channels.base import Person, Refused, Wrote
from channels.email.html_text import text_of_html
from channels.email.quoted_text import own_words
from tests.channels.sampling import HOUSE, NOW, make, webhook

EMAIL = make("email")


def read(raw: bytes | str) -> Wrote:
    content = raw if isinstance(raw, bytes) else raw.encode()
    (signal,) = EMAIL.receive(webhook("email", "raw", content), now=NOW)
    assert isinstance(signal, Wrote)
    return signal


def letter(*headers: str, body: str = "Hello") -> Wrote:
    return read("\n".join(["From: Sara <sara@example.org>", *headers, "", body]))


class TestSenders:
    @pytest.mark.parametrize(
        ("line", "name", "email"),
        [
            ("sara@example.org", None, "sara@example.org"),
            ("<Sara@Example.ORG>", None, "sara@example.org"),
            ("Sara Khan <sara@example.org>", "Sara Khan", "sara@example.org"),
            ('"Khan, Sara" <sara@example.org>', "Khan, Sara", "sara@example.org"),
            ('"a@b.example" <sara@example.org>', None, "sara@example.org"),
            ("sara@example.org (Sara <boss@example.org>)", None, "sara@example.org"),
            ("=?utf-8?b?" + base64.b64encode("سارہ".encode()).decode() + "?= <s@example.pk>", "سارہ", "s@example.pk"),
            ("=?utf-8?q?boss=40example.org_=3Cboss=40example.org=3E?= <s@example.org>", None, "s@example.org"),
            ("=?nowhere?q?a?= <s@example.org>", "a", "s@example.org"),
            ("=?utf-8?b?*?= <s@example.org>", None, "s@example.org"),
            ("Sara", None, None),
            ("a@[b", None, None),
            ("a@", None, None),
            ("@example.org", None, None),
            ("undisclosed:;", None, None),
            ("", None, None),
        ],
    )
    def test_who_wrote_is_read_from_every_kind_of_from(self, line: str, name: str | None, email: str | None) -> None:
        person = read(f"From: {line}\nSubject: x\n\nHello").person
        assert person == (Person(name=name, email=email) if name or email else None)

    @pytest.mark.parametrize("line", ["a@example.org, b@example.org", "<a@example.org> <b@example.org>"])
    def test_two_addresses_are_nobody(self, line: str) -> None:
        found = read(f"From: {line}\n\nHello")
        assert found.person is None
        assert found.attributes["quarantined"] == "several_senders"

    def test_an_answer_goes_to_reply_to(self) -> None:
        assert letter("Reply-To: other@example.org").reply_to == "other@example.org"

    def test_whoever_is_answered_is_who_is_recognised(self) -> None:
        found = letter("Reply-To: other@example.org")
        assert found.person is not None
        assert found.person.email == found.reply_to == "other@example.org"
        assert letter().reply_to == "sara@example.org"

    def test_a_bounce_is_from_nobody(self) -> None:
        found = read("From: MAILER-DAEMON@mx.example\n\nUndelivered")
        assert (found.person, found.reply_to, found.automatic) == (None, None, True)


class TestNames:
    def test_a_letter_is_named_by_its_message_id(self) -> None:
        found = letter("Message-ID: <A.1@example.org>", "Message-ID: <second@example.org>")
        assert (found.ref, found.contact) == ("A.1@example.org", "A.1@example.org")

    @pytest.mark.parametrize("line", ["", "<>", "a b", "<" + "x" * 300 + ">", "<a\x00@b>", "<a\u202e@b>"])
    def test_a_letter_without_a_usable_name_is_named_by_its_content(self, line: str) -> None:
        found = letter(f"Message-ID: {line}")
        assert found.ref == f"sha256:{found.content}"

    def test_the_same_name_with_another_content_can_be_told_apart(self) -> None:
        first, second = (letter("Message-ID: <1@example.org>", body=body) for body in ("One", "Two"))
        assert first.ref == second.ref
        assert first.content != second.content

    def test_the_letters_it_answers_are_named_the_nearest_first(self) -> None:
        found = letter("References: <a@x>\n <b@x> <c@x>", "In-Reply-To: <c@x>")
        assert found.references == ("c@x", "b@x", "a@x")

    def test_a_long_thread_keeps_its_nearest_letters(self) -> None:
        found = letter("References: " + " ".join(f"<{number}@x>" for number in range(2_000)))
        assert found.references == tuple(f"{number}@x" for number in range(1_999, 1_979, -1))


class TestTokens:
    @pytest.mark.parametrize("header", ["To", "Cc", "Delivered-To", "X-Original-To"])
    def test_the_token_is_found_wherever_our_address_stands(self, header: str) -> None:
        assert letter(f'{header}: "Raabta" <Support+kX3_9-zQ@Raabta.Example>').case_token == "kX3_9-zQ"

    @pytest.mark.parametrize(
        "to",
        [
            "support@raabta.example",
            "support+@raabta.example",
            "support+tok@raabta.example.org",
            "support+tok@elsewhere.example",
            "mysupport+tok@raabta.example",
            "support+to k@raabta.example",
        ],
    )
    def test_another_address_holds_no_token(self, to: str) -> None:
        assert letter(f"To: {to}").case_token is None


class TestMachines:
    @pytest.mark.parametrize(
        "header",
        [
            "Auto-Submitted: auto-replied",
            "Auto-Submitted: auto-generated; x=y",
            "Precedence: Bulk",
            "Precedence: list",
            "Return-Path: <>",
            "List-Id: News <news.shop.example>",
            "List-Unsubscribe: <https://shop.example>",
            "X-Autoreply: yes",
            "X-Failed-Recipients: a@b.example",
            "Content-Type: multipart/report; boundary=x",
        ],
    )
    def test_what_a_machine_wrote_is_known(self, header: str) -> None:
        assert letter(header).automatic

    @pytest.mark.parametrize(
        "header",
        [
            "Auto-Submitted: no",
            "Return-Path: <sara@example.org>",
            "Precedence: normal",
            "List-Id: <support.raabta.example>",
            "Content-Type: multipart/mixed; boundary=x",
        ],
    )
    def test_what_a_person_wrote_is_no_machines(self, header: str) -> None:
        assert not letter(header).automatic

    def test_our_own_letter_coming_back_is_a_machines(self) -> None:
        assert read("From: support+abc@raabta.example\n\nHello").automatic
        assert not read("From: boss@raabta.example\n\nHello").automatic


class TestTexts:
    @pytest.mark.parametrize(
        ("charset", "text"),
        [
            ("utf-8", "مجھے مدد چاہیے"),
            ("windows-1256", "مدد"),
            ("iso-8859-1", "Où est-ce?"),
            ("utf-16", "నమస్కారం"),
            ("koi8-r", "Где"),
            ("gb18030", "你好"),
        ],
    )
    def test_a_charset_is_believed_when_it_is_one(self, charset: str, text: str) -> None:
        head = f"From: a@b.example\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n\n"
        assert read(head.encode() + base64.b64encode(text.encode(charset))).body == text

    @pytest.mark.parametrize("charset", ["no-such", "punycode", "rot13", "zlib", "idna", "", '"', "utf-8\x00"])
    def test_a_charset_that_is_none_is_read_as_utf8(self, charset: str) -> None:
        assert read(f"From: a@b.example\nContent-Type: text/plain; charset={charset}\n\nనమస్కారం").body == "నమస్కారం"

    def test_bytes_that_are_no_utf8_are_read_all_the_same(self) -> None:
        assert read(b"From: a@b.example\n\no\xf9 \x81").body.startswith("où")

    @pytest.mark.parametrize("encoded", ["=====", "SGk", "SGkh*!\nIQ==", "S"])
    def test_damaged_base64_gives_what_can_be_saved(self, encoded: str) -> None:
        assert read(f"From: a@b.example\nContent-Transfer-Encoding: base64\n\n{encoded}").ref

    def test_of_alternatives_the_plain_one_is_read(self) -> None:
        assert multipart("alternative", ("text/html", "<b>rich</b>"), ("text/plain", "plain")).body == "plain"

    def test_an_empty_plain_alternative_is_passed_over(self) -> None:
        assert multipart("alternative", ("text/plain", " "), ("text/html", "<b>rich</b>")).body == "rich"

    def test_html_and_a_lists_plain_footer_are_both_read(self) -> None:
        assert multipart("mixed", ("text/html", "<b>rich</b>"), ("text/plain", "footer")).body == "rich\n\nfooter"

    def test_an_attached_letter_is_not_opened(self) -> None:
        found = multipart("mixed", ("text/plain", "See below"), ("message/rfc822", "From: x@y.example\n\nSecret"))
        assert found.body == "See below"
        assert found.attributes["attachments"] == [{"name": "", "media_type": "message/rfc822", "bytes": 25}]

    def test_a_part_that_ends_with_the_letter_is_read(self) -> None:
        assert read("Content-Type: multipart/mixed; boundary=x\nFrom: a@b.example\n\n--x\n\nHello").body == "Hello"

    def test_a_boundary_inside_a_line_or_as_a_beginning_is_no_boundary(self) -> None:
        body = "--x\n\nfirst --x here\n--xy\nsecond\n--x--\nepilogue"
        assert (
            read(f"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n{body}").body
            == "first --x here\n--xy\nsecond"
        )

    def test_parts_that_are_announced_and_missing_leave_the_text(self) -> None:
        assert read("From: a@b.example\nContent-Type: multipart/mixed; boundary=nope\n\nHello").body == "Hello"

    def test_a_letter_without_headers_is_kept_whole(self) -> None:
        found = read("no header here\nat all")
        assert found.body == "no header here\nat all"
        assert found.attributes["quarantined"] == "no_headers"

    def test_a_large_photograph_does_not_hide_the_text(self) -> None:
        photograph = base64.b64encode(bytes(5_000_000)).decode()
        found = multipart("mixed", ("image/jpeg", photograph), ("text/plain", "My roof"))
        assert found.body == "My roof"
        assert found.attributes["attachments"][0]["bytes"] == len(photograph)

    @pytest.mark.parametrize("body", [b"", b" \r\n\n"])
    def test_nothing_at_all_is_refused(self, body: bytes) -> None:
        with pytest.raises(Refused, match="empty"):
            read(body)


class TestLanguages:
    @pytest.mark.parametrize(
        ("body", "language"),
        [
            ("Where is my order?", "en"),
            ("میرا آرڈر کہاں ہے؟ Order 1234", "ur"),
            ("నా ఆర్డర్ ఎక్కడ ఉంది? https://example.org/order", "te"),
            ("मेरा ऑर्डर कहाँ है?", None),
            ("12345", None),
        ],
    )
    def test_the_script_tells_the_language(self, body: str, language: str | None) -> None:
        assert letter(body=body).language == language

    def test_a_language_the_house_does_not_speak_is_not_guessed(self) -> None:
        request = replace(
            webhook("email", "raw", b"From: a@b.example\n\nHello"), house=replace(HOUSE, languages=("ur",))
        )
        (found,) = EMAIL.receive(request, now=NOW)
        assert isinstance(found, Wrote)
        assert found.language is None


class TestRequests:
    @pytest.mark.parametrize(
        ("subject", "request_type"),
        [
            ("Claim", "claim"),
            ("Fwd: A NEW CLAIM for my roof", "claim_new"),
            ("نیا دعویٰ", "claim_new"),
            ("సూచన", "suggestion"),
            ("Claim and suggestion", None),
            ("Proclaim", None),
            ("Hello", None),
            ("", None),
        ],
    )
    def test_a_subject_that_names_one_request_is_filed_under_it(self, subject: str, request_type: str | None) -> None:
        assert letter(f"Subject: {subject}").request_type == request_type

    def test_an_answer_is_not_filed_again(self) -> None:
        assert letter("Subject: Re: Claim", "In-Reply-To: <1@raabta.example>").request_type is None


class TestQuotes:
    @pytest.mark.parametrize(
        "quoted",
        [
            "On Mon, 2 Mar 2026 at 10:12, Raabta <support@raabta.example> wrote:\n\n> We look into it.",
            "On Mon, 2 Mar 2026 at 10:12, Raabta\n<support@raabta.example> wrote:\n> We look into it.",
            "پیر، 2 مارچ 2026 کو 10:12 پر Raabta <support@raabta.example> نے لکھا:\n\n> ہم دیکھ رہے ہیں۔",
            "2026 మార్చి 2, సోమ 10:12కి, Raabta <support@raabta.example> ఇలా రాశారు:\n> మేము చూస్తున్నాము.",
            "सोम, 2 मार्च 2026 को 10:12 बजे Raabta <support@raabta.example> ने लिखा:\n> हम देख रहे हैं।",
            "________________________________\nFrom: Raabta\nWe look into it.",
            "-----Original Message-----\nWe look into it.",
            "From: Raabta\nSent: Monday\nTo: Sara\nSubject: Claim\n\nWe look into it.",
            "منجانب: Raabta\nتاریخ: 2 مارچ\nموضوع: دعویٰ\n\nہم دیکھ رہے ہیں۔",
        ],
    )
    def test_what_is_quoted_is_cut_and_kept_beside(self, quoted: str) -> None:
        found = letter(body=f"Thank you, it works now.\n\n{quoted}")
        assert found.body == "Thank you, it works now."
        assert quoted in found.attributes["original"]

    @pytest.mark.parametrize(
        "text",
        [
            "From: me\nthat is all",
            "I wrote to you at 10:12:\nnobody answered",
            "> only a quote",
            "---\nregards",
        ],
    )
    def test_what_is_not_surely_quoted_stays(self, text: str) -> None:
        assert own_words(text) == text

    def test_answers_between_quoted_lines_stay(self) -> None:
        assert own_words("> Which roof?\nThe north one.\n> Since when?\nYesterday.") == "The north one.\nYesterday."

    def test_a_letter_quoted_in_html_is_cut_too(self) -> None:
        head = "From: a@b.example\nContent-Type: text/html; charset=utf-8\n\n"
        page = "<div>It works.</div><div>On 2 Mar 2026 at 10:12, Raabta &lt;s@raabta.example&gt; wrote:<br></div><blockquote>Sure</blockquote>"
        assert read(head + page).body == "It works."


class TestHtml:
    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("a<br>b<p>c</p>d", "a\nb\nc\nd"),
            ("<style>p{}</style>a<SCRIPT>alert(1)</script >b", "ab"),
            ("<script>never closed", ""),
            ("a<!-- hidden -->b<!-- never closed", "ab"),
            ("&lt;b&gt; &amp; &#65; &#99999999999; &nbsp;x", "<b> & A ; x"),
            ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
            ('<img src="x" onerror="alert(1)">', ""),
            ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>> b\n\nc"),
            ("<!DOCTYPE html><?xml?><p>a", "a"),
        ],
    )
    def test_only_words_are_left(self, html: str, text: str) -> None:
        assert text_of_html(html) == text


def multipart(kind: str, *parts: tuple[str, str]) -> Wrote:
    lines: list[Any] = ["From: a@b.example", f"Content-Type: multipart/{kind}; boundary=cut", "", "preamble"]
    for media_type, content in parts:
        lines += ["--cut", f"Content-Type: {media_type}; charset=utf-8", "", content]
    return read("\n".join([*lines, "--cut--", "epilogue"]))

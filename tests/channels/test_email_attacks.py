"""Letters made to keep a parser busy, break it, or slip something through."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Wrote
from tests.channels.sampling import NOW, make, webhook
from tests.pace import costing

EMAIL = make("email")
MEGABYTE = 1_000_000
AT_MOST_UNITS = 200  # measured: under 25
HEAD = b"From: a@b.example\r\nMessage-ID: <1@b.example>\r\n"


def mixed(parts: bytes) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + parts


def nested(depth: int) -> bytes:
    levels = (
        b"Content-Type: multipart/mixed; boundary=b%04d\r\n\r\n--b%04d\r\n" % (level, level) for level in range(depth)
    )
    return HEAD + b"".join(levels) + b"\r\nHello"


def html(page: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html\r\n\r\n" + page


ATTACKS = {
    "quotes in From": b"From: " + b'"' * 40_000 + b" <a@b.example>\r\n\r\nHello",
    "escaped quotes in From": b'From: "' + b'\\"' * 20_000 + b" <a@b.example>\r\n\r\nHello",
    "parentheses in From": b"From: " + b"(" * 40_000 + b" <a@b.example>\r\n\r\nHello",
    "an odd domain": b"From: a@[b\r\n\r\nHello",
    "empty parts": mixed(b"--x\r\n\r\n" * (MEGABYTE // 7)),
    "boundaries within lines": mixed(b"z--x" * MEGABYTE),
    "parts within parts": nested(2_000),
    "a letter within a letter": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 2_000,
    "many headers": b"X: y\r\n" * MEGABYTE + b"\r\nHello",
    "a folded header without end": b"Subject: a\r\n" + b" \r\n" * MEGABYTE,
    "parameters without end": HEAD + b"Content-Type: multipart/mixed" + b';a="' * 15_000 + b"\r\n\r\nHello",
    "semicolons": HEAD + b"Content-Type: multipart/mixed" + b";" * 60_000 + b"\r\n\r\nHello",
    "encoded words without end": HEAD + b"Subject: " + b"=?utf-8?B?" * 6_000 + b"\r\n\r\nHello",
    "codecs that are none": HEAD + b"Subject: =?punycode?Q?" + b"a" * 1_900 + b"?= =?zlib?B?eJw=?=\r\n\r\nHello",
    "references without end": HEAD + b"References: " + b"<" * 60_000 + b"\r\n\r\nHello",
    "plus addresses": HEAD + b"To: " + b"support+" * 8_000 + b"\r\n\r\nHello",
    "quoted lines": HEAD + b"\r\n" + b">\n" * (5 * MEGABYTE),
    "attributions": HEAD + b"\r\n" + b"a: 1:22 <a@b> x:\n" * MEGABYTE,
    "almost attributions": HEAD + b"\r\n" + (b"a" * 190 + b"12:30\n") * 50_000,
    "dividers": HEAD + b"\r\n" + (b"-" * 399 + b"\n") * 25_000,
    "blanks": HEAD + b"\r\n" + (b" " * 350 + b":\n\n\n>") * 25_000,
    "empty lines": HEAD + b"\r\n" + b"\n" * (10 * MEGABYTE),
    "tags": html(b"<p>" * (3 * MEGABYTE)),
    "tags without end": html(b"<a " * (3 * MEGABYTE)),
    "a tag's name without end": html(b"<" + b"a" * MEGABYTE),
    "almost dividers": HEAD + b"\r\n" + (b"-" * 150 + b"Original" + b"-" * 240 + b"x\n") * 2_500,
    "comments without end": html(b"<!--" * (2 * MEGABYTE)),
    "quotes within quotes": html(b"<blockquote>a" * MEGABYTE),
    "numbers for letters": html(b"&#" + b"9" * 100_000 + b";&#x110000;&#xd800;"),
    "html in every part": mixed((b"--x\r\nContent-Type: text/html\r\n\r\n" + b"<p>" * 20_000 + b"\r\n") * 150),
    "base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A" * (10 * MEGABYTE),
    "quoted-printable": HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\n" * (5 * MEGABYTE),
    "utf-7": HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+AAAA-" * MEGABYTE,
    "lone surrogates": HEAD + b"Content-Type: text/plain; charset=utf-16\r\n\r\n" + b"\x00\xd8" * MEGABYTE,
    "nothing but noise": random.Random(1).randbytes(10 * MEGABYTE),
    "nothing but colons": b":" * (10 * MEGABYTE),
    "NUL everywhere": b"From: \x00a@b.example\r\nSubject: \x00\xff\r\nMessage-ID: <\x00@x>\r\n\r\n\x00Hello\xff",
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_read_quickly_and_kept(name: str) -> None:
    raw = ATTACKS[name]
    with costing() as cost:
        (found,) = EMAIL.receive(webhook("email", "raw", raw), now=NOW)
    assert cost.units < AT_MOST_UNITS
    assert isinstance(found, Wrote)
    assert found.attributes["bytes"] == len(raw)
    assert len(found.body) <= 100_000
    assert len(found.attributes["original"]) <= 200_000
    for text in (found.body, found.subject or "", found.ref, found.attributes["original"]):
        text.encode("utf-8")
        assert "\x00" not in text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty parts", "too_many_parts"),
        ("boundaries within lines", "too_many_parts"),
        ("parts within parts", "nested_too_deep"),
        ("many headers", "headers_too_long"),
        ("a folded header without end", "headers_too_long"),
        ("quotes in From", "sender_too_long"),
        ("nothing but colons", "no_headers"),
    ],
)
def test_what_went_past_a_limit_is_marked_with_it(name: str, reason: str) -> None:
    (found,) = EMAIL.receive(webhook("email", "raw", ATTACKS[name]), now=NOW)
    assert isinstance(found, Wrote)
    assert found.attributes["quarantined"] == reason


HEADER_NAMES = st.sampled_from(
    [
        b"From",
        b"To",
        b"Subject",
        b"Message-ID",
        b"References",
        b"Content-Type",
        b"Content-Transfer-Encoding",
        b"List-Id",
        b"Reply-To",
    ]
)
PIECES = st.sampled_from(
    [b"multipart/mixed; boundary=x", b"text/html", b"charset=", b"base64", b"=?utf-8?q?=", b"?=", b'"', b"<", b">", b"a@b.example", b"\xff", b"\r\n ", b"--x", b"(", b"\\", b";", b"\x00", b"\xe2\x80\xae"]
)  # fmt: skip
HEADERS = st.tuples(HEADER_NAMES, st.lists(PIECES, max_size=8).map(b"".join)).map(
    lambda pair: pair[0] + b": " + pair[1] + b"\r\n"
)


@given(
    headers=st.lists(HEADERS, max_size=8).map(b"".join),
    body=st.lists(
        st.sampled_from([b"--x\r\n", b"--x--\r\n", b"\r\n", b"Content-Type: text/html\r\n", b"<p", b">", b"Hello"])
    ).map(b"".join),
)
def test_a_letter_put_together_from_sharp_pieces_is_always_read(headers: bytes, body: bytes) -> None:
    (found,) = EMAIL.receive(webhook("email", "raw", headers + b"\r\n" + body + b"."), now=NOW)
    assert isinstance(found, Wrote)
    assert "\x00" not in repr(found)


def test_after_as_much_as_any_letter_may_cost_nothing_more_of_it_is_read() -> None:
    empty = b"--x\r\nContent-Type: text/html\r\n\r\n" + b"<b></b>" * 60_000 + b"\r\n"
    tail = b"--x\r\nContent-Type: text/plain\r\n\r\nThe end.\r\n--x--\r\n"
    (long,) = EMAIL.receive(webhook("email", "raw", mixed(empty + tail)), now=NOW)
    (short,) = EMAIL.receive(webhook("email", "raw", mixed(empty.replace(b"<b></b>" * 59_000, b"") + tail)), now=NOW)
    assert isinstance(long, Wrote)
    assert isinstance(short, Wrote)
    assert (long.body, short.body) == ("", "The end.")

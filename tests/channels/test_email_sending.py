from __future__ import annotations

import asyncio
import email
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.base import Command, Config, Refused, Unavailable, Wrote
from channels.email import create
from channels.email.sending import message_id
from tests.channels.sampling import NOW, make, webhook

KEY = "reply:0189"
TEXT = "آپ کا دعویٰ مل گیا ہے۔\n.\nWe look into it."


def command(key: str = KEY, to: str | None = "sara@example.org", **payload: Any) -> Command:
    return Command(
        key=key, kind="send", channel="email", interaction_id=UUID(int=1), to=to, language="ur",
        payload={"subject": "Re: A claim", "body": TEXT, "references": ["a@example.org", "b@example.org"], "case_token": "kX3_9-zQ"} | payload,
    )  # fmt: skip


@dataclass(kw_only=True)
class MailServer:
    """A mail server that answers each command as it is told; None breaks the line instead."""

    answers: dict[str, str | None] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)
    port: int = 0

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[MailServer]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(writer, "220 here")
            while line := (await reader.readline()).decode().strip():
                self.said.append(line)
                verb = line.split(" ")[0].upper()
                if verb == "DATA" and "DATA" not in self.answers:
                    await self._answer(writer, "354 go on")
                    content = await reader.readuntil(b"\r\n.\r\n")
                    self.letters.append(content.removesuffix(b".\r\n"))
                    verb = "CONTENT"
                answer = self.answers.get(verb, "250 fine")
                if answer is None:
                    return
                await self._answer(writer, answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side went away: some tests are about just that
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, answer: str) -> None:
        writer.write(answer.encode() + b"\r\n")
        await writer.drain()


@dataclass(kw_only=True)
class Kept:
    """What a real mail server took in."""

    envelopes: list[Envelope] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name there
        self.envelopes.append(envelope)
        return "250 taken"


async def deliver(server: MailServer, sent: Command, *, account: str = "") -> None:
    async with make(
        "email", {"SMTP_URL": f"smtp://{account}127.0.0.1:{server.port}", "MAIL_NAME": "Raabta, House"}
    ) as channel:
        await channel.deliver(sent)


async def received(sent: Command) -> EmailMessage:
    async with MailServer().serve() as server:
        await deliver(server, sent)
    (content,) = server.letters
    found = email.message_from_bytes(content.replace(b"\r\n..", b"\r\n."), policy=default)
    assert isinstance(found, EmailMessage)
    return found


class TestLetters:
    async def test_a_reply_can_be_read_answered_and_found_again(self) -> None:
        found = await received(command())
        assert found["From"] == '"Raabta, House" <support+kX3_9-zQ@raabta.example>'
        assert found["To"] == "sara@example.org"
        assert found["Subject"] == "Re: A claim"
        assert found["In-Reply-To"] == "<b@example.org>"
        assert found["References"] == "<a@example.org> <b@example.org>"
        assert found["Message-ID"] == f"<{message_id(KEY, 'support@raabta.example')}>"
        assert found["Auto-Submitted"] is None
        assert found["Date"]
        assert found.get_content().replace("\r\n", "\n").strip() == TEXT

    async def test_a_real_mail_server_takes_it(self) -> None:
        kept = Kept()
        server = await asyncio.get_running_loop().create_server(lambda: SMTP(kept, hostname="here"), "127.0.0.1", 0)
        async with server:
            await deliver(MailServer(port=server.sockets[0].getsockname()[1]), command())
        (envelope,) = kept.envelopes
        assert envelope.mail_from == "support+kX3_9-zQ@raabta.example"
        assert envelope.rcpt_tos == ["sara@example.org"]
        assert isinstance(envelope.content, bytes)
        found = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(found, EmailMessage)
        assert found.get_content().replace("\r\n", "\n").strip() == TEXT

    async def test_the_envelope_names_sender_and_recipient(self) -> None:
        async with MailServer().serve() as server:
            await deliver(server, command())
        assert "MAIL FROM:<support+kX3_9-zQ@raabta.example>" in [line.split(" SIZE")[0] for line in server.said]
        assert "RCPT TO:<sara@example.org>" in server.said

    async def test_a_repeated_letter_carries_the_same_name(self) -> None:
        assert (await received(command()))["Message-ID"] == (await received(command()))["Message-ID"]
        assert (await received(command(key="another")))["Message-ID"] != (await received(command()))["Message-ID"]

    async def test_the_answer_to_a_reply_refers_to_it(self) -> None:
        channel = make("email")
        sent = await received(command())
        answer = f"From: sara@example.org\nTo: {sent['From']}\nIn-Reply-To: {sent['Message-ID']}\n\nThanks"
        (found,) = channel.receive(webhook("email", "raw", answer.encode()), now=NOW)
        assert isinstance(found, Wrote)
        assert found.references == (channel.reference(command()),)
        assert found.case_token == "kX3_9-zQ"

    def test_only_a_letter_has_a_reference(self) -> None:
        other = Command(
            key="k", kind="connect", channel="email", interaction_id=UUID(int=1), to=None, language="en", payload={}
        )
        assert make("email").reference(other) is None

    async def test_no_header_can_be_smuggled_in(self) -> None:
        evil = "Hello\r\nBcc: spy@evil.example\r\n\r\nBody"
        found = await received(
            command(subject=evil, case_token=f"x\r\n{evil}", references=[f"a@b>\r\n{evil}", "<c@d>"])
        )
        assert found["Bcc"] is None
        assert found["Subject"] == "Hello Bcc: spy@evil.example Body"
        assert found["From"] == '"Raabta, House" <support@raabta.example>'
        assert found["References"] == "<c@d>"

    async def test_a_letter_with_no_subject_and_no_thread_goes_too(self) -> None:
        found = await received(command(subject=None, references=None, case_token=None))
        assert found["Subject"] == ""
        assert found["References"] is None

    async def test_what_cannot_be_written_is_left_out(self) -> None:
        assert (await received(command(body="a\x00b\ud800c"))).get_content().strip() == "abc"

    @pytest.mark.parametrize("to", [None, "", "nobody", "a@b\r\nRCPT TO:<spy@evil.example>", "a b@c.example", "a@[b"])
    async def test_nobody_to_write_to_is_refused(self, to: str | None) -> None:
        async with MailServer().serve() as server:
            with pytest.raises(Refused) as refusal:
                await deliver(server, command(to=to))
        assert refusal.value.code == "bad_address"
        assert server.said == []

    @pytest.mark.parametrize("body", [None, "", "  \n", 7])
    async def test_an_empty_letter_is_refused(self, body: Any) -> None:
        with pytest.raises(Refused, match="no text"):
            await deliver(MailServer(port=1), command(body=body))


class TestTrouble:
    @pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "CONTENT"])
    async def test_a_refusal_for_good_is_refused(self, verb: str) -> None:
        async with MailServer(answers={verb: "550 never"}).serve() as server:
            with pytest.raises(Refused, match="550"):
                await deliver(server, command())

    @pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "CONTENT"])
    async def test_a_refusal_for_now_is_put_off(self, verb: str) -> None:
        async with MailServer(answers={verb: "451 later"}).serve() as server:
            with pytest.raises(Unavailable) as trouble:
                await deliver(server, command())
        assert not trouble.value.unknown

    @pytest.mark.parametrize("verb", ["MAIL", "RCPT", "EHLO"])
    async def test_a_line_lost_before_the_text_is_known_to_have_sent_nothing(self, verb: str) -> None:
        async with MailServer(answers={verb: None, "HELO": None}).serve() as server:
            with pytest.raises(Unavailable) as trouble:
                await deliver(server, command())
        assert not trouble.value.unknown
        assert server.letters == []

    async def test_a_line_lost_after_the_text_leaves_it_unknown(self) -> None:
        async with MailServer(answers={"CONTENT": None}).serve() as server:
            with pytest.raises(Unavailable) as trouble:
                await deliver(server, command())
        assert trouble.value.unknown
        assert len(server.letters) == 1

    async def test_a_wrong_password_is_our_trouble_and_loses_no_letter(self) -> None:
        answers: dict[str, str | None] = {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "535 no"}
        async with MailServer(answers=answers).serve() as server:
            with pytest.raises(Unavailable):
                await deliver(server, command(), account="user:wrong@")

    async def test_a_server_that_wants_a_password_is_our_trouble(self) -> None:
        async with MailServer(answers={"MAIL": "530 who are you"}).serve() as server:
            with pytest.raises(Unavailable):
                await deliver(server, command())

    async def test_nobody_there_is_put_off(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound but not listening: a connection is refused
            with pytest.raises(Unavailable) as trouble:
                await deliver(MailServer(port=taken.getsockname()[1]), command())
        assert not trouble.value.unknown

    async def test_a_server_that_never_answers_is_put_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("channels.email.sending._TIMEOUT_SECONDS", 0.2)
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            with pytest.raises(Unavailable):
                await deliver(MailServer(port=silent.getsockname()[1]), command())


class TestSettings:
    @pytest.mark.parametrize(
        ("url", "host", "port", "use_tls", "start_tls"),
        [
            ("smtp://mail.example", "mail.example", 25, False, None),
            ("smtp://mail.example:2525", "mail.example", 2525, False, None),
            ("smtp://user:p%40ss@mail.example:587", "mail.example", 587, False, True),
            ("smtp://user:pass@localhost", "localhost", 25, False, None),
            ("smtp://user:pass@[::1]:25", "::1", 25, False, None),
            ("smtps://user:pass@mail.example", "mail.example", 465, True, False),
        ],
    )
    def test_a_password_travels_encrypted_or_not_at_all(
        self, url: str, host: str, port: int, use_tls: bool, start_tls: bool | None
    ) -> None:
        from channels.email.settings import read_settings

        smtp = read_settings(Config(public_base_url="", settings={"SMTP_URL": url})).smtp
        assert smtp is not None
        assert (smtp.host, smtp.port, smtp.use_tls, smtp.start_tls) == (host, port, use_tls, start_tls)
        assert smtp.password in {None, "p@ss", "pass"}
        assert "pass" not in repr(smtp)

    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ({"SMTP_URL": "mail.example"}, "SMTP_URL"),
            ({"SMTP_URL": "http://user:secret@mail.example"}, "SMTP_URL"),
            ({"SMTP_URL": "smtp://user:secret@mail.example:port"}, "SMTP_URL"),
            ({"SMTP_URL": "smtp://"}, "SMTP_URL"),
            ({"MAIL_ADDRESS": "support"}, "MAIL_ADDRESS"),
            ({"MAIL_ADDRESS": "support+x@raabta.example"}, "MAIL_ADDRESS"),
            ({"MAX_MAIL_BYTES": "many"}, "MAX_MAIL_BYTES"),
        ],
    )
    def test_what_cannot_work_is_said_at_once_and_shows_no_password(self, settings: dict[str, str], says: str) -> None:
        with pytest.raises(ValueError, match=says) as trouble:
            create(Config(public_base_url="", settings=settings))
        assert "secret" not in str(trouble.value)

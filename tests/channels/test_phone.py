from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels.base import (
    Arrived,
    Asked,
    Channel,
    Config,
    Disconnected,
    Ended,
    Failed,
    Outcome,
    Person,
    Refusal,
    Refused,
    Signal,
    Wait,
    Webhook,
)
from channels.phone import create
from channels.said import Said
from tests.channels.sampling import HOUSE, NOW, PUBLIC_BASE_URL, make, webhook

TOKEN = "0123456789abcdef0123456789abcdef"
CALL = "CA1"
PHONE = make("phone")
OUT = Said(words={"en": "It is out.", "ur": "یہ بند ہے۔"})


def signed(hook: str, query: str = "", *, token: str = TOKEN, base: str = PUBLIC_BASE_URL, **form: str) -> Webhook:
    return signed_form(hook, query, form, token=token, base=base)


def signed_form(
    hook: str, query: str, form: dict[str, str], *, token: str = TOKEN, base: str = PUBLIC_BASE_URL
) -> Webhook:
    """The same for fields of any name, `token` and `base` among them."""
    fields = {"CallSid": CALL, "From": "+914023456789", "CallStatus": "in-progress"} | form
    url = f"{base}/v1/channels/phone/{hook}" + (f"?{query}" if query else "")
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": RequestValidator(token).compute_signature(url, fields),
    }
    return webhook("phone", hook, urlencode(fields).encode(), query=query, headers=headers)


def told(request: Webhook, channel: Channel = PHONE) -> Signal:
    (signal,) = channel.receive(request, now=NOW)
    return signal


def document(request: Webhook, state: str | None, channel: Channel = PHONE, **outcome: Any) -> ET.Element:
    reply = channel.reply(request, [Outcome(contact=CALL, state=state, **outcome)])
    assert reply.status == 200
    assert reply.media_type.startswith("text/xml")
    return ET.fromstring(reply.body)


def spoken(found: ET.Element) -> list[str]:
    return [say.text or "" for say in found.iter("Say")]


def action(found: ET.Element) -> tuple[str, Mapping[str, str]]:
    """Where the document sends Twilio next: the hook, and the words in its address."""
    gather, redirect = found.find("Gather"), found.find("Redirect")
    url = gather.get("action", "") if gather is not None else (redirect.text or "" if redirect is not None else "")
    parts = urlsplit(url)
    assert url.startswith(f"{PUBLIC_BASE_URL}/v1/channels/phone/")
    return parts.path.rsplit("/", 1)[1], {name: values[0] for name, values in parse_qs(parts.query).items()}


class TestSignatures:
    def test_a_signed_webhook_is_believed(self) -> None:
        assert isinstance(told(signed("voice")), Arrived)

    @pytest.mark.parametrize("signature", ["", "x", "ü" * 28, "\x00", "A" * 10_000])
    def test_a_wrong_signature_is_forbidden(self, signature: str) -> None:
        request = signed("voice")
        assert_forbidden(replace(request, headers={**request.headers, "x-twilio-signature": signature}))

    def test_a_missing_signature_is_forbidden(self) -> None:
        assert_forbidden(replace(signed("voice"), headers={"content-type": "application/x-www-form-urlencoded"}))

    def test_a_signature_of_another_account_is_forbidden(self) -> None:
        assert_forbidden(signed("voice", token="another"))

    def test_a_signature_for_another_address_is_forbidden(self) -> None:
        assert_forbidden(signed("voice", base="https://somewhere.example"))
        assert_forbidden(replace(signed("voice"), path="/v1/channels/phone/menu"))
        assert_forbidden(replace(signed("menu", "step=language"), query="step=request"))

    def test_a_changed_field_is_forbidden(self) -> None:
        request = signed("voice")
        assert_forbidden(replace(request, body=request.body.replace(b"CA1", b"CA2")))
        assert_forbidden(replace(request, body=request.body + b"&Digits=1"))

    def test_an_empty_body_is_forbidden_though_the_address_alone_is_signed(self) -> None:
        url = f"{PUBLIC_BASE_URL}/v1/channels/phone/voice"
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": RequestValidator(TOKEN).compute_signature(url, {}),
        }
        assert_forbidden(webhook("phone", "voice", b"", headers=headers))

    def test_json_is_forbidden_though_its_address_is_signed(self) -> None:
        url = f"{PUBLIC_BASE_URL}/v1/channels/phone/voice"
        signature = RequestValidator(TOKEN).compute_signature(url, {})
        headers = {"content-type": "application/json", "x-twilio-signature": signature}
        assert_forbidden(webhook("phone", "voice", b'{"CallSid": "CA1"}', headers=headers))

    @pytest.mark.parametrize("body", [b"\xff=1", b"CallSid=%ff", b"&".join([b"a=1"] * 300)])
    def test_a_form_that_cannot_be_read_is_forbidden(self, body: bytes) -> None:
        assert_forbidden(replace(signed("voice"), body=body))

    def test_without_a_token_nothing_is_believed(self) -> None:
        assert_forbidden(signed("voice"), make("phone", {"TWILIO_AUTH_TOKEN": ""}))

    @pytest.mark.parametrize("call", ["", "a b", "x" * 65, "../etc"])
    def test_a_signed_form_without_a_call_is_refused(self, call: str) -> None:
        with pytest.raises(Refused) as refusal:
            told(signed("voice", CallSid=call))
        assert (refusal.value.code, refusal.value.forbidden) == ("bad_call", False)

    @given(form=st.dictionaries(st.text(max_size=20), st.text(max_size=60)), query=st.text("abc=&%019+", max_size=40))
    def test_whatever_twilio_signs_is_taken_and_answered(self, form: dict[str, str], query: str) -> None:
        for hook in ("voice", "menu", "wait", "status"):
            request = signed_form(hook, query, {**form, "CallSid": CALL})
            for state in ("arriving", "queued", "active", None):
                assert told(request) == told(request)
                PHONE.reply(request, [Outcome(contact=CALL, state=state)])


def assert_forbidden(request: Webhook, channel: Channel = PHONE) -> None:
    with pytest.raises(Refused) as refusal:
        channel.receive(request, now=NOW)
    assert refusal.value.forbidden
    assert refusal.value.code == "bad_signature"


class TestMenu:
    def test_a_call_is_welcomed_in_every_language(self) -> None:
        found = document(signed("voice"), "arriving")
        assert action(found) == ("menu", {"step": "language", "language": "en"})
        voices = [(say.get("language"), say.get("voice")) for say in found.iter("Say")]
        assert voices == [
            ("en-IN", "Google.en-IN-Standard-A"),
            ("en-IN", "Google.en-IN-Standard-A"),
            ("hi-IN", "Google.hi-IN-Standard-A"),
            ("te-IN", "Google.te-IN-Standard-A"),
        ]
        assert spoken(found)[0] == "Welcome to Raabta House."
        assert "2" in spoken(found)[2]

    def test_a_house_of_one_language_asks_for_the_request_at_once(self) -> None:
        request = replace(signed("voice"), house=replace(HOUSE, languages=("te",)))
        assert action(document(request, "arriving")) == ("menu", {"step": "request", "language": "te"})

    def test_the_chosen_language_leads_to_the_requests_in_it(self) -> None:
        request = signed("menu", "step=language&language=en", Digits="3")
        assert told(request) == Asked(contact=CALL)
        found = document(request, "arriving")
        assert action(found) == ("menu", {"step": "request", "language": "te"})
        assert spoken(found)[1] == "సూచన కోసం 2 నొక్కండి."

    def test_urdu_is_spoken_in_letters_the_voice_can_read(self) -> None:
        found = document(signed("menu", "step=language", Digits="2"), "arriving")
        assert spoken(found)[0] == "दावा के लिए 1 दबाएँ।"  # the house gave a spoken label
        assert spoken(found)[1] == "Suggestion के लिए 2 दबाएँ।"  # it gave none: the English one
        assert not any("\u0600" <= letter <= "\u06ff" for words in spoken(found) for letter in words)

    def test_another_voice_can_be_chosen_and_reads_urdu_script(self) -> None:
        channel = make("phone", {"TWILIO_VOICES": "ur=ur-IN:Google.ur-IN-Chirp3-HD-Leda"})
        found = document(signed("menu", "step=language", Digits="2"), "arriving", channel)
        assert spoken(found)[1] == "تجویز کے لیے 2 دبائیں۔"
        assert found.findall(".//Say[@voice='Google.ur-IN-Chirp3-HD-Leda'][@language='ur-IN']")

    def test_a_request_with_more_below_asks_again(self) -> None:
        request = signed("menu", "step=request&language=ur", Digits="1")
        assert told(request) == Asked(contact=CALL)
        assert action(document(request, "arriving")) == (
            "menu",
            {"step": "request", "language": "ur", "under": "claim"},
        )

    def test_a_chosen_request_arrives_under_its_own_receipt(self) -> None:
        below = signed("menu", "step=request&language=ur&under=claim", Digits="2")
        assert told(below) == Arrived(
            ref="CA1:request", contact=CALL, request_type="claim_status", language="ur",
            person=Person(phone="+914023456789"), reply_to="+914023456789",
        )  # fmt: skip

    @pytest.mark.parametrize("digits", ["", "0", "9", "*", "#", "99", "١", "x" * 100])
    def test_a_key_that_is_not_offered_asks_again_and_counts(self, digits: str) -> None:
        request = signed("menu", "step=request&language=te&tries=1", Digits=digits)
        assert told(request) == Asked(contact=CALL)
        found = document(request, "arriving")
        assert action(found)[1]["tries"] == "2"
        assert spoken(found)[0] == "క్షమించండి, మాకు అర్థం కాలేదు."

    def test_who_never_chooses_a_language_goes_on_in_the_first(self) -> None:
        found = document(signed("menu", "step=language&tries=2", Digits=""), "arriving")
        assert action(found) == ("menu", {"step": "request", "language": "en"})

    def test_who_never_chooses_a_request_gets_information(self) -> None:
        signal = told(signed("menu", "step=request&language=te&tries=2", Digits=""))
        assert isinstance(signal, Arrived)
        assert (signal.request_type, signal.language) == ("information", "te")

    def test_who_chose_a_part_keeps_that_part(self) -> None:
        signal = told(signed("menu", "step=request&language=te&under=claim&tries=2", Digits="7"))
        assert isinstance(signal, Arrived)
        assert signal.request_type == "claim"

    def test_a_house_without_information_gives_its_first_request(self) -> None:
        house = replace(HOUSE, requests=HOUSE.requests[:2])
        signal = told(replace(signed("menu", "step=request&tries=2"), house=house))
        assert isinstance(signal, Arrived)
        assert signal.request_type == "claim"

    def test_a_house_that_offers_nothing_says_so_and_hangs_up(self) -> None:
        request = replace(signed("menu", "step=request&language=en", Digits="1"), house=replace(HOUSE, requests=()))
        assert told(request) == Asked(contact=CALL)
        found = document(request, "arriving")
        assert "try again later" in spoken(found)[0]
        assert found.find("Hangup") is not None

    def test_more_than_nine_options_take_two_keys(self) -> None:
        many = tuple(replace(HOUSE.requests[1], code=f"r{number}") for number in range(1, 13))
        request = replace(signed("menu", "step=request&language=en", Digits="12"), house=replace(HOUSE, requests=many))
        signal = told(request)
        assert isinstance(signal, Arrived)
        assert signal.request_type == "r12"
        asked = document(replace(request, body=b"CallSid=CA1"), "arriving").find("Gather")
        assert asked is not None
        assert asked.get("numDigits") == "2"

    def test_a_repeated_menu_webhook_is_answered_as_the_call_stands_now(self) -> None:
        request = signed("menu", "step=language&language=en", Digits="2")
        assert action(document(request, "queued", repeated=True)) == ("wait", {"language": "en"})
        assert document(request, "completed").find("Hangup") is not None


class TestWaiting:
    def test_place_and_wait_are_said_in_the_callers_language(self) -> None:
        wait = Wait(low_seconds=300, high_seconds=720)
        found = document(signed("wait", "language=te"), "queued", position=3, wait=wait)
        assert spoken(found)[:2] == ["వరుసలో మీ స్థానం 3.", "సుమారు 5 నుండి 12 నిమిషాలు పడుతుంది."]
        assert action(found) == ("wait", {"language": "te"})
        assert found.find("Pause") is not None

    def test_the_language_of_the_contact_goes_before_that_of_the_address(self) -> None:
        found = document(signed("wait", "language=te"), "queued", language="en")
        assert spoken(found)[0] == "You are in line."

    def test_an_estimate_is_never_invented(self) -> None:
        found = document(signed("wait", "language=en"), "offered")
        assert spoken(found)[:2] == ["You are in line.", "We cannot say yet how long it will take."]

    def test_music_is_played_where_there_is_some(self) -> None:
        channel = make("phone", {"TWILIO_MUSIC_URL": "https://raabta.example/music.mp3"})
        found = document(signed("wait"), "queued", channel)
        assert found.findtext("Play") == "https://raabta.example/music.mp3"

    def test_incidents_are_told_before_anybody_asks(self) -> None:
        found = document(signed("wait", "language=en"), "queued", notices=("The north has no power.",))
        assert "The north has no power." in spoken(found)

    def test_what_is_broken_for_everybody_is_said_before_the_menu_and_once(self) -> None:
        house = replace(HOUSE, notices=(OUT, Said(words={"en": "Claims are late."}, requests=frozenset({"claim"}))))
        asked = replace(signed("menu", "step=language&language=en", Digits="1"), house=house)
        assert spoken(document(asked, "arriving"))[0] == "It is out."
        assert "It is out." not in spoken(document(replace(signed("voice"), house=house), "arriving")), "language first"
        again = replace(signed("menu", "step=request&language=en", Digits=""), house=house)
        assert "It is out." not in spoken(document(again, "arriving")), "said once"
        waits = replace(signed("wait", "language=en"), house=house)
        heard = spoken(document(waits, "queued", language="en", notices=("It is out.", "Claims are late.")))
        assert ("It is out." in heard, "Claims are late." in heard) == (False, True)

    def test_what_a_voice_cannot_read_is_said_in_english(self) -> None:
        house = replace(HOUSE, notices=(OUT,))
        asked = replace(signed("menu", "step=language", Digits="2"), house=house)
        assert spoken(document(asked, "arriving"))[0] == "It is out."
        spelled = replace(OUT, words={**OUT.words, "ur-Deva": "यह बंद है।"})
        asked = replace(asked, house=replace(HOUSE, notices=(spelled,)))
        assert spoken(document(asked, "arriving"))[0] == "यह बंद है।"

    def test_what_is_said_at_other_doors_is_not_said_here(self) -> None:
        house = replace(HOUSE, notices=(replace(OUT, channels=frozenset({"walk_in"})),))
        asked = replace(signed("menu", "step=language&language=en", Digits="1"), house=house)
        assert "It is out." not in spoken(document(asked, "arriving"))

    def test_who_is_turned_away_hears_what_is_broken(self) -> None:
        found = document(signed("wait"), "cancelled", refusal=Refusal(reason="closed"), notices=("It is out.",))
        assert spoken(found)[0] == "It is out."

    def test_an_accepted_call_waits_a_moment_in_silence(self) -> None:
        found = document(signed("wait", "language=ur"), "active")
        assert spoken(found) == []
        assert action(found) == ("wait", {"language": "ur"})

    @pytest.mark.parametrize("state", [None, "wrapping", "completed", "abandoned", "cancelled"])
    def test_a_call_that_is_over_or_unknown_is_hung_up(self, state: str | None) -> None:
        found = document(signed("wait"), state)
        assert found.find("Hangup") is not None
        assert found.find("Redirect") is None


class TestBridge:
    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            ("busy", "busy"),
            ("no-answer", "no_answer"),
            ("failed", "unreachable"),
            ("canceled", "no_answer"),
            ("odd", "unreachable"),
        ],
    )
    def test_a_representative_who_was_not_reached_is_a_failure_and_the_caller_stays(
        self, status: str, reason: str
    ) -> None:
        request = signed("wait", "language=en", DialCallStatus=status, DialCallSid="CA9")
        assert told(request) == Failed(ref="CA1:CA9", contact=CALL, reason=reason)  # type: ignore[arg-type]
        found = document(request, "queued", position=1)
        assert spoken(found)[0] == "We could not reach our colleague. You keep your place in line."
        assert action(found)[0] == "wait"

    def test_two_attempts_are_two_failures(self) -> None:
        first = told(signed("wait", DialCallStatus="busy", DialCallSid="CA8"))
        second = told(signed("wait", DialCallStatus="busy", DialCallSid="CA9"))
        assert first != second

    def test_a_finished_talk_ends_the_contact(self) -> None:
        request = signed("wait", DialCallStatus="completed", DialCallSid="CA9")
        assert told(request) == Disconnected(ref="CA1:CA9", contact=CALL, reason="completed")
        assert document(request, "wrapping").find("Hangup") is not None

    def test_who_was_handed_on_meanwhile_goes_on_waiting_and_missed_nobody(self) -> None:
        found = document(
            signed("wait", "language=en", DialCallStatus="completed", DialCallSid="CA9"), "queued", position=1
        )
        assert action(found)[0] == "wait"
        assert not any("could not reach" in words for words in spoken(found))

    def test_a_caller_who_hung_up_while_it_rang_is_nobodys_miss(self) -> None:
        request = signed("wait", DialCallStatus="no-answer", DialCallSid="CA9", CallStatus="completed")
        assert isinstance(told(request), Ended)


class TestStatus:
    @pytest.mark.parametrize("status", ["completed", "busy", "failed", "no-answer", "canceled"])
    def test_a_call_that_is_over_ends_the_contact_once(self, status: str) -> None:
        assert told(signed("status", CallStatus=status)) == Ended(ref="CA1:ended", contact=CALL, reason=status)

    @pytest.mark.parametrize("status", ["queued", "ringing", "in-progress", ""])
    def test_a_call_that_goes_on_changes_nothing(self, status: str) -> None:
        assert told(signed("status", CallStatus=status)) == Asked(contact=CALL)

    def test_a_status_is_answered_with_nothing(self) -> None:
        reply = PHONE.reply(signed("status"), [Outcome(contact=CALL, state="queued")])
        assert (reply.status, reply.body) == (204, b"")


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ({"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN"),
            ({"TWILIO_API_URL": "ftp://x"}, "TWILIO_API_URL"),
            ({"TWILIO_MUSIC_URL": "music.mp3"}, "TWILIO_MUSIC_URL"),
            ({"TWILIO_RING_SECONDS": "soon"}, "TWILIO_RING_SECONDS"),
            ({"TWILIO_RING_SECONDS": "1"}, "TWILIO_RING_SECONDS"),
            ({"TWILIO_VOICES": "ur"}, "TWILIO_VOICES"),
        ],
    )
    def test_what_cannot_work_is_said_at_once(self, settings: dict[str, str], says: str) -> None:
        with pytest.raises(ValueError, match=says):
            make("phone", settings)

    def test_an_address_with_a_port_that_is_no_number_is_said_at_once(self) -> None:
        with pytest.raises(ValueError, match="PUBLIC_BASE_URL"):
            create(Config(public_base_url="https://raabta.example:port", settings={}))

    def test_the_token_is_never_shown(self) -> None:
        assert TOKEN not in repr(make("phone").__dict__)

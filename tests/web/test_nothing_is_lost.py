"""What a person wrote is never lost: to a form refused, a key revoked, a page too old, or a form that is not there any more."""

from __future__ import annotations

import re

import pytest

from app.deps import csrf_token
from app.queries import cursors
from app.queries.desk import case as desk_cases
from tests.web.cases import held
from tests.web.conftest import Visitor


async def test_a_hand_over_that_is_refused_says_so_at_its_form_and_keeps_what_was_chosen_and_typed(
    ayesha: Visitor,
) -> None:
    matter = await held(ayesha)
    typed = {"queue": "technical", "reason": "She knows the meter."}
    status, page = await ayesha.refused(f"{matter.work}/transfer", representative="nobody", **typed)
    form = page[page.index('<details id="handing-on" open>') : page.index('<details id="laying-aside">')]
    assert (status, "There is no such colleague any more" in form) == (422, True)
    assert '<option value="technical" selected>' in form
    assert 'value="She knows the meter."' in form


async def test_words_sent_with_a_key_that_works_no_more_stand_at_the_entrance(ayesha: Visitor) -> None:
    matter = await held(ayesha)
    ayesha.browser.cookies.set("raabta_session", "rk_representative_revoked", domain="raabta.localhost")
    status, page = await ayesha.refused(f"{matter.work}/messages", once="x", body="We come\r\nat <ten>.")
    assert (status, 'id="key"' in page) == (401, True)
    assert "We come\nat &lt;ten&gt;.</textarea>" in page
    assert "Copy it before you sign in" in page
    assert "raabta_session" not in ayesha.browser.cookies


async def test_words_sent_from_a_page_that_is_too_old_are_shown_again(ayesha: Visitor) -> None:
    matter = await held(ayesha)
    old = {"csrf_token": csrf_token("another"), "due": "2099-01-01T10:00", "words": "The roofer comes"}
    answer = await ayesha.browser.post(f"{matter.case}/promises", data=old)
    assert (answer.status_code, "The page was too old" in answer.text) == (403, True)
    assert "The roofer comes</textarea>" in answer.text


async def test_no_other_site_puts_words_into_our_entrance(stranger: Visitor) -> None:
    path = "/desk/work/0190b7a0-0000-7000-8000-000000000000/messages"
    forged = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    answer = await stranger.browser.post(path, data={"body": "Call 0900"}, headers=forged)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")
    ours = await stranger.browser.post(path, data={"body": "My answer"}, headers={"sec-fetch-site": "same-origin"})
    assert (ours.status_code, "My answer</textarea>" in ours.text) == (401, True)


async def test_words_of_a_form_that_is_not_there_any_more_are_shown_with_the_reason(ayesha: Visitor) -> None:
    matter = await held(ayesha)
    await ayesha.press(f"{matter.work}/completion", outcome="done")
    typed = {"once": "p", "due": "2001-01-01T10:00", "words": "The roofer comes"}
    status, page = await ayesha.refused(matter.at_work("promises"), **typed)
    assert (status, 'id="promise"' in page) == (422, False)
    assert "The roofer comes</textarea>" in page
    assert 'href="#promise"' not in page, "no way to a form that is not there"


async def test_a_leaf_of_a_list_that_renews_itself_stays_that_leaf(
    ayesha: Visitor, supervisor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_cases, "MOST_LISTED", 1)
    await held(ayesha, "a", subject="Roof", customer={"email": "a@example.org"})
    await held(ayesha, "b", subject="Gutter", customer={"email": "b@example.org"})
    page = await ayesha.see("/desk/cases")
    (further,) = re.findall(r'href="(/desk/cases\?after=[^"]+)"', page)
    leaf = await ayesha.see(further)
    assert f'hx-get="{further}"' in leaf
    since, some = 1_700_000_000_000_000, "0190b7a0-0000-7000-8000-000000000000"
    for path, cursor in {
        "alarms": cursors.encode(since, some), "checks": cursors.encode(some), "surveys": cursors.encode(some),
        "incidents": cursors.encode(some),
    }.items():  # fmt: skip
        leaf = await supervisor.see(f"/desk/{path}?after={cursor}")
        assert f'hx-get="/desk/{path}?after={cursor}"' in leaf, path


async def test_the_language_changes_where_one_is(ayesha: Visitor) -> None:
    matter = await held(ayesha)
    assert f'name="back" value="{matter.case}"' in await ayesha.see(matter.case)
    wanted = {
        matter.case: matter.case,
        "/": "/",
        "//evil.example": "/desk",
        "https://evil.example": "/desk",
        "": "/desk",
    }
    for back, to in wanted.items():
        answer = await ayesha.browser.post("/desk/language", data={"language": "ur", "back": back})
        assert (answer.status_code, answer.headers["location"]) == (303, to), back
    assert 'dir="rtl"' in await ayesha.see(matter.case)


async def test_a_refusal_is_said_with_the_field_it_is_about(ayesha: Visitor) -> None:
    matter = await held(ayesha)
    _, page = await ayesha.refused(f"{matter.case}/promises", once="p", due="2001-01-01T10:00")
    assert attributes(page, "promise-due") == {"aria-invalid": "true", "aria-describedby": "promise-sorry"}
    assert 'id="promise-sorry">That time is over already' in page
    _, page = await ayesha.refused(f"{matter.case}/merges", address="nonsense")
    assert attributes(page, "merge-case") == {
        "aria-invalid": "true", "aria-describedby": "merge-hint merge-other-sorry",
    }  # fmt: skip
    assert attributes(page, "promise-due") == {}
    assert attributes(await ayesha.see(matter.case), "merge-case") == {"aria-describedby": "merge-hint"}


def attributes(page: str, name: str) -> dict[str, str]:
    """What is said with a field for those who hear it."""
    (field,) = re.findall(rf'<[a-z]+ id="{name}"[^>]*>', page)
    return dict(re.findall(r'(aria-[a-z]+)="([^"]*)"', field))


async def test_an_answer_that_is_too_long_is_shown_again(ayesha: Visitor) -> None:
    matter = await held(ayesha)
    status, page = await ayesha.refused(f"{matter.work}/messages", once="x", body="We come. " * 6_000)
    assert (status, "Something was missing or too long" in page) == (422, True)
    assert "We come. We come.</textarea>" in page

"""What tests of the pages of cases share: rules with a playbook and a check, and a matter that a representative holds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from app.loops.tending import Tending
from tests.moving import turns
from tests.ruling import document
from tests.web.conftest import Visitor

GREET = {"code": "greet", "do": "say", "words": {"en": "Good morning", "ur": "السلام علیکم"}}
PHOTOS = {"code": "photos", "do": "ask", "words": {"en": "Ask for photos"}, "required": True, "link": "/photos"}
SARA = {"name": "Sara Khan", "email": "sara@example.org"}
_NUMBERS = count(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Matter:
    """A piece of work in hand, and the case behind it: the addresses of their pages."""

    work: str
    case: str
    case_id: str

    def at_work(self, verb: str) -> str:
        """Where a form of the case is sent from the page of the work."""
        return f"{self.case}/{verb}?work={self.work.rpartition('/')[2]}"


async def ruled(who: Visitor, *steps: dict[str, Any], **claim: Any) -> None:
    """From now on claims go by a playbook of these steps and by what else is said of them."""
    rule = {**({"playbook": "claim"} if steps else {}), **claim}
    wanted = {
        **document(),
        **({"playbooks": {"claim": {"steps": list(steps)}}} if steps else {}),
        "resolution": {"request_types": {"claim": rule}},
    }
    headers = {"idempotency-key": f"rules-{next(_NUMBERS)}"}
    made = await who.house.call("supervisor", "POST", "/v1/rules", {"document": wanted}, headers=headers)
    assert made.status_code == 201, made.text
    version = made.json()["version"]
    assert (await who.house.call("supervisor", "PUT", f"/v1/rules/{version}/publication")).status_code == 200


async def held(who: Visitor, ref: str = "a", *, code: str = "ayesha", **more: Any) -> Matter:
    """A letter of Sara's that this representative took, and all that follows from it."""
    told = await who.house.arrive(ref, **{"channel": "email", "customer": SARA, **more})
    assignment = await who.house.offer(told["id"], code)
    answer = await who.house.call(code, "PUT", f"/v1/assignments/{assignment}/acceptance")
    assert answer.status_code == 200, answer.text
    await tended(who)
    case = told["case_id"]
    return Matter(work=f"/desk/work/{assignment}", case=f"/desk/cases/{case}", case_id=case)


async def tended(who: Visitor) -> None:
    """What follows from everything that has happened."""
    await turns(Tending(who.house.app.state.service.database))

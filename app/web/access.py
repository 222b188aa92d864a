"""Who may open which page: rows of the one access table.

Decides by role only, as the table does. What is offered and held is for a representative's own key: what it shows is theirs.
Cases, customers, alarms and checks are for supervisors, too; what customers said and who is one person, for them alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.deps import Access
from app.security import Role
from app.web import customer

FORM: Final = "application/x-www-form-urlencoded"
MOST_BYTES: Final = 262_144
_REPRESENTATIVE: Final = frozenset[Role]({"representative"})
EVERYBODY: Final = Access(roles=None)
ENTRANCE: Final = Access(roles=None, media_type=FORM, max_bytes=4_096)
READING: Final = Access(roles=_REPRESENTATIVE)
SERVING: Final = frozenset[Role]({"representative", "supervisor", "admin"})
LOOKING: Final = Access(roles=SERVING)
"""Pages of cases: of a representative's own work, and of all for those who lead."""
DOING: Final = Access(roles=SERVING, media_type=FORM, max_bytes=MOST_BYTES)
LEADING: Final = Access(roles=frozenset[Role]({"supervisor", "admin"}))
DECLARING: Final = Access(roles=LEADING.roles, media_type=FORM, max_bytes=MOST_BYTES)
CHANGING: Final = Access(roles=_REPRESENTATIVE, media_type=FORM, max_bytes=MOST_BYTES)

ACCESS: Final[Mapping[tuple[str, str], Access]] = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/desk/sign-in"): EVERYBODY,
    ("POST", "/desk/sign-in"): ENTRANCE,
    ("POST", "/desk/language"): ENTRANCE,
    ("POST", "/desk/sign-out"): DOING,
    ("GET", "/desk"): LOOKING,
    ("GET", "/desk/work/{id}"): READING,
    ("GET", "/desk/pulse"): READING,
    ("GET", "/desk/stream"): READING,
    ("POST", "/desk/heartbeat"): CHANGING,
    ("POST", "/desk/presence"): CHANGING,
    ("POST", "/desk/next"): CHANGING,
    ("POST", "/desk/work/{id}/acceptance"): CHANGING,
    ("POST", "/desk/work/{id}/rejection"): CHANGING,
    ("POST", "/desk/work/{id}/messages"): CHANGING,
    ("POST", "/desk/work/{id}/notes"): CHANGING,
    ("POST", "/desk/work/{id}/completion"): CHANGING,
    ("POST", "/desk/work/{id}/transfer"): CHANGING,
    ("POST", "/desk/work/{id}/parking"): CHANGING,
    ("POST", "/desk/work/{id}/no-show"): CHANGING,
    ("POST", "/desk/laid-aside/{id}/waking"): CHANGING,
    **customer.ACCESS,
    ("GET", "/desk/cases"): LOOKING,
    ("GET", "/desk/cases/{id}"): LOOKING,
    ("POST", "/desk/cases/{id}/steps/{step}"): DOING,
    ("POST", "/desk/cases/{id}/touches/{number}"): DOING,
    ("POST", "/desk/cases/{id}/awaiting"): DOING,
    ("POST", "/desk/cases/{id}/description"): DOING,
    ("POST", "/desk/cases/{id}/resolution"): DOING,
    ("POST", "/desk/cases/{id}/reopening"): DOING,
    ("POST", "/desk/cases/{id}/promises"): DOING,
    ("POST", "/desk/cases/{id}/promises/{promise}"): DOING,
    ("POST", "/desk/cases/{id}/merges"): DOING,
    ("POST", "/desk/cases/{id}/merges/{merge}/undoing"): DOING,
    ("POST", "/desk/cases/{id}/splits"): DOING,
    ("POST", "/desk/cases/{id}/moves"): DOING,
    ("GET", "/desk/customers/{id}"): LOOKING,
    ("POST", "/desk/customers/{id}/proxies"): DOING,
    ("POST", "/desk/customers/{id}/proxies/{proxy}/ending"): DOING,
    ("POST", "/desk/customers/{id}/merges"): DECLARING,
    ("POST", "/desk/customers/{id}/merges/{merge}/undoing"): DECLARING,
    ("GET", "/desk/surveys"): LEADING,
    ("POST", "/desk/surveys/rescues/{id}"): DECLARING,
    ("GET", "/desk/alarms"): LOOKING,
    ("POST", "/desk/alarms/{id}/done"): DOING,
    ("GET", "/desk/checks"): LOOKING,
    ("GET", "/desk/checks/{id}"): LOOKING,
    ("POST", "/desk/checks/{id}/taking"): DOING,
    ("POST", "/desk/checks/{id}/dropping"): DOING,
    ("POST", "/desk/checks/{id}/approval"): DOING,
    ("POST", "/desk/checks/{id}/return"): DOING,
    ("GET", "/desk/incidents"): LEADING,
    ("POST", "/desk/incidents"): DECLARING,
    ("GET", "/desk/incidents/{id}"): LEADING,
    ("POST", "/desk/incidents/{id}/declaration"): DECLARING,
    ("POST", "/desk/incidents/{id}/dismissal"): DECLARING,
    ("POST", "/desk/incidents/{id}/updates"): DECLARING,
    ("POST", "/desk/incidents/{id}/cases/{case}"): DECLARING,
    ("POST", "/desk/incidents/{id}/reach"): DECLARING,
}

"""Who may open which page: rows of the one access table.

Decides by role only, as the table does. The desk is for a representative's own key: what it shows is theirs.
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
CHANGING: Final = Access(roles=_REPRESENTATIVE, media_type=FORM, max_bytes=MOST_BYTES)

ACCESS: Final[Mapping[tuple[str, str], Access]] = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/desk/sign-in"): EVERYBODY,
    ("POST", "/desk/sign-in"): ENTRANCE,
    ("POST", "/desk/language"): ENTRANCE,
    ("POST", "/desk/sign-out"): CHANGING,
    ("GET", "/desk"): READING,
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
}

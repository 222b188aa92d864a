"""Who may open a customer's page: whoever holds its link, which the door checks itself. Decides sizes alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.actions.cases.documents import MOST_BYTES
from app.deps import Access

FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
MOST_FORM_BYTES: Final = 262_144
"""Ten thousand letters of any script, each written as a form writes them."""
_AROUND: Final = 65_536
"""What a form puts around a file."""
_READING: Final = Access(roles=None)
_SAYING: Final = Access(roles=None, media_type=FORM, max_bytes=MOST_FORM_BYTES)

ACCESS: Final[Mapping[tuple[str, str], Access]] = {
    ("GET", "/c/{token}"): _READING,
    ("POST", "/c/{token}/answer"): _SAYING,
    ("POST", "/c/{token}/solved"): _SAYING,
    ("POST", "/c/{token}/mark"): _SAYING,
    ("POST", "/c/{token}/document"): Access(roles=None, media_type=MULTIPART, max_bytes=MOST_BYTES + _AROUND),
}

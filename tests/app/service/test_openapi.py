"""The API's description is checked in: a change of the API is a change somebody reads. `make openapi` writes it anew."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import pytest

from app.settings import Settings

SNAPSHOT = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"


def described() -> str:
    """The description as it is now, in a stable order."""
    from app.main import create_app  # dear to import: only when this test runs

    return json.dumps(create_app(Settings()).openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


@pytest.mark.law
def test_the_description_of_the_api_is_the_one_checked_in() -> None:
    known = SNAPSHOT.read_text().splitlines()
    change = list(difflib.unified_diff(known, described().splitlines(), "checked in", "now", n=1, lineterm=""))
    assert not change, "\n".join([*change[:60], "meant? then: make openapi"])


if __name__ == "__main__":
    print(described(), end="")

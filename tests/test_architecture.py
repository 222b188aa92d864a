"""ARCHITECTURE.md says what the code does: its pictures are printed from the tables, and the files it names are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from routing.lifecycle import MACHINES, picture

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PICTURES = re.findall(r"### (\w+)\n\n```mermaid\n(.*?)\n```", TEXT, flags=re.DOTALL)

pytestmark = pytest.mark.law


def test_every_machine_has_its_picture() -> None:
    assert [name.lower() for name, _ in PICTURES] == list(MACHINES)


@pytest.mark.parametrize(("name", "drawn"), PICTURES)
def test_a_picture_is_printed_from_its_table(name: str, drawn: str) -> None:
    assert drawn == picture(MACHINES[name.lower()])


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:app|channels|routing|tests)/[\w./]+)`", TEXT))))
def test_every_file_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()

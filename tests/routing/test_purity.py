"""The core imports the standard library only, and of that nothing that reads the world."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import routing

SOURCES = sorted(Path(next(iter(routing.__path__))).glob("*.py"))
WORLDLY = {"asyncio", "logging", "os", "random", "secrets", "socket", "subprocess", "time", "threading"}


def imported(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_the_core_reads_no_clock_no_chance_and_no_wire(source: Path) -> None:
    names = set(imported(source))
    assert not names & WORLDLY
    assert names <= sys.stdlib_module_names | {"routing"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_file_of_the_core_is_longer_than_four_hundred_lines(source: Path) -> None:
    assert len(source.read_text().splitlines()) <= 400

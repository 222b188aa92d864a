"""The house rules no linter knows: what the leaves may import, how long things may be, what they may be called."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = sorted(path for top in ("app", "channels", "routing", "scripts") for path in (ROOT / top).rglob("*.py"))
IMPURE = {"asyncio", "logging", "os", "random", "socket", "time", "threading"}
CHANCE_ALLOWED = ROOT / "routing" / "simulation"
CHANNELS = {folder.name for folder in (ROOT / "channels").iterdir() if (folder / "__init__.py").exists()} - {"texts"}
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}

pytestmark = pytest.mark.law


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module a file imports, by its full dotted name (`from a import b` gives `a.b`)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def impure_imports(source: str, *, chance_allowed: bool) -> set[str]:
    """What a file of the router imports although it may not."""
    tops = {name.split(".")[0] for name in imports(ast.parse(source))}
    forbidden = {top for top in tops if top in IMPURE or (top != "routing" and top not in sys.stdlib_module_names)}
    return forbidden - {"random"} if chance_allowed else forbidden


def foreign_channels(source: str, *, own: str) -> set[str]:
    """Other channels that a channel's file imports."""
    parts = [name.split(".") for name in imports(ast.parse(source))]
    named = {part[1] for part in parts if part[0] == "channels" and len(part) > 1}
    return (named & CHANNELS) - {own}


def too_long(source: str) -> list[str]:
    """The file when it is too long, and its functions that are."""
    found = ["the file"] if source.count("\n") > LONGEST_FILE else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                found.append(node.name)
    return found


def test_the_router_imports_the_pure_part_of_the_standard_library_only() -> None:
    found = {
        str(path): impure
        for path in (ROOT / "routing").rglob("*.py")
        if (impure := impure_imports(path.read_text(), chance_allowed=CHANCE_ALLOWED in path.parents))
    }
    assert found == {}


def test_no_channel_imports_another() -> None:
    found = {
        str(path): foreign
        for own in CHANNELS
        for path in (ROOT / "channels" / own).rglob("*.py")
        if (foreign := foreign_channels(path.read_text(), own=own))
    }
    assert found == {}


def test_no_file_and_no_function_is_too_long() -> None:
    found = {str(path): long for path in PRODUCT if (long := too_long(path.read_text()))}
    assert found == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in PRODUCT if path.stem in EMPTY_NAMES] == []


def test_the_rules_can_fail() -> None:
    assert impure_imports("import time\nfrom os import path\nimport pydantic", chance_allowed=True) == {
        "time",
        "os",
        "pydantic",
    }
    assert impure_imports("import random", chance_allowed=False) == {"random"}
    assert impure_imports("import heapq, random\nfrom routing.model import Need", chance_allowed=True) == set()
    assert foreign_channels("from channels.phone import menu\nfrom channels.base import Info", own="email") == {"phone"}
    assert foreign_channels("from channels import phone", own="email") == {"phone"}
    assert too_long("def short(): pass\n" + "def long():\n" + "    pass\n" * 60) == ["long"]
    assert too_long("\n" * 401) == ["the file"]

"""The floor everything stands on: what is locked, and that setting up twice costs nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements.lock").read_text()

pytestmark = pytest.mark.law


def plain(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~! ;]", name, maxsplit=1)[0]).lower()


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *project["dependency-groups"]["e2e"],
    ]
    locked = {plain(line) for line in LOCK.splitlines() if re.match(r"[a-z0-9]", line)}
    assert {plain(name) for name in asked} - locked == set(), "make lock"


def test_every_locked_package_has_hashes() -> None:
    packages = re.findall(r"^([a-z0-9][^ ]*==[^ ]+)[^\n]*\n {4}(\S*)", LOCK, flags=re.MULTILINE)
    assert len(packages) > 50
    assert [name for name, following in packages if not following.startswith("--hash=sha256:")] == []


def test_no_lock_names_a_registry() -> None:
    assert re.findall(r"https?://\S+|--index\S*", LOCK) == []
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []


WATCHED = """
import runpy, sys

def watch(event, arguments):
    writing = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writing or event.startswith(("subprocess.", "os.posix_spawn", "os.system", "os.remove", "os.rename", "shutil.", "socket.")):
        print(event, arguments)

sys.addaudithook(watch)
sys.argv = ["scripts/bootstrap.py"]
runpy.run_path("scripts/bootstrap.py", run_name="__main__")
"""


def test_setting_up_again_starts_writes_and_asks_for_nothing() -> None:
    """So it takes no time: every other target of the Makefile does it first."""
    bootstrap = [sys.executable, "scripts/bootstrap.py"]
    subprocess.run(bootstrap, cwd=ROOT, check=True, capture_output=True)  # brings it up to date where it was not
    second = subprocess.run([sys.executable, "-B", "-c", WATCHED], cwd=ROOT, check=True, capture_output=True, text=True)
    assert (second.stdout, second.stderr) == ("", "")

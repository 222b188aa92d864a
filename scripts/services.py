"""Get the programs that some tests need and pip cannot bring: a browser, and the oldest PostgreSQL we support.

As root on Debian it installs them; elsewhere it names them, and those tests are skipped. In CI (CI=true) a missing program is
an error, so that no test is skipped in silence. Never starts a service and never makes a database cluster.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CLUSTER_RULES = Path("/etc/postgresql-common/createcluster.d/raabta-tests.conf")


def main() -> int:
    """Exit code 0 when all is there or this is nobody's CI."""
    wanted = missing()
    if not wanted:
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"raabta: installing for the tests: {' '.join(wanted)}", file=sys.stderr)
        _install(wanted)
    wanted = missing()
    if not wanted:
        return 0
    print(f"raabta: not here, so their tests are skipped: Debian packages {' '.join(wanted)}", file=sys.stderr)
    return 1 if os.environ.get("CI") else 0


def missing() -> list[str]:
    """Names of the Debian packages whose programs are not here."""
    return [
        *(() if chromium() else ("chromium",)),
        *(() if oldest_postgres() else ("postgresql",)),
    ]


def chromium() -> str | None:
    """The browser's path."""
    return shutil.which("chromium")


def oldest_postgres() -> Path | None:
    """The folder of PostgreSQL 15's programs, as Debian 12 has it."""
    folder = Path("/usr/lib/postgresql/15/bin")
    return folder if (folder / "postgres").exists() else None


def _install(packages: list[str]) -> None:
    """No cluster is made and no daemon started: the tests bring their own data folders."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    apt = ("apt-get", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120")
    CLUSTER_RULES.parent.mkdir(parents=True, exist_ok=True)
    CLUSTER_RULES.write_text("create_main_cluster = false\nstart_conf = manual\n")
    try:
        for command in ((*apt, "update"), (*apt, "install", *packages)):
            subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=True,
                timeout=300,
            )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = error.stderr or error.stdout or ""  # bytes after a time-out
        print(f"raabta: {error}: {said if isinstance(said, str) else said.decode(errors='replace')}", file=sys.stderr)
    finally:
        CLUSTER_RULES.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())

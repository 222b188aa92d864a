"""The ordinary tests at other hours than it is: what holds at noon must hold at midnight, in quiet hours and at a year's end.

Needs Debian's `faketime`; names it where it is missing. Each instant is an offset from now, so that all processes of a run agree,
PostgreSQL among them (tests/conftest.py). Changes no clock of this machine.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ORDINARY = "not (schema or e2e or races or faults or law)"
INSTANTS = {
    "a little before midnight in Lahore": "2027-03-10T18:57",
    "a little before midnight in UTC, and before the year's end": "2027-12-31T23:57",
    "the day before a leap day": "2028-02-28T18:57",
    "a Sunday, before anybody is up": "2027-05-02T00:30",
}

# PostgreSQL never gives up waiting for a lock under a clock that was moved: these two rest on that.
LEFT_OUT = (
    "tests/api/test_idempotency.py::test_who_waits_longer_than_a_second_is_told_to_try_again",
    "tests/app/loops/test_following.py::test_who_only_has_to_wait_has_not_failed",
)


def main() -> int:
    """Exit code 0 when the tests held at every instant."""
    faketime = shutil.which("faketime")
    if faketime is None:
        print("raabta: the Debian package faketime is not here", file=sys.stderr)
        return 1
    return max(_run(faketime, name, datetime.fromisoformat(at).replace(tzinfo=UTC)) for name, at in INSTANTS.items())


def _run(faketime: str, name: str, at: datetime) -> int:
    ahead = round((at - datetime.now(UTC)).total_seconds())  # noqa: TID251 no database is asked here
    print(f"raabta: the tests, as of {name} ({at:%Y-%m-%d %H:%M} UTC)", flush=True)
    pytest = [str(ROOT / ".venv/bin/pytest"), "tests", "-q", "-n", "2", "-m", ORDINARY]
    pytest += [f"--deselect={each}" for each in LEFT_OUT]
    return subprocess.run([faketime, "-f", f"{ahead:+d}s", *pytest], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())

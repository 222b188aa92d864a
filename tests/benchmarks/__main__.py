"""`make bench`: every figure of the design's limits, one JSON line each, beside the last release's.

Decides the order and nothing else. A figure that misses its target is printed and does not fail the run; only what could not
be measured does. `--keep FILE` writes the rows, for a release; `--only NAME` measures one file.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tests.benchmarks

APART = "large"
"""Takes long and much room: measured only when it is asked for by name (`make bench-large`)."""
RELEASES = Path(__file__).resolve().parent / "releases"


def main() -> int:
    """Print the rows; 0 when all could be measured, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="also write the rows to this file")
    parser.add_argument("--only", help="measure one file only: floor, intake, dispatcher, …")
    asked = parser.parse_args()
    before = _last_release()
    rows: list[dict[str, Any]] = []
    failed = False
    for name in _names(asked.only):
        try:
            for row in importlib.import_module(f"tests.benchmarks.{name}").figures():
                told = row | _compared(row, before)
                sys.stdout.write(json.dumps(told) + "\n")
                sys.stdout.flush()
                rows.append(row)
        except Exception:  # noqa: BLE001 - what could not be measured is told, and the others are still measured
            traceback.print_exc()
            failed = True
    if asked.keep:
        asked.keep.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return 1 if failed else 0


def _names(only: str | None) -> Iterator[str]:
    for module in pkgutil.iter_modules(tests.benchmarks.__path__):
        name = module.name.removeprefix("bench_")
        if module.name.startswith("bench_") and (name == only or (only is None and name != APART)):
            yield module.name


def _last_release() -> dict[str, dict[str, Any]]:
    files = sorted(RELEASES.glob("*.jsonl"))
    lines = files[-1].read_text(encoding="utf-8").splitlines() if files else []
    return {row["figure"]: row for row in map(json.loads, lines)}


def _compared(row: dict[str, Any], before: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The last release's ratio beside this one's: ratios travel between machines, absolute times do not. A count has none."""
    known = before.get(row["figure"], {})
    return {"last_release": known["ratio"]} if "ratio" in known else {}


if __name__ == "__main__":
    sys.exit(main())

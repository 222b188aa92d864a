"""Make the project's virtual environment hold exactly what requirements.lock says.

Needs Python 3.11 or newer with pip, and nothing else: standard library only. Decides how packages get here (uv where it
can be had, else venv and pip) and whether anything has to be done at all. Never downloads another Python, never touches
anything outside the project's folder, and never installs what the lock does not name.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036  # run by whatever python3 is there, so it must say so itself
    sys.exit("raabta needs Python 3.11 or newer; this is " + sys.version.split()[0])

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
WINDOWS = os.name == "nt"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
UV_VERSION = "0.13.9"
ENVIRONMENT = {
    **os.environ,
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_SYSTEM_CERTS": "1",
    "UV_NATIVE_TLS": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
}


def main() -> int:
    """Set everything up; the exit code is 0 when the environment is ready and 1, with one line, when it cannot be made."""
    TOOLS.mkdir(exist_ok=True)
    if _stamp(VENV) == _wanted():
        return 0
    with _alone():
        if _stamp(VENV) == _wanted():  # somebody else made it while we waited
            return 0
        began = time.monotonic()
        try:
            _install()
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"raabta: the environment could not be made: {error}", file=sys.stderr)
            return 1
        _set_stamp(VENV, _wanted())
        print(f"raabta: environment ready in {time.monotonic() - began:.1f} s", file=sys.stderr)
    return 0


def _install() -> None:
    uv = _uv()
    if uv is None:
        _install_with_pip()
    else:
        _install_with_uv(uv)


def _install_with_uv(uv: str) -> None:
    if not _fits():
        _run(uv, "venv", "-q", "--clear", "--python", sys.executable, str(VENV))
    _run(uv, "pip", "sync", "-q", "--python", str(PYTHON), "--require-hashes", "requirements.lock")
    _run(uv, "pip", "install", "-q", "--python", str(PYTHON), "--no-deps", "--no-build-isolation", "-e", ".")


def _install_with_pip() -> None:
    if not _fits() or not _quietly(str(PYTHON), "-m", "pip", "--version"):
        _run(sys.executable, "-m", "venv", "--clear", str(VENV))
    _run(str(PYTHON), "-m", "pip", "install", "-q", "--require-hashes", "-r", "requirements.lock")
    _run(str(PYTHON), "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "-e", ".")


def _fits() -> bool:
    """An environment made by this very Python is brought up to date in place; any other is made anew."""
    ask = "import sys; print(sys.version, sys.base_prefix)"
    try:
        made_by = subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    return made_by == f"{sys.version} {sys.base_prefix}\n"


def _uv() -> str | None:
    """A uv that runs: the machine's own, ours, or one fetched now; None where no index has one for this machine."""
    if os.environ.get("RAABTA_NO_UV"):
        return None
    ours = str(TOOLS / "uv" / ("Scripts/uv.exe" if WINDOWS else "bin/uv"))
    for candidate in (shutil.which("uv"), ours):
        if candidate and _quietly(candidate, "--version"):
            return candidate
    fetch = ("-m", "pip", "install", "-q", "--upgrade", "--target", str(TOOLS / "uv"), f"uv=={UV_VERSION}")
    return ours if _quietly(sys.executable, *fetch) and _quietly(ours, "--version") else None


def _wanted() -> str:
    """What the environment depends on, as one hash: the lock, the project file, the Python, and where the clone lies."""
    parts = [(ROOT / name).read_bytes() for name in ("requirements.lock", "pyproject.toml")]
    parts += [sys.version.encode(), sys.base_prefix.encode(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _stamp(folder: Path) -> str | None:
    try:
        return (folder / ".raabta-stamp").read_text()
    except OSError:
        return None


def _set_stamp(folder: Path, value: str) -> None:
    (folder / ".raabta-stamp").write_text(value)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL)


def _quietly(*command: str) -> bool:
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Two set-ups at once would delete each other's files: the second waits for the first."""
    with open(TOOLS / "lock", "w") as lock:
        if not WINDOWS:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())

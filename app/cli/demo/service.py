"""A service of one's own for a while: a process, a folder, a port; nobody else's is touched.

Decides where it lives and how it is started, stopped and killed. Its sample office runs sixty times as fast as a real one.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2

from app.cli.demo.world import Target
from app.db import ROOT
from app.errors import CannotStart
from app.settings import Settings, environment_name

COMMAND: Final = (sys.executable, "-c", "from app.cli import main; main()")
SPEED: Final = 60
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.05
_SECONDS: Final = re.compile(r"^(\w+_seconds) = (\d+)", re.MULTILINE)
_QUIET: Final = re.compile(r'^quiet = "[^"]*"', re.MULTILINE)
_KEY: Final = re.compile(r"^(\w+_KEY)='([^']+)'$", re.MULTILINE)
_LEAST: Final = {"offer_timeout_seconds": 3, "mean_handle_seconds": 1, "news_seconds": 60, "window_seconds": 60}


class TemporaryService:
    """One service process on a data folder. `start` waits until it answers."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        twilio_token: str,
        mail_port: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`mail_port`: where it hands its letters over; None: they are written to its log."""
        self.folder = folder
        self.port = port or free_port()
        self.twilio_token = twilio_token
        self.mail_port = mail_port
        self.process: subprocess.Popen[bytes] | None = None
        self._environment = dict(environment or {})

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the process says."""
        return self.folder / f"service-{self.port}.log"

    def target(self) -> Target:
        """Its address and the keys of its first start."""
        return Target(
            url=self.url,
            keys=read_keys(self.folder / "keys.txt"),
            twilio_token=self.twilio_token,
            mail_port=self.mail_port,
        )

    def start(self, *, wait: bool = True) -> None:
        """Start it; raises CannotStart with its last words when it does not come up."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "serve"], cwd=ROOT, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Until requests can be served."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process is not None and self.process.poll() is not None:
                raise CannotStart(f"the service ended: {_last_words(self.log)}")
            try:
                if httpx2.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200:
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(LOOK_SECONDS)
        raise CannotStart(f"the service is not ready after {START_SECONDS:.0f} s: {_last_words(self.log)}")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of the same program on the same data."""
        return subprocess.run(
            [*COMMAND, *command],
            cwd=ROOT, env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def stop(self) -> int:
        """Ask it to stop and wait; its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def kill(self) -> None:
        """As if the power went: nothing is said goodbye to."""
        assert self.process is not None, "started before it is killed"
        self.process.kill()
        self.process.wait()

    def environment(self) -> dict[str, str]:
        """The caller's environment without any of our settings, then this service's own."""
        ours = {environment_name(field) for field in Settings.model_fields}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return kept | {
            "RAABTA_DATA": str(self.folder),
            "RAABTA_HOST": "127.0.0.1",
            "RAABTA_PORT": str(self.port),
            "TWILIO_AUTH_TOKEN": self.twilio_token,
            "LOG_LEVEL": "warning",
            **({"SMTP_URL": f"smtp://127.0.0.1:{self.mail_port}"} if self.mail_port else {}),
            **self._environment,
        }


@contextmanager
def temporary_service() -> Iterator[TemporaryService]:
    """A service on a temporary folder, filled with the quick sample office; stopped and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="raabta-demo-"))
    folder.chmod(0o755)  # the account that runs PostgreSQL must pass
    service = TemporaryService(folder, twilio_token=secrets.token_hex(16), mail_port=free_port())
    try:
        service.start()
        apply_quick_office(service)
        yield service
    finally:
        service.stop()
        _stop_postgres(folder)
        shutil.rmtree(folder, ignore_errors=True)


def apply_quick_office(service: TemporaryService) -> None:
    """The sample office with every duration a sixtieth: an hour in a minute."""
    file = service.folder / "office.toml"
    file.write_text(quick_office((ROOT / "sample" / "office.toml").read_text(encoding="utf-8")), encoding="utf-8")
    applied = service.run("apply", str(file), "--yes", "--publish")
    if applied.returncode != 0:
        raise CannotStart(f"the sample office could not be applied: {applied.stderr.strip()}")


def quick_office(text: str) -> str:
    """A configuration whose durations are a sixtieth, none shorter than people's hands allow; and no night in that hour."""

    def quicker(found: re.Match[str]) -> str:
        name, seconds = found[1], int(found[2])
        return f"{name} = {max(_LEAST.get(name, 0), round(seconds / SPEED))}"

    return _QUIET.sub('quiet = "never"', _SECONDS.sub(quicker, text))


def read_keys(file: Path) -> dict[str, str]:
    """The keys of a first start, by name."""
    try:
        return dict(_KEY.findall(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise CannotStart(f"{file}: cannot be read: {error.strerror}") from None


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _stop_postgres(folder: Path) -> None:
    """A service that was killed leaves its server running; taken over, it can be stopped."""
    from app.postgres import LocalPostgres

    server = LocalPostgres(folder)
    if server.data.exists():
        server.start(purpose="sweep")
        server.stop()


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"

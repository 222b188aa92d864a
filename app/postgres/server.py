"""One PostgreSQL server for one data folder: start, adopt, watch, restart, stop.

Decides when a server is really ours (it answers on our private socket and names our data) and what a left-over pid file means.
Never trusts a process number alone: after a reboot it may be anybody's.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
import platform
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from app.errors import CannotStart, FolderInUse
from app.postgres.account import Account, account_for, make_private, reachable, rights
from app.postgres.programs import major_version, programs

LOG = logging.getLogger(__name__)
PORT: Final = 5432  # part of the socket's name only
LONGEST_SOCKET_BYTES: Final = 107
LARGEST_LOG_BYTES: Final = 10_000_000
START_SECONDS: Final = 60.0
SHARED_MEMORY_SECONDS: Final = 10.0
STOP_SECONDS: Final = 5.0  # a fast shutdown that takes longer becomes an immediate one: the log is replayed next time
COMMAND_SECONDS: Final = 10.0  # how long a service waits for a single command that has a temporary server open
LOOK_SECONDS: Final = 0.02
WATCH_SECONDS: Final = 0.1
RETRY_SECONDS: Final = 0.5

# Small memory first: a contact centre's working set is small, and the operating system caches the rest.
OPTIONS: Final[Mapping[str, object]] = {
    "shared_buffers": "64MB",
    "max_connections": 60,
    "jit": "off",
    "wal_level": "minimal",  # nobody follows the private server; backups are dumps
    "max_wal_senders": 0,
    "max_logical_replication_workers": 0,
    "max_worker_processes": 4,
    "max_parallel_workers_per_gather": 0,
    "autovacuum_max_workers": 2,
    "autovacuum_naptime": "15s",  # queues and the outbox turn over fast
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # the details of an error quote rows, and rows hold customers' names and words
}
OPTIONS_SINCE: Final[Mapping[int, Mapping[str, object]]] = {18: {"io_method": "sync"}}  # no helper processes for reads
FAST_BUT_FORGETFUL: Final[Mapping[str, object]] = {"fsync": "off", "full_page_writes": "off"}  # for tests only


class LocalPostgres:
    """The PostgreSQL server of one data folder.

    `start` and `stop` block; `supervise` is for a loop. `options` override OPTIONS; `bin_dir` names other programs than the
    wheel's (PostgreSQL 15 or newer).
    """

    def __init__(
        self, folder: Path, *, bin_dir: Path | None = None, options: Mapping[str, object] | None = None
    ) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "pgdata"
        self.sockets = _socket_folder(self.folder)
        self.adopted = False
        self._bin_dir = bin_dir
        self._options = dict(options or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self._lock: int | None = None
        self._moving = threading.Lock()  # start, restart and stop never overlap
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The process id of the server we hold; None where we hold none."""
        return self._pid

    def dsn(self, database: str = "postgres") -> str:
        """`postgresql://…` over the private socket, as asyncpg, SQLAlchemy and psql take it."""
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self.sockets))}&port={PORT}"

    def program(self, name: str) -> Path:
        """One of PostgreSQL's programs (`pg_dump`, `psql`), of the server's own version."""
        return (self._bin_dir or programs(self.folder)) / name

    def is_serving(self) -> bool:
        """A server answers on our socket and says that its data are ours."""
        try:
            if self._noted()[1] != "ready":
                return False
            asked = self._ask("psql", "-XAtq", "-d", self.dsn(), "-c", "SHOW data_directory")
        except OSError:
            return False
        return asked.returncode == 0 and os.path.realpath(asked.stdout.strip()) == str(self.data)

    def start(self, *, purpose: str = "service") -> None:
        """Bring the server up: adopt the one a killed parent left, else start one (and on the first time, make its data).

        Raises FolderInUse or CannotStart, each with one line for a person.
        """
        with self._moving:
            self._stopping = False
            self._prepare_folder()
            self._take_lock(purpose)
            try:
                self._up()
            except BaseException:
                self._drop_lock()
                raise

    def stop(self) -> None:
        """Shut the server we hold down fast, then let the folder go. Harmless when nothing runs."""
        self._stopping = True
        with self._moving:
            if self._is_alive():
                self._shut_down()
            self._process = self._pid = None
            self._drop_lock()

    async def supervise(self) -> None:
        """Bring the server back whenever it dies, for ever; cancel to end. Takes about half a second, replay apart."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._stopping or self._is_alive():
                continue
            LOG.warning("postgres_died")
            try:
                await asyncio.to_thread(self._restart)
            except (CannotStart, OSError, subprocess.SubprocessError) as error:
                LOG.error("postgres_restart_failed: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                LOG.warning("postgres_restarted")

    def _restart(self) -> None:
        with self._moving:
            if not self._stopping:
                self._up()

    def _up(self) -> None:
        if self._adopt():
            return
        if not self.data.exists():
            self._make_data()
        make_private(self.sockets, self._account())
        began = time.monotonic()
        while not self._spawn_until_ready(began + START_SECONDS):
            words = self._last_words()
            # The children of a killed server hold its shared memory for a moment longer.
            # So does whatever killed it from outside just as it came up.
            killed = self._process is not None and (self._process.returncode or 0) < 0
            passes = killed or "shared memory" in words or "lock file" in words
            if not passes or time.monotonic() > began + SHARED_MEMORY_SECONDS:
                self._process = self._pid = None
                raise CannotStart(f"PostgreSQL does not start: {words} (more in {self._log_file})")
            time.sleep(LOOK_SECONDS)

    def _adopt(self) -> bool:
        """Take over a server that runs on our data; wait for one that is just coming up or going down."""
        end = time.monotonic() + START_SECONDS
        while not self.is_serving():
            if not self._runs_here(self._noted()[0]):
                return False
            if time.monotonic() > end:
                raise CannotStart(f"process {self._noted()[0]} holds {self.data} and does not answer")
            time.sleep(WATCH_SECONDS)
        self._process, self._pid, self.adopted = None, self._noted()[0], True
        return True

    def _spawn_until_ready(self, end: float) -> bool:
        self._process = self._spawn()
        self._pid, self.adopted = self._process.pid, False
        while self._noted() != (self._pid, "ready"):
            if self._process.poll() is not None:
                return False
            if time.monotonic() > end:
                self._shut_down()
                raise CannotStart(f"PostgreSQL is not ready after {START_SECONDS:.0f} s (more in {self._log_file})")
            time.sleep(LOOK_SECONDS)
        return True

    def _spawn(self) -> subprocess.Popen[bytes]:
        options = {**OPTIONS, **self._options_of_version(), **self._options}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        if self._log_file.exists() and self._log_file.stat().st_size > LARGEST_LOG_BYTES:
            self._log_file.replace(self._log_file.with_suffix(".log.1"))
        with open(self._log_file, "ab", opener=_private) as log:
            return subprocess.Popen(
                [self.program("postgres"), "-D", self.data, "-k", self.sockets, "-h", "", "-p", str(PORT), *settings],
                cwd=self.data,
                env={**_environment(), **self._excuse()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches us only; we decide when it stops
                umask=0o077,
                **rights(self._account()),
            )

    def _excuse(self) -> dict[str, str]:
        """PostgreSQL refuses to start while the process its stale pid file names lives and has its account.

        We know better when that process is not a server of these data (a number used again after a reboot): PostgreSQL
        ignores a pid that is its grandparent's, so we say it is.
        """
        pid = self._noted()[0]
        return {"PG_GRANDPARENT_PID": str(pid)} if pid and not self._runs_here(pid) else {}

    def _make_data(self) -> None:
        """initdb beside its place, then move it there: data that are half made are never served."""
        half = self.data.with_name("pgdata.half")
        if half.exists():
            subprocess.run(["rm", "-rf", "--", half], check=True)
        make_private(half, self._account())
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self._version() < 17:
            locale = ["--locale=C.UTF-8"]
        if self._options.get("fsync") == "off":
            locale.append("--no-sync")
        common = ("-U", "postgres", "-E", "UTF8", "--auth-local=trust", "--auth-host=reject")
        made = self._ask("initdb", "-D", str(half), *common, *locale, cwd=half)
        if made.returncode != 0:
            raise CannotStart(
                f"PostgreSQL cannot make its data in {half}: {(made.stderr.strip() or '?').splitlines()[-1]}"
            )
        half.replace(self.data)

    def _shut_down(self) -> None:
        assert self._pid is not None, "only called while a server is ours"
        for ask, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS), (signal.SIGKILL, 1.0)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, ask)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                if not self._is_alive():
                    return
                time.sleep(LOOK_SECONDS)

    def _is_alive(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return self._pid is not None and self._runs_here(self._pid)

    def _runs_here(self, pid: int) -> bool:
        """This process is a server of our data: a postmaster works inside its data folder and was told of it."""
        if not pid:
            return False
        if platform.system() == "Linux":
            process = Path(f"/proc/{pid}")
            with contextlib.suppress(OSError):
                return (process / "cwd").readlink() == self.data and (process / "comm").read_text() == "postgres\n"
            return False
        shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return f"-D {self.data} " in shown.stdout

    def _noted(self) -> tuple[int, str]:
        """(pid, status) of PostgreSQL's own pid file; (0, "") where there is none or it is half written."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), lines[7].strip() if len(lines) > 7 else ""
        except (OSError, ValueError, IndexError):
            return 0, ""

    def _prepare_folder(self) -> None:
        account = self._account()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o755 if os.geteuid() == 0 else 0o700)
        except OSError as error:
            raise CannotStart(f"the data folder {self.folder} cannot be made: {error.strerror}") from None
        if os.geteuid() == 0 and not reachable(self.folder):
            raise CannotStart(
                f"the account {account.name}, which runs PostgreSQL, cannot reach {self.folder}: "
                "set RAABTA_DATA to a folder such as /var/lib/raabta"
            )

    def _take_lock(self, purpose: str) -> None:
        """Held for as long as we serve the folder; the kernel drops it when we die."""
        path = self.folder / "lock"
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotStart(f"the data folder {self.folder} cannot be used: {error.strerror}") from None
        end = time.monotonic() + (COMMAND_SECONDS if purpose == "service" else 0)
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = path.read_text()
                if "command" not in holder or time.monotonic() > end:
                    os.close(lock)
                    raise FolderInUse(f"{self.folder} is already served by {holder or 'another process'}") from None
                time.sleep(WATCH_SECONDS)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"process {os.getpid()} ({purpose})".encode(), 0)
        self._lock = lock

    def _drop_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _ask(self, program: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program(program), *arguments],
            cwd=cwd or self.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **rights(self._account()),
        )

    def _account(self) -> Account:
        return account_for(self.data)

    def _version(self) -> int:
        return major_version(self.program("postgres").parent)

    def _options_of_version(self) -> dict[str, object]:
        version = self._version()
        return {
            name: value for since, some in OPTIONS_SINCE.items() if version >= since for name, value in some.items()
        }

    @property
    def _log_file(self) -> Path:
        return self.folder / "postgres.log"

    def _last_words(self) -> str:
        """Why the server gave up: its last FATAL or PANIC line."""
        lines = self._log_file.read_text(errors="replace").splitlines()[-50:]
        fatal = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
        return fatal[-1].partition(":  ")[2] if fatal else (lines[-1] if lines else "it said nothing")


def _socket_folder(folder: Path) -> Path:
    """Inside the data folder, unless the socket's path would be longer than a socket's path may be."""
    inside = folder / "run"
    if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_BYTES:
        return inside
    short = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"raabta-{short}"


def _private(path: str, flags: int) -> int:
    """Readable by its owner only, also where it was there before."""
    opened = os.open(path, flags, 0o600)
    os.fchmod(opened, 0o600)
    return opened


def _environment() -> dict[str, str]:
    """Nothing of ours reaches PostgreSQL: no PG* variable, no locale, no library path."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

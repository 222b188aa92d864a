"""The commands as a person types them: what they print, how they end, and what they leave running."""

from __future__ import annotations

import asyncio
import io
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import asyncpg
import httpx2
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from app import registry
from app.cli import main
from app.cli.demo.service import COMMAND, TemporaryService, free_port, quick_office, read_keys
from app.configuration import read_text
from app.db import ROOT, head_revision
from app.postgres import LocalPostgres
from app.settings import Settings, described
from tests.racing import HANG_SECONDS

SAMPLE = ROOT / "sample" / "office.toml"
TOKEN = "twilio-token-for-tests-only"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


def raabta(*arguments: str, **settings: str) -> Told:
    """A command in this process: loading the program anew for each would take most of the time. Nobody answers questions."""
    out, err = io.StringIO(), io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, settings))
        stack.enter_context(patch.object(sys, "argv", ["raabta", *arguments]))
        stack.enter_context(patch.object(sys, "stdin", io.StringIO()))
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        with ThreadPoolExecutor(1) as alone:  # commands run an event loop of their own
            code = alone.submit(_ended).result()
    return Told(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


def raabta_process(*arguments: str, **settings: str) -> Told:
    """A command in a process of its own: for those that serve."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT, env=os.environ | settings, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    return Told(returncode=done.returncode, stdout=done.stdout, stderr=done.stderr)


def _ended() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account can reach, too."""
    made = Path(tempfile.mkdtemp(prefix="raabta-cli-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The data folder of `service`."""
    with temporary_folder() as made:
        yield made


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[TemporaryService]:
    """A service of our own, started once."""
    running = TemporaryService(folder, twilio_token=TOKEN)
    running.start()
    yield running
    running.stop()


# --- Words ------------------------------------------------------------------------------------------------------------


def test_help_names_every_command() -> None:
    told = raabta("--help")
    assert told.returncode == 0
    for command in ("serve", "demo", "apply", "audit", "migrate", "backup", "restore", "settings", "keys", "rules"):
        assert re.search(rf"^  {command} ", told.stdout, re.MULTILINE), command


def test_settings_lists_all_of_them_and_shows_no_secret() -> None:
    told = raabta("settings", RAABTA_ADMIN_KEY="very-secret-very-secret-1234")
    assert told.returncode == 0
    names = [line.split("\t")[0] for line in told.stdout.splitlines()[1:]]
    ours = [one.name for one in described(Settings())]
    assert names[: len(ours)] == ours
    assert len(set(names)) == len(names)
    assert "very-secret" not in told.stdout


def test_the_newest_revision_is_the_one_alembic_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic"))
    assert ScriptDirectory.from_config(config).get_heads() == [head_revision()]


@pytest.mark.parametrize(
    ("arguments", "settings", "line"),
    [
        (["serve"], {"RAABTA_PORT": "many"}, "RAABTA_PORT"),
        (["serve"], {"RAABTA_PRT": "1"}, "did you mean RAABTA_PORT"),
        (["serve", "--port", "0"], {"RAABTA_HOST": "no-such-host.localhost.invalid"}, "cannot listen on no-such-host"),
        (
            ["serve", "--port", "0"],
            {"DATABASE_URL": "postgresql://me:pass-word@127.0.0.1:1/x"},
            "127.0.0.1:1/x cannot be used",
        ),
        (["serve", "--port", "0"], {"RAABTA_DATA": "/proc/nothing"}, "the data folder /proc/nothing cannot be made"),
        (["audit"], {"DATABASE_URL": "postgresql://me:pass-word@127.0.0.1:1/x"}, "nobody listens there"),
        (["apply", "/no/such/file.toml"], {}, "/no/such/file.toml: cannot be read: No such file or directory"),
        (["demo", "--url", "http://127.0.0.1:1", "--keys", "/no/keys"], {}, "/no/keys: cannot be read"),
    ],
)
def test_what_cannot_begin_says_so_in_one_line_and_ends_with_2(
    arguments: list[str], settings: dict[str, str], line: str
) -> None:
    told = (raabta_process if "0" in arguments else raabta)(*arguments, **settings)
    assert told.returncode == 2, told
    assert line in told.stderr
    assert told.stderr.startswith("raabta: ")
    assert told.stderr.count("\n") == 1
    assert "pass-word" not in told.stderr
    assert told.stdout == ""


def test_a_taken_port_is_refused_before_anything_is_started(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told = raabta_process("serve", RAABTA_DATA=str(folder / "unused"), RAABTA_PORT=port)
    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    assert f"port {port}: Address already in use" in told.stderr
    assert not (folder / "unused").exists()


# --- Keys and the audit -----------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_listed_by_its_start_and_revoked(database: str) -> None:
    made = raabta("keys", "create", "crm", "--role", "integration", DATABASE_URL=database)
    key = made.stdout.strip()
    assert key.startswith("rk_integration_")
    listed = raabta("keys", "list", DATABASE_URL=database).stdout
    assert key not in listed
    (row,) = [line.split("\t") for line in listed.splitlines() if "\tcrm\t" in line]
    assert key.startswith(row[4])
    assert raabta("keys", "revoke", row[0], DATABASE_URL=database).stdout == "revoked: crm\n"
    assert re.search(
        r"\tcrm\t.*\+00:00\t.*\+00:00$", raabta("keys", "list", DATABASE_URL=database).stdout, re.MULTILINE
    )


def test_a_third_live_key_of_one_name_is_refused(database: str) -> None:
    for _ in range(2):
        assert raabta("keys", "create", "crm", "--role", "kiosk", DATABASE_URL=database).returncode == 0
    told = raabta("keys", "create", "crm", "--role", "kiosk", DATABASE_URL=database)
    assert (told.returncode, "two live keys" in told.stderr or "2 live keys" in told.stderr) == (2, True)


def test_a_representatives_key_must_name_one_there_is(database: str) -> None:
    nobody = raabta("keys", "create", "x", "--role", "representative", DATABASE_URL=database)
    assert (nobody.returncode, "names its representative" in nobody.stderr) == (2, True)
    unknown = raabta("keys", "create", "x", "--role", "representative", "--representative", "y", DATABASE_URL=database)
    assert (unknown.returncode, "no representative y" in unknown.stderr) == (2, True)


async def test_the_audit_ends_with_1_and_names_the_row(database: str) -> None:
    assert (await asyncio.to_thread(raabta, "audit", DATABASE_URL=database)).stdout == "audit: all is well\n"
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO representative (code, name, capacity, ceiling) VALUES ('ghost', 'Ghost', 1, 1)"
    )
    await connection.close()
    told = await asyncio.to_thread(raabta, "audit", DATABASE_URL=database)
    assert told.returncode == 1
    assert "told_representative\trepresentative\tghost\tno event tells of them" in told.stdout
    as_json = await asyncio.to_thread(raabta, "audit", "--json", DATABASE_URL=database)
    assert '"id": "ghost"' in as_json.stdout


# --- The service ------------------------------------------------------------------------------------------------------


def test_a_first_start_fills_the_office_and_gives_keys_that_only_their_owner_can_read(
    service: TemporaryService,
) -> None:
    file = service.folder / "keys.txt"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    keys = read_keys(file)
    assert {"ADMIN_KEY", "SUPERVISOR_KEY", "INTEGRATION_KEY", "KIOSK_KEY", "ASMA_KEY", "VENKAT_KEY"} <= keys.keys()
    answer = httpx2.get(
        f"{service.url}/v1/representatives?limit=100", headers={"authorization": f"Bearer {keys['ADMIN_KEY']}"}
    )
    assert len(answer.json()["items"]) == 12
    said = service.log.read_text()
    assert f"raabta is ready: {service.url}" in said
    assert keys["ADMIN_KEY"] in said
    assert str(file) in said


def test_commands_use_the_running_server_and_leave_it_running(service: TemporaryService) -> None:
    assert service.run("audit").stdout == "audit: all is well\n"
    assert "first admin" in service.run("keys", "list").stdout
    assert service.run("apply", str(SAMPLE), "--dry-run").stdout == "nothing to change\n"
    assert httpx2.get(f"{service.url}/readyz").status_code == 200


def test_a_folder_that_is_served_already_is_refused_in_one_line(service: TemporaryService) -> None:
    told = raabta_process("serve", RAABTA_DATA=str(service.folder), RAABTA_PORT="0")
    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    assert f"{service.folder} is already served by process" in told.stderr


@pytest.mark.parametrize("wish", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_though_streams_are_open(folder: Path, service: TemporaryService, wish: int) -> None:
    keys = read_keys(folder / "keys.txt")
    headers = {"authorization": f"Bearer {keys['ADMIN_KEY']}"}
    assert service.process is not None
    with httpx2.stream("GET", f"{service.url}/v1/stream", headers=headers, timeout=30) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        service.process.send_signal(wish)
        assert service.process.wait(HANG_SECONDS) == 0
    assert not (folder / "pgdata" / "postmaster.pid").exists(), "its own PostgreSQL is stopped with it"
    service.start()  # for whoever comes next


def test_commands_start_a_server_of_their_own_and_stop_it_where_none_runs(
    folder: Path, service: TemporaryService
) -> None:
    service.stop()
    assert service.run("audit").stdout == "audit: all is well\n"
    assert not (folder / "pgdata" / "postmaster.pid").exists()
    service.start()


async def test_the_admin_key_of_the_environment_works_and_its_successor_replaces_it(server: LocalPostgres) -> None:
    name = "admin_key"
    connection = await asyncpg.connect(server.dsn())
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    old, new = "first-admin-key-of-the-tests", "second-admin-key-of-the-tests"
    statuses = []
    with temporary_folder() as data:
        for key in (old, new):
            running = TemporaryService(
                data, twilio_token=TOKEN, environment={"DATABASE_URL": server.dsn(name), "RAABTA_ADMIN_KEY": key}
            )
            await asyncio.to_thread(running.start)
            async with httpx2.AsyncClient(base_url=running.url) as client:
                for tried in (old, new):
                    answer = await client.get("/v1/queues", headers={"authorization": f"Bearer {tried}"})
                    statuses.append(answer.status_code)
            assert await asyncio.to_thread(running.stop) == 0
        assert old not in (data / "keys.txt").read_text()
    assert statuses == [200, 401, 401, 200]


def test_the_quick_office_is_right_and_sixty_times_as_fast() -> None:
    configuration = read_text(quick_office(SAMPLE.read_text(encoding="utf-8")), name="quick")
    claims = configuration.rules.queues["claims"]
    assert (claims.target_seconds, claims.offer_timeout_seconds, claims.wrap_up_seconds) == (2, 3, 0)


def test_a_port_that_was_free_can_be_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))


@pytest.mark.slow
def test_the_demo_ends_well_on_a_service_of_its_own() -> None:
    told = raabta_process("demo", "--seconds", "5", "--contacts", "25", "--seed", "7")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "audit: all is well" in told.stdout
    assert told.stdout.endswith("every contact was taken once and served to its end\n")


def test_settings_lists_what_the_channels_folders_read_too() -> None:
    told = raabta("settings", TWILIO_RING_SECONDS="30")
    for channel in registry.current().values():
        assert all(name in told.stdout for name in channel.info.settings)


def test_a_channels_wrong_setting_is_one_line_and_ends_with_2() -> None:
    with temporary_folder() as folder:
        told = raabta_process("serve", "--port", "0", TWILIO_RING_SECONDS="999", RAABTA_DATA=str(folder))
    assert (told.returncode, len(told.stderr.splitlines())) == (2, 1)
    assert "TWILIO_RING_SECONDS" in told.stderr

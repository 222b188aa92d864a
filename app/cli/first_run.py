"""What a first start fills an empty service with: the sample office and the first keys.

Decides when a start is the first (nobody has said who we are). The first keys are drawn here, printed, and written to a file
only their owner can read, because somebody must be able to use the service they have just started; the database holds digests
alone. Delete the file once the keys are where they belong.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.keys import create_key
from app.db import ROOT, Database, now
from app.errors import CannotStart
from app.postgres import data_dir
from app.security import SYSTEM, Role, digest
from app.settings import Settings
from app.tables import ApiKey, Organisation

SAMPLE: Final = ROOT / "sample" / "office.toml"
FIRST_LOCK: Final = 7_262_266
GIVEN: Final = "RAABTA_ADMIN_KEY"
ROLES: Final[tuple[Role, ...]] = ("admin", "supervisor", "integration", "kiosk")


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstKeys:
    """Keys by the name of the variable they have in the file: ADMIN_KEY, …, ASMA_KEY."""

    keys: dict[str, str] = field(default_factory=dict)
    first: bool = False


def keys_file(settings: Settings) -> Path:
    """Where the keys of the first start lie."""
    return data_dir(settings) / "keys.txt"


async def prepare(dsn: str, settings: Settings) -> FirstKeys:
    """On a first start: the sample and the keys. On every start: the admin key of the environment works."""
    async with Database(dsn) as db, db.session() as session:
        await session.exec(select(func.pg_advisory_xact_lock(FIRST_LOCK)))  # of two first starts, one waits
        made = FirstKeys()
        if (await session.exec(select(Organisation))).first() is None:
            made = await _fill(session, settings)
            # Before the commit: keys in a file that do not work yet are mended by the next start, lost keys are not.
            _write(keys_file(settings), made.keys)
        await _given_key(session, settings)
        return made


async def _fill(session: AsyncSession, settings: Settings) -> FirstKeys:
    from app.actions.rules.apply import apply  # only the first start needs to know what a configuration is
    from app.configuration import read

    moment = await now(session)
    wanted = read(SAMPLE)
    await apply(session, wanted, publish=True, actor=SYSTEM, now=moment)
    keys: dict[str, str] = {}
    for role in ROLES:
        if role == "admin" and settings.admin_key is not None:
            continue  # whoever gave it knows it; it is written nowhere
        _, keys[f"{role.upper()}_KEY"] = await create_key(
            session, f"first {role}", role=role, representative=None, now=moment
        )
    for code in wanted.representatives:
        _, keys[f"{code.upper().replace('-', '_')}_KEY"] = await create_key(
            session, code, role="representative", representative=code, now=moment
        )
    return FirstKeys(keys=keys, first=True)


async def _given_key(session: AsyncSession, settings: Settings) -> None:
    """RAABTA_ADMIN_KEY is what the environment says: a new value replaces the old one, which stops working."""
    if settings.admin_key is None:
        return
    secret = settings.admin_key.get_secret_value()
    moment = await now(session)
    named = select(ApiKey).where(
        ApiKey.name == GIVEN, col(ApiKey.revoked_at).is_(None), ApiKey.digest != digest(secret)
    )
    for old in (await session.exec(named)).all():
        old.revoked_at = moment
        session.add(old)
    await session.flush()
    known = (await session.exec(select(ApiKey).where(ApiKey.digest == digest(secret)))).first()
    if known is None:
        await create_key(session, GIVEN, role="admin", representative=None, now=moment, key=secret)
    elif known.revoked_at is not None or known.role != "admin":
        raise CannotStart(f"{GIVEN}: this key is revoked, or is somebody else's: draw another", code="wrong_setting")


def _write(file: Path, keys: dict[str, str]) -> None:
    """Only its owner may read it, from the first byte on."""
    lines = [
        "# The keys of the first start, for a shell: . keys.txt",
        "# The service keeps digests only. Delete this file once the keys are where they belong.",
        *([] if "ADMIN_KEY" in keys else [f'ADMIN_KEY="${{{GIVEN}-}}"']),
        *(f"{name}='{key}'" for name, key in keys.items()),
    ]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".half")
        half.unlink(missing_ok=True)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as text:
            text.write("\n".join(lines) + "\n")
        half.replace(file)
    except OSError as error:
        raise CannotStart(f"the first keys cannot be written to {file}: {error.strerror}") from None

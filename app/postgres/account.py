"""Who runs PostgreSQL, and what that account can reach.

PostgreSQL refuses to run as root: there it runs as the account its data belong to, else `postgres`, else `nobody`. Never
creates accounts and never loosens the rights of a folder that is not ours.
"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from app.errors import CannotStart

CANDIDATES: Final = ("postgres", "nobody")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A Unix account, by number; `name` is for messages."""

    name: str
    uid: int
    gid: int


class Rights(TypedDict, total=False):
    """The part of subprocess' arguments that says as whom a program runs."""

    user: int
    group: int
    extra_groups: list[int]


def account_for(data: Path) -> Account:
    """The account that shall run the server of these data. Raises CannotStart when they belong to somebody else."""
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise CannotStart(
                f"{data} belongs to {_name(owner)}: run as that account, or set RAABTA_DATA to another folder"
            )
        return Account(name=_name(os.geteuid()), uid=os.geteuid(), gid=os.getegid())
    if owner:  # not root: whoever made them goes on, even if a better candidate was installed since
        return Account(name=_name(owner), uid=owner, gid=data.stat().st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise CannotStart("PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody' to run it as")


def rights(account: Account) -> Rights:
    """What subprocess needs to become the account; nothing where we are it."""
    if os.geteuid() != 0:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def reachable(path: Path) -> bool:
    """Any account may pass through to here. As an ordinary user we run the server ourselves, so nothing needs passing."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents) if folder.exists())


def make_private(folder: Path, account: Account) -> None:
    """Make a folder that only the account can enter. Raises CannotStart when somebody else's is in its place."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.geteuid()):
        raise CannotStart(f"{folder} is not ours: remove it, or set RAABTA_DATA to another folder")
    if os.geteuid() == 0:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return f"account {uid}"

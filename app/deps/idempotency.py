"""A POST with an `Idempotency-Key` happens once, however often it is sent.

Decides that an answer is kept in the same transaction as its effect, for 48 hours, per API key: the same key and request
get the same answer, another request under the key is refused, and while the first is still being worked on the second
waits up to a second. Answers that are errors changed nothing and are not kept.
"""

import asyncio
import contextlib
import hashlib
import re
import weakref
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import asyncpg
from fastapi import Depends, Header, Request, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.deps.session import ActorDep, SessionDep
from app.errors import Conflict, Invalid

KEPT_HOURS: Final = 48
WAIT_SECONDS: Final = 1.0
PATTERN: Final = r"^[\x21-\x7e]{1,128}$"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")
_WAIT = text(f"SET LOCAL lock_timeout = {int(WAIT_SECONDS * 1000)}")
_WAIT_NO_MORE = text("SET LOCAL lock_timeout TO DEFAULT")
_LOCK = text("SELECT pg_advisory_xact_lock(:name)")
_FIND = text(
    "SELECT digest, status, body FROM idempotency_key WHERE owner = :owner AND key = :key"
    " AND created_at > wall_clock() - make_interval(hours => :hours)"
)
_KEEP = text(
    "INSERT INTO idempotency_key (owner, key, digest, status, body) VALUES (:owner, :key, :digest, :status, :body)"
    " ON CONFLICT (owner, key) DO UPDATE SET digest = excluded.digest, status = excluded.status, body = excluded.body,"
    " created_at = wall_clock()"
)

OptionalKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=PATTERN,
        description="The same key and body within 48 hours get the same answer, and nothing happens twice.",
        examples=["5f0c1d9e-4b7a"],
    ),
]
RequiredKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=PATTERN,
        description="Required: nothing in the body names this request. The same key and body within 48 hours get the"
        " same answer, and nothing happens twice.",
        examples=["5f0c1d9e-4b7a"],
    ),
]


class Replayed(Exception):
    """This request was answered before; the answer is sent again."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Once:
    """One request under its key. `keep` its answer before the transaction ends."""

    def __init__(self, session: AsyncSession, *, owner: str, key: str, digest: bytes) -> None:
        self._session = session
        self._row: dict[str, Any] = {"owner": owner, "key": key, "digest": digest}

    async def begin(self) -> None:
        """Wait for whoever works under the same key. Raises `Replayed`, `Invalid`, or `Conflict` after a second."""
        name = lock_name(self._row["owner"], self._row["key"])
        connection = await self._session.connection()
        await connection.execute(_WAIT)
        try:
            await connection.execute(_LOCK, {"name": name})
        except DBAPIError as error:
            if error.orig is not None and isinstance(error.orig.__cause__, asyncpg.LockNotAvailableError):
                raise in_flight() from None
            raise
        await connection.execute(_WAIT_NO_MORE)
        found = (await connection.execute(_FIND, {**self._row, "hours": KEPT_HOURS})).one_or_none()
        if found is None:
            return
        if found.digest != self._row["digest"]:
            raise Invalid("This Idempotency-Key was used for another request.", code="idempotency_key_reused")
        raise Replayed(
            Response(
                found.body,
                status_code=found.status,
                media_type="application/json",
                headers={"Idempotency-Replayed": "true"},
            )
        )

    async def keep(self, response: Response) -> Response:
        """Keep a committed answer; returns it."""
        answer = {"status": response.status_code, "body": bytes(response.body)}
        await (await self._session.connection()).execute(_KEEP, {**self._row, **answer})
        return response


_locks: weakref.WeakValueDictionary[tuple[str, str], asyncio.Lock] = weakref.WeakValueDictionary()


@contextlib.asynccontextmanager
async def alone(owner: str, key: str) -> AsyncIterator[None]:
    """In this process, one request at a time under a key: who waits here holds no connection."""
    lock = _locks.setdefault((owner, key), asyncio.Lock())
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            await lock.acquire()
    except TimeoutError:
        raise in_flight() from None
    try:
        yield
    finally:
        lock.release()


def lock_name(owner: str, key: str) -> int:
    """The number under which all processes wait for each other."""
    return int.from_bytes(hashlib.sha256(f"{owner}\0{key}".encode()).digest()[:8], signed=True)


def in_flight() -> Conflict:
    """The first request under this key is still being worked on."""
    return Conflict(
        "A request with this Idempotency-Key is still being worked on. Try again.",
        code="idempotency_key_in_flight",
        retry_after_seconds=1,
    )


async def digest_of(request: Request) -> bytes:
    """What makes two requests the same: method, address and body, to the byte."""
    head = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(head + await request.body()).digest()


async def once(request: Request, session: SessionDep, actor: ActorDep, key: RequiredKey) -> AsyncIterator[Once]:
    """The request under its key, begun: from here on nobody else works under it."""
    async with alone(actor.source, key):
        begun = Once(session, owner=actor.source, key=key, digest=await digest_of(request))
        await begun.begin()
        yield begun


OnceDep = Annotated[Once, Depends(once, scope="function")]


def checked_key(key: str) -> str:
    """The key of a header that was read by hand; raises `Invalid`."""
    if _KEY.fullmatch(key) is None:
        raise Invalid("Idempotency-Key: 1 to 128 visible ASCII characters.", code="invalid")
    return key

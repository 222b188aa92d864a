"""Group commit: what arrives while one batch is being written makes the next one. No delay is ever added.

Decides the size of batches and who gets which answer when a batch fails: it is halved and tried again, until the one at
fault stands alone. The flusher survives every error and answers everybody who waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Self, TypeVar

import asyncpg
import orjson

from app.errors import Invalid, RaabtaError, Unavailable

BATCH_AT_MOST = 256
WAITING_AT_MOST = 10_000
WRITERS = 2
SLOW_SECONDS = 0.02
"""One batch is written at a time, so that what comes meanwhile makes one large batch: every batch costs the service and the
database as much as ten contacts, however few are in it. Only beside one that takes longer, for the disk is slow or somebody
holds a row, another is written. What is asked after the commit is asked while the next one is written."""

Committed = Callable[[], None]
Item = TypeVar("Item")
Answer = TypeVar("Answer")
log = logging.getLogger(__name__)


class GroupCommit(Generic[Item, Answer]):
    """Collects items and writes them in batches by `write`, which commits all of a batch or none of it.

    `write` returns one answer per item, in order; an answer that is an exception is raised to that item's caller alone. It is
    given a function to call once it has committed, if it has more to do before it answers: the next batch begins then.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item], Committed], Awaitable[Sequence[Answer | RaabtaError]]],
        *,
        observe: Callable[[int], None] | None = None,
    ) -> None:
        self._write = write
        self._observe = observe
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._writing = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._serve(), name="group commit") for _ in range(WRITERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Everything handed in before is still written and answered."""
        self._closing = True
        self._filled.set()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def submit(self, item: Item) -> Answer:
        """The committed answer to `item`; raises what was wrong with it, or `Unavailable`."""
        if self._closing or len(self._waiting) >= WAITING_AT_MOST:
            raise Unavailable("Too much is waiting to be written. Try again.", retry_after_seconds=1)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        self._filled.set()
        return await answer

    async def _serve(self) -> None:
        while self._waiting or not self._closing:
            if not self._waiting:
                self._filled.clear()
                await self._filled.wait()
                continue
            if self._writing and (await self._finished() or not self._waiting):
                continue
            batch = [self._waiting.popleft() for _ in range(min(BATCH_AT_MOST, len(self._waiting)))]
            if self._observe:
                self._observe(len(batch))
            committed = self._begun()
            try:
                await self._flush(batch, committed)
            finally:
                committed()

    def _begun(self) -> Committed:
        """A batch is being written, until what is returned is called first."""
        self._writing += 1
        self._idle.clear()
        over = False

        def committed() -> None:
            nonlocal over
            if not over:
                over = True
                self._writing -= 1
                if not self._writing:
                    self._idle.set()

        return committed

    async def _finished(self) -> bool:
        """Wait for the batch that is being written; False: it takes long."""
        try:
            async with asyncio.timeout(SLOW_SECONDS):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _flush(self, batch: Sequence[tuple[Item, asyncio.Future[Answer]]], committed: Committed) -> None:
        written = False

        def on_record() -> None:
            nonlocal written
            written = True
            committed()

        try:
            answers = await self._write([item for item, _ in batch], on_record)
            for (_, future), answer in zip(batch, answers, strict=True):
                _tell(future, answer)
        except (RaabtaError, asyncio.CancelledError) as error:
            self._fail(batch, error if isinstance(error, RaabtaError) else _stopping())
            if isinstance(error, asyncio.CancelledError):
                raise
        except Exception as error:  # noqa: BLE001  (whatever it was: one that is not written has somebody at fault in it)
            if written:
                self._fail(batch, error)
            else:
                await self._halve(batch, error, committed)

    async def _halve(
        self, batch: Sequence[tuple[Item, asyncio.Future[Answer]]], error: Exception, committed: Committed
    ) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            try:
                await self._flush(batch[:middle], committed)
            except asyncio.CancelledError:
                self._fail(batch[middle:], _stopping())
                raise
            await self._flush(batch[middle:], committed)
            return
        theirs = isinstance(error, asyncpg.DataError | UnicodeError | orjson.JSONEncodeError)
        # The kind alone: the database's words quote rows. Where it was raised, whoever waits for the answer finds out.
        log.warning("a contact could not be written: %s", type(error).__name__)
        self._fail(batch, Invalid("This contact cannot be stored as it is.", code="unstorable") if theirs else error)

    def _fail(self, batch: Sequence[tuple[Item, asyncio.Future[Answer]]], error: Exception) -> None:
        for _, future in batch:
            _tell(future, error)


def _tell(future: asyncio.Future[Answer], answer: Answer | Exception) -> None:
    if future.done():
        return  # who asked has gone; what was written stays written
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _stopping() -> Unavailable:
    return Unavailable("The service is stopping. Try again.", retry_after_seconds=1)

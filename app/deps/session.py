"""What a request may ask for by name: its transaction, the moment, who asks, the service.

Decides that a change is committed before the answer leaves (`scope="function"`): whoever is told 201 can rely on it.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Connection, now
from app.deps.service import Service
from app.errors import Unauthenticated
from app.security import Actor


def service(request: Request) -> Service:
    """The service this request came to."""
    found = request.app.state.service
    assert isinstance(found, Service)
    return found


def actor(request: Request) -> Actor:
    """Who asks: put there by the door. Raises `Unauthenticated` on a route whose row asks for no key."""
    found = request.scope.get("actor")
    if not isinstance(found, Actor):
        raise Unauthenticated("Send your key: Authorization: Bearer KEY.")
    return found


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    """One transaction: committed when the endpoint returns, rolled back when it raises."""
    async with service(request).database.session() as opened:
        yield opened


async def reading(request: Request) -> AsyncIterator[AsyncSession]:
    """A session that writes nothing."""
    async with service(request).database.reading() as opened:
        yield opened


async def connection(request: Request) -> AsyncIterator[Connection]:
    """A raw connection outside any transaction, for reading."""
    async with service(request).database.connection() as opened:
        yield opened


ServiceDep = Annotated[Service, Depends(service)]
ActorDep = Annotated[Actor, Depends(actor)]
SessionDep = Annotated[AsyncSession, Depends(session, scope="function")]
ReadingDep = Annotated[AsyncSession, Depends(reading, scope="function")]
ConnectionDep = Annotated[Connection, Depends(connection, scope="function")]


async def moment(session: SessionDep) -> datetime:
    """Now, on the database's clock."""
    return await now(session)


NowDep = Annotated[datetime, Depends(moment, scope="function")]

"""Sends bytes to an address somebody else chose, and to nothing inside the house.

Decides nothing about which addresses may be reached (`app.actions.outward.reachable` does): the name is looked up once, every address
it has must be one that may, and the connection goes to the very address that was looked at, so that a name cannot mean another
one a moment later. Redirects are not followed, answers are not read.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import httpx2

from app.actions.outward.reachable import Address, Network, is_reachable, literal
from app.actions.outward.webhook_deliveries import Answer

TIMEOUT_SECONDS: Final = 15.0


class NotReachable(Exception):
    """The address may not, or cannot, be reached. The text is a code."""


async def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    allowed: Sequence[Network] = (),
    context: ssl.SSLContext | None = None,
) -> Answer:
    """One try. Never raises for what the other side does: the answer says what it was."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await _post(url, body, headers=headers, allowed=allowed, context=context)
    except NotReachable as error:
        return Answer(status=None, reason=str(error))
    except TimeoutError:
        return Answer(status=None, reason="timeout")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError):
        return Answer(status=None, reason="unreachable")


async def _post(
    url: str, body: bytes, *, headers: Mapping[str, str], allowed: Sequence[Network], context: ssl.SSLContext | None
) -> Answer:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = await _looked_up(host, port, allowed=allowed)
    pinned = httpx2.URL(url).copy_with(host=str(address))
    # The connection goes to the address; the name stands in the request and is what the certificate must be for.
    named = {**headers, "host": parts.netloc.rpartition("@")[2]}
    async with (
        httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False, verify=context or True) as client,
        client.stream("POST", pinned, content=body, headers=named, extensions={"sni_hostname": host}) as response,
    ):
        return Answer(status=response.status_code, reason=None if response.is_success else "refused")


async def _looked_up(host: str, port: int, *, allowed: Sequence[Network]) -> Address:
    written = literal(host)
    if written is not None:
        found = [written]
    else:
        try:
            rows = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NotReachable("unknown_host") from None
        found = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]
    if not found or not all(is_reachable(each, allowed=allowed) for each in found):
        raise NotReachable("private_address")
    return found[0]

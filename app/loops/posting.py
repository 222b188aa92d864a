"""Sends bytes to an address somebody else chose, and to nothing inside the house.

Decides which addresses may be reached: the name is looked up once, every address it has must be public, and the connection
goes to the very address that was looked at, so that a name cannot mean another one a moment later. Redirects are not
followed, answers are not read.
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

from app.actions.webhook_deliveries import Answer
from app.errors import Invalid

TIMEOUT_SECONDS: Final = 15.0
LONGEST_URL: Final = 2_000
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class NotReachable(Exception):
    """The address may not, or cannot, be reached. The text is a code."""


def check_url(url: str, *, allowed: Sequence[Network] = ()) -> str:
    """The URL itself is sound: https, or http where private networks are allowed. Raises `Invalid`."""
    try:
        parts = urlsplit(url)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        raise Invalid("This is not a URL.", code="wrong_url") from None
    schemes = {"https", "http"} if allowed else {"https"}
    if len(url) > LONGEST_URL or parts.scheme not in schemes or not parts.hostname or not port_is_sound:
        raise Invalid("The URL must begin with https:// and name a host.", code="wrong_url")
    if parts.username or parts.password or parts.fragment or any(letter <= " " for letter in url):
        raise Invalid("The URL must not hold a user, a password, a fragment or blanks.", code="wrong_url")
    literal = _literal(parts.hostname)
    if literal is not None and not is_reachable(literal, allowed=allowed):
        raise Invalid("This address is not public.", code="wrong_url")
    return url


def is_reachable(address: Address, *, allowed: Sequence[Network] = ()) -> bool:
    """Whether it is public, also where an old address hides in a new one; or one of the networks that are allowed."""
    inner = _inner(address)
    if any(each.version == network.version and each in network for each in (address, inner) for network in allowed):
        return True
    return all(each.is_global and not each.is_multicast for each in (address, inner))


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
    literal = _literal(host)
    if literal is not None:
        found = [literal]
    else:
        try:
            rows = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NotReachable("unknown_host") from None
        found = [ipaddress.ip_address(row[4][0].partition("%")[0]) for row in rows]
    if not found or not all(is_reachable(each, allowed=allowed) for each in found):
        raise NotReachable("private_address")
    return found[0]


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)

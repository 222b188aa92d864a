"""Which addresses that somebody else chose may be reached from here: public ones, and nothing inside the house.

Decides by the address alone. Looks nothing up and connects to nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from app.errors import Invalid

LONGEST_URL: Final = 2_000
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""All that was ever given out of the new addresses; outside it old ones hide in many more ways than are named here."""


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
    if parts.username or parts.password or parts.fragment or not all("!" <= letter <= "~" for letter in url):
        raise Invalid(
            "The URL must not hold a user, a password, a fragment, blanks or letters past ASCII.", code="wrong_url"
        )
    written = literal(parts.hostname)
    if written is not None and not is_reachable(written, allowed=allowed):
        raise Invalid("This address is not public.", code="wrong_url")
    return url


def is_reachable(address: Address, *, allowed: Sequence[Network] = ()) -> bool:
    """Whether it is public, also where an old address hides in a new one; or one of the networks that are allowed."""
    inner = _inner(address)
    if any(each.version == network.version and each in network for each in (address, inner) for network in allowed):
        return True
    return all(_is_public(each) for each in (address, inner))


def literal(host: str) -> Address | None:
    """The address itself, where a host is written as one."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and not (address in _UNICAST or address in _NAT64):
        return False
    return address.is_global and not address.is_multicast


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)

"""Going out to other servers, for URLs that people give: never to private places, whatever a name resolves to.

A name is resolved once, every address it has is checked, and the connection goes to a checked address, so that a
second answer of the name server (DNS rebinding) changes nothing. Redirects are never followed here.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import httpx2
from starlette.concurrency import run_in_threadpool

from unmask import __version__
from unmask.core.errors import UnmaskError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_TIMES = httpx2.Timeout(10.0)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PlaceRefused(UnmaskError):
    """A URL leads to a place that this server does not go to."""


class PlaceUnreachable(UnmaskError):
    """A URL's server does not answer as it should."""


@asynccontextmanager
async def request(
    method: str,
    url: str,
    networks: Iterable[Network],
    *,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[httpx2.Response]:
    """Ask another server, without following redirects.

    Args:
        method: HTTP method.
        url: http or https.
        networks: Private networks that may be reached nevertheless.
        content: Body.
        headers: Further headers.

    Raises:
        PlaceRefused: The URL is not one to go to.
        PlaceUnreachable: There is no answer.
    """
    parts = urlsplit(url)
    host, port = place(url)
    address = await run_in_threadpool(checked_address, host, port, tuple(networks))
    literal = f"[{address}]" if address.version == 6 else str(address)
    target = urlunsplit((parts.scheme, f"{literal}:{port}", parts.path or "/", parts.query, ""))
    sent = {
        "Host": parts.netloc.rpartition("@")[2],
        "User-Agent": f"unmask/{__version__}",
        "Accept-Encoding": "identity",
        **(headers or {}),
    }
    try:
        # The environment's proxies are left out: they would resolve the name again, and elsewhere.
        async with (
            httpx2.AsyncClient(trust_env=False, timeout=_TIMES, follow_redirects=False) as client,
            client.stream(method, target, headers=sent, content=content, extensions={"sni_hostname": host}) as response,
        ):
            yield response
    except httpx2.HTTPError as error:
        message = f"{host} does not answer as it should ({type(error).__name__}). Check the URL."
        raise PlaceUnreachable(message) from error


def place(url: str) -> tuple[str, int]:
    """Read host and port of a URL.

    Raises:
        PlaceRefused: It is not one to go to.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise PlaceRefused(f"That is no URL: {error}.") from error
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or not url.isprintable():
        raise PlaceRefused("Give a URL that begins with http:// or https:// and holds no password.")
    return host, port or {"http": 80, "https": 443}[parts.scheme]


def checked_address(host: str, port: int, networks: tuple[Network, ...]) -> Address:
    """Resolve a name, once, to an address that may be reached.

    Raises:
        PlaceRefused: One of its addresses is private.
        PlaceUnreachable: It has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PlaceUnreachable(f"The name {host!r} cannot be resolved. Check the URL.") from error
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    for address in addresses:
        if not is_public(address) and not any(address in network for network in networks):
            raise PlaceRefused(f"{host!r} leads to {address}, which is not a public address.")
    return addresses[0]


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the public internet, whatever it is wrapped in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None,))[0]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast

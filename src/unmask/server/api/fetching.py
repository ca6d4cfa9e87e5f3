"""Fetching a medium from a URL, with every limit that an upload has."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import httpx2
from starlette.concurrency import run_in_threadpool

from unmask.media.file import HEAD_BYTES
from unmask.server.intake import Received, check_kind, clean_name
from unmask.server.security.outside import PlaceUnreachable, request
from unmask.server.settings import Settings
from unmask.server.storage.files import Incoming

_MOST_REDIRECTS = 5


async def fetch(url: str, incoming: Incoming, settings: Settings) -> Received:
    """Fetch a file.

    Args:
        url: Where it is.
        incoming: Where it goes.
        settings: Time limit, and private networks that may be reached.

    Raises:
        PlaceRefused: The URL, or one that it redirects to, leads to a private place.
        PlaceUnreachable: There is no such file, or it takes too long.
        MediaTooLarge: It has too many bytes.
        UnsupportedMedia: It is clearly no medium.
    """
    try:
        async with asyncio.timeout(settings.url_time_s):
            for _ in range(_MOST_REDIRECTS + 1):
                async with request("GET", url, settings.private_networks) as response:
                    if response.is_redirect:
                        url = urljoin(url, response.headers.get("location", ""))
                        continue
                    return await _take(url, response, incoming)
    except TimeoutError as error:
        message = f"Fetching took longer than {settings.url_time_s:g} s. Download the file and hand it in."
        raise PlaceUnreachable(message) from error
    raise PlaceUnreachable(f"The URL redirects more than {_MOST_REDIRECTS} times.")


async def _take(url: str, response: httpx2.Response, incoming: Incoming) -> Received:
    if response.status_code != 200:
        message = f"{urlsplit(url).hostname} answers {response.status_code} instead of the file. Check the URL."
        raise PlaceUnreachable(message)
    name, head = clean_name(unquote(PurePosixPath(urlsplit(url).path).name)), b""
    async for chunk in response.aiter_raw():
        if len(head) < HEAD_BYTES:
            head = (head + chunk)[:HEAD_BYTES]
        await run_in_threadpool(incoming.write, chunk)
    stored = await run_in_threadpool(incoming.finish)
    check_kind(head, name)
    return Received(name, incoming.path, stored)

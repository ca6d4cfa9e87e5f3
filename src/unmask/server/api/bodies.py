"""Reading request bodies while they come in: with a limit on every byte and a least pace, straight to the disk."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from unmask.media.file import HEAD_BYTES
from unmask.server.intake import Received, check_kind, clean_name
from unmask.server.problems import Refused
from unmask.server.settings import Settings
from unmask.server.storage.files import FileStore, Incoming

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_GRACE_S = 10.0
_GATHER_BYTES = 2**18
_MOST_WORDS = 64 * 1024
_SLOW = "The body came in too slowly. Hand it in again over a better line, or by a resumable upload."


async def paced(request: Request, settings: Settings) -> AsyncIterator[bytes]:
    """Read a body, gathered into pieces that are worth a write.

    Raises:
        Refused: With 408, if it comes in more slowly than the least pace.
    """
    start, count, held = time.monotonic(), 0, bytearray()
    chunks = request.stream()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(chunks, None), _GRACE_S)
        except TimeoutError as error:
            raise Refused(408, "too_slow", _SLOW, {"Connection": "close"}) from error
        if chunk is None:
            break
        count += len(chunk)
        spent_s = time.monotonic() - start
        if spent_s > _GRACE_S and count < settings.min_upload_rate * (spent_s - _GRACE_S):
            raise Refused(408, "too_slow", _SLOW, {"Connection": "close"})
        held += chunk
        if len(held) >= _GATHER_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def receive_files(request: Request, store: FileStore, settings: Settings, field: str) -> AsyncFiles:
    """Open a multipart body; used as an async context that gives the files."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Refused(415, "not_multipart", f"Send multipart/form-data with the field `{field}`.")
    most = settings.max_batch if field == "files" else 1
    return AsyncFiles(request, _Form(store, settings, field, most), options[b"boundary"], settings)


class AsyncFiles:
    """The files of a body; on leaving the context those that nobody took are deleted."""

    def __init__(self, request: Request, form: _Form, boundary: bytes, settings: Settings) -> None:
        self._request, self._form, self._boundary, self._settings = request, form, boundary, settings

    async def __aenter__(self) -> list[Received]:
        parser = MultipartParser(self._boundary, self._form.callbacks())
        try:
            with _malformed_named():
                async for chunk in paced(self._request, self._settings):
                    await run_in_threadpool(parser.write, chunk)
                parser.finalize()
            return self._form.whole()
        except BaseException:
            self._form.close()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._form.close()


class _Form:
    """What a multipart parser calls: keeps the files of one field, skips all else."""

    def __init__(self, store: FileStore, settings: Settings, field: str, most: int) -> None:
        self._store, self._settings, self._field, self._most = store, settings, field, most
        self._open = ExitStack()
        self._incoming: Incoming | None = None
        self._received: list[Received] = []
        self._name, self._head, self._words = "", bytearray(), 0
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._headers.clear,
            "on_header_field": lambda data, start, end: self._word(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._word(1, data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._begin,
            "on_part_data": lambda data, start, end: self._data(data[start:end]),
            "on_part_end": self._end,
        }

    def whole(self) -> list[Received]:
        if not self._received:
            raise Refused(422, "no_file", f"There is no file in the field `{self._field}`.")
        return self._received

    def close(self) -> None:
        self._open.close()

    def _word(self, place: int, data: bytes) -> None:
        self._count_words(data)
        self._header[place].extend(data)

    def _count_words(self, data: bytes) -> None:
        self._words += len(data)
        if self._words > _MOST_WORDS * (1 + len(self._received)):
            raise Refused(413, "form_too_large", "The form holds too much besides its files.")

    def _header_end(self) -> None:
        self._headers[bytes(self._header[0]).lower()] = bytes(self._header[1])
        for part in self._header:
            part.clear()

    def _begin(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        if b"filename" not in options:
            return
        if (name := options.get(b"name", b"")) != self._field.encode():
            where = name.decode("utf-8", "replace")[:40]
            raise Refused(422, "no_file", f"A file stands in the field `{where}`; expected it in `{self._field}`.")
        if len(self._received) >= self._most:
            raise Refused(413, "too_many_files", f"More than {self._most} files at once; hand in the rest later.")
        self._name = clean_name(options[b"filename"].decode("utf-8", "replace"))
        self._head.clear()
        self._incoming = self._open.enter_context(self._store.begin(self._settings.max_bytes))

    def _data(self, data: bytes) -> None:
        if self._incoming is None:
            self._count_words(data)
            return
        if len(self._head) < HEAD_BYTES:
            self._head += data[: HEAD_BYTES - len(self._head)]
            if len(self._head) == HEAD_BYTES:
                check_kind(bytes(self._head), self._name)
        self._incoming.write(data)

    def _end(self) -> None:
        if self._incoming is None:
            return
        stored = self._incoming.finish()
        check_kind(bytes(self._head), self._name)
        self._received.append(Received(self._name, self._incoming.path, stored))
        self._incoming = None


@contextlib.contextmanager
def _malformed_named() -> Iterator[None]:
    try:
        yield
    except MultipartParseError as error:
        raise Refused(400, "malformed", f"The multipart body is malformed: {error}.") from error

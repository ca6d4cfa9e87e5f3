"""Uploads that may be interrupted: what has come in lies on the disk, and its size is how far the upload is."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, update
from starlette.concurrency import run_in_threadpool

from unmask.core.errors import MediaTooLarge
from unmask.server.storage.database import Database
from unmask.server.storage.files import FileStore, Stored, full_disk_named
from unmask.server.storage.tables import UploadRow, new_id


class UploadBusy(Exception):
    """Another request is writing to the same upload."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload.

    Attributes:
        id: Names it.
        name: Of the file, as people know it.
        length: Bytes in all.
        offset: Bytes that have come in.
        job: The job it became; None before.
        path: Where its bytes are.
    """

    id: str
    name: str
    length: int
    offset: int
    job: str | None
    path: Path


class UploadStore:
    """Keeps uploads.

    Args:
        database: What is known of them.
        files: Where their bytes go in the end.
    """

    def __init__(self, database: Database, files: FileStore) -> None:
        self._database, self._files = database, files
        self._busy: set[str] = set()

    def begin(self, name: str, length: int) -> Upload:
        """Begin an upload.

        Raises:
            StorageFull: The file would not fit.
        """
        self._files.check_room(length)
        upload = new_id()
        path = self._files.incoming_folder / upload
        with full_disk_named():
            path.touch()
        with self._database.writing() as session:
            session.add(UploadRow(id=upload, name=name, length=length, created_at=time.time()))
        return Upload(upload, name, length, 0, None, path)

    def find(self, upload: str) -> Upload | None:
        """Find an upload and see how far it is."""
        with self._database.reading() as session:
            row = session.get(UploadRow, upload)
        if row is None:
            return None
        path = self._files.incoming_folder / row.id
        offset = path.stat().st_size if path.is_file() else row.length if row.job else 0
        return Upload(row.id, row.name, row.length, offset, row.job, path)

    @contextlib.contextmanager
    def alone(self, upload: str) -> Iterator[None]:
        """Be the only one to write to an upload.

        Raises:
            UploadBusy: Somebody else is.
        """
        if upload in self._busy:
            raise UploadBusy
        self._busy.add(upload)
        try:
            yield
        finally:
            self._busy.discard(upload)

    async def append(self, upload: Upload, pieces: AsyncIterator[bytes]) -> int:
        """Write what comes in, also if it breaks off in the middle.

        Returns:
            The new offset.

        Raises:
            MediaTooLarge: More comes in than was announced.
            StorageFull: The disk is full; what fitted is kept.
        """
        offset = upload.offset
        with full_disk_named(), upload.path.open("ab") as stream:
            async for piece in pieces:
                if offset + len(piece) > upload.length:
                    raise MediaTooLarge(
                        f"More came than the {upload.length} bytes that were announced; what fitted is kept. "
                        "Announce the length of the whole file."
                    )
                await run_in_threadpool(stream.write, piece)
                offset += len(piece)
            await run_in_threadpool(stream.flush)
        return offset

    def whole(self, upload: Upload) -> Stored:
        """Take the digest of an upload that is complete."""
        with upload.path.open("rb") as stream:
            os.fsync(stream.fileno())
            return Stored(hashlib.file_digest(stream, "sha256").hexdigest(), upload.length)

    def became(self, upload: Upload, job: str) -> None:
        """Note which job an upload became."""
        with self._database.writing() as session:
            session.execute(update(UploadRow).where(UploadRow.id == upload.id).values(job=job))

    def remove(self, upload: Upload) -> None:
        """Forget an upload and its bytes."""
        with self._database.writing() as session:
            session.execute(delete(UploadRow).where(UploadRow.id == upload.id))
        upload.path.unlink(missing_ok=True)

"""Media by content: each file lies once, under the digest of its bytes, and appears only when it is whole."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from unmask.core.errors import InputError, MediaTooLarge, UnmaskError
from unmask.server.storage.tables import new_id

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class StorageFull(UnmaskError):
    """There is no room left for media."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store.

    Attributes:
        sha256: Digest of its bytes, lower-case hexadecimal.
        bytes: Its size.
    """

    sha256: str
    bytes: int


class FileStore:
    """Keeps files.

    Args:
        root: Folder; made if missing.
        min_free_bytes: Disk space that is left free.
    """

    def __init__(self, root: Path, *, min_free_bytes: int = 0) -> None:
        self._files, self.incoming_folder = root / "files", root / "incoming"
        self._min_free_bytes = min_free_bytes
        for folder in (self._files, self.incoming_folder):
            folder.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Say where a file lies, or would."""
        return self._files / sha256[:2] / sha256

    def begin(self, max_bytes: int) -> Incoming:
        """Open a file that is to come in.

        Args:
            max_bytes: Its largest size.

        Raises:
            StorageFull: The disk is as good as full.
        """
        self.check_room(0)
        return Incoming(self.incoming_folder / new_id(), max_bytes)

    def check_room(self, wanted_bytes: int) -> None:
        """Check that a file of some size still fits.

        Raises:
            StorageFull: It does not.
        """
        if shutil.disk_usage(self.incoming_folder).free < self._min_free_bytes + wanted_bytes:
            raise StorageFull("There is no room left on the server's disk. Delete old items, then hand it in again.")

    def keep(self, path: Path, stored: Stored) -> None:
        """Move a whole file in; one with the same content is replaced by it, which changes nothing."""
        target = self.path(stored.sha256)
        target.parent.mkdir(exist_ok=True)
        path.replace(target)

    def remove(self, sha256: str) -> None:
        """Delete a file, if it is there."""
        self.path(sha256).unlink(missing_ok=True)

    def digests(self) -> list[str]:
        """List the digests of all files."""
        return [path.name for path in self._files.glob("??/*")]


class Incoming:
    """A file on its way in; on leaving the context it is deleted unless the store took it.

    Args:
        path: Where its bytes are gathered.
        max_bytes: Its largest size.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path, self._max_bytes = path, max_bytes
        self._digest, self._bytes = hashlib.sha256(), 0
        with full_disk_named():
            self._stream: BinaryIO = path.open("xb")

    def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            MediaTooLarge: It passes its largest size.
            StorageFull: The disk is full.
        """
        self._bytes += len(data)
        if self._bytes > self._max_bytes:
            raise too_large(self._max_bytes)
        self._digest.update(data)
        with full_disk_named():
            self._stream.write(data)

    def finish(self) -> Stored:
        """Write everything to the disk.

        Raises:
            InputError: It is empty.
            StorageFull: The disk is full.
        """
        if not self._bytes:
            raise InputError("The file is empty (0 bytes); expected an image, a video or a sound.")
        with full_disk_named():
            self._stream.flush()
            os.fsync(self._stream.fileno())
        return Stored(self._digest.hexdigest(), self._bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _t: TracebackType | None
    ) -> None:
        with full_disk_named():
            self.path.unlink(missing_ok=True)
            self._stream.close()


def too_large(max_bytes: int) -> MediaTooLarge:
    """Phrase that a file passes the limit."""
    return MediaTooLarge(f"The file has more than {max_bytes} bytes, the most that this server takes. Cut it first.")


class full_disk_named:  # noqa: N801 - a context manager that reads like a verb
    """Turns the system's word for a full disk into `StorageFull`."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _t: TracebackType | None
    ) -> None:
        if isinstance(error, OSError) and error.errno in _FULL:
            message = "The server's disk is full. Delete old items, then hand it in again."
            raise StorageFull(message) from error

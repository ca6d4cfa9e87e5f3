"""What a layout finds: rows, and notes about what is missing or odd. Also the walk through folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from unmask.core.errors import DatasetInvalid
from unmask.core.events import Advanced, Listener, ignore
from unmask.datasets.manifest import Row

_SUFFIXES = {
    "image": ".jpg .jpeg .png .webp .bmp .tif .tiff .gif .avif .heic",
    "video": ".mp4 .mov .avi .mkv .webm .m4v .mpg .mpeg",
    "audio": ".wav .flac .mp3 .ogg .opus .m4a .aac .aiff .aif",
}
KIND_OF = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_UNFINISHED = frozenset({".part", ".partial", ".crdownload", ".download", ".aria2", ".tmp"})
_TELL_EVERY = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """What people may add to a layout.

    Attributes:
        source: Name of the collection; the layout's own name when empty.
        columns: For tables: column of the manifest -> column of the table.
        real: For tables: what stands in the label column of genuine media, beside the usual words.
        fake: The same for forged media.
    """

    source: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    real: tuple[str, ...] = ()
    fake: tuple[str, ...] = ()


class Found:
    """Collects what a layout finds.

    Attributes:
        root: What people named.
        wish: What they added.
        rows: What was found.
        notes: What is missing or odd, one sentence each.
    """

    def __init__(self, root: Path, wish: Wish, source: str, listener: Listener = ignore) -> None:
        self.root = root
        self.wish = wish
        self.source = wish.source or source
        self.rows: list[Row] = []
        self.notes: list[str] = []
        self._listener = listener
        self._walked = 0
        self._unreadable: list[str] = []
        self._unfinished: list[str] = []
        self._closed: list[str] = []
        self._missing: dict[str, list[str]] = {}

    def add(
        self, path: Path, label: int, *, method: str = "", group: str = "", split: str = "", compression: str = ""
    ) -> None:
        """Add a row; `group` is prefixed with the source, and is the file itself when empty.

        A path that is no UTF-8 becomes a note: no manifest could hold it.
        """
        try:
            str(path).encode("utf-8")
        except UnicodeEncodeError:
            self._unreadable.append(_printable(path))
            return
        own = group or path.relative_to(self.root).as_posix()
        kind = KIND_OF[path.suffix.lower()]
        self.rows.append(Row(path, kind, label, self.source, method, f"{self.source}:{own}", split, compression))

    def files(self, folder: Path, *kinds: str) -> list[Path]:
        """List media below a folder, in order of their names; none if there is no such folder.

        Hidden files are passed over; unfinished downloads and closed folders become notes.
        """
        return [path for path in self._below(folder) if KIND_OF.get(path.suffix.lower()) in kinds]

    def folder(self, name: str, *, within: Path | None = None) -> Path | None:
        """Find a folder directly or up to three levels below, whatever its case; None if there is none."""
        level = [within or self.root]
        for _ in range(3):
            entries = sorted(entry for place in level for entry in _folders(place))
            for entry in entries:
                if entry.name.lower() == name.lower():
                    return entry
            level = entries
        return None

    def file(self, *names: str) -> Path | None:
        """Find the first file below the root that has one of these names; None if there is none."""
        for folder, _, files in os.walk(self.root):
            for name in names:
                if name in files:
                    return Path(folder) / name
        return None

    def miss(self, what: str, example: str) -> None:
        """Remember a file that a list names and that is not here."""
        self._missing.setdefault(what, []).append(example)

    def note(self, sentence: str) -> None:
        """Remember something that people should know."""
        self.notes.append(sentence)

    def settled(self) -> Found:
        """Turn what was remembered into notes.

        Raises:
            DatasetInvalid: Nothing was found.
        """
        lists = [(f"{what} names files that are not here", names) for what, names in self._missing.items()]
        lists.append(("Names that are no UTF-8 were left out; rename them", self._unreadable))
        lists.append(("Folders that may not be read were left out; change their mode", self._closed))
        lists.append(("Unfinished downloads were left out", self._unfinished))
        self.notes += [f"{what}: {len(names)}, for example {names[0]}{_rest(names)}." for what, names in lists if names]
        if not self.rows:
            why = " ".join(self.notes) or "It is empty, or holds no media."
            where = f"{_printable(self.root)}: nothing of this layout was found."
            message = f"{where} {why} See docs/datasets.md for the expected tree."
            raise DatasetInvalid(message)
        labels = {row.label for row in self.rows}
        if len(labels) == 1:
            self.note(f"Only {'forged' if labels == {1} else 'genuine'} media were found: one class cannot be learned.")
        return self

    def _below(self, top: Path) -> Iterator[Path]:
        entered: set[str] = set()
        for folder, folders, names in os.walk(top, onerror=self._close, followlinks=True):
            real = os.path.realpath(folder)
            folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
            if real in entered:
                folders.clear()
                continue
            entered.add(real)
            for name in sorted(names):
                self._walked += 1
                if self._walked % _TELL_EVERY == 0:
                    self._listener(Advanced("index", self._walked, 0, name))
                if not name.startswith(".") and self._usable(name):
                    yield Path(folder) / name

    def _close(self, error: OSError) -> None:
        self._closed.append(str(error.filename))

    def _usable(self, name: str) -> bool:
        if Path(name).suffix.lower() in _UNFINISHED:
            self._unfinished.append(name)
            return False
        return True


def _printable(path: Path) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode()


def _folders(place: Path) -> list[Path]:
    return [entry for entry in place.iterdir() if entry.is_dir() and not entry.name.startswith(".")]


def _rest(names: list[str]) -> str:
    return f", {names[1]}" if len(names) > 1 else ""

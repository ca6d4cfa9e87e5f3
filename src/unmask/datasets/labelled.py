"""New labelled media as people bring them: a manifest or table, a folder of one label, or folders real and fake."""

from __future__ import annotations

from pathlib import Path

from unmask.core.errors import DatasetInvalid, InvalidOption
from unmask.core.events import Listener, ignore
from unmask.datasets.found import KIND_OF, Found, Wish
from unmask.datasets.index import index_dataset
from unmask.datasets.manifest import LABELS


def read_labelled(
    path: Path, *, label: str = "", source: str = "", method: str = "", listener: Listener = ignore
) -> Found:
    """Read rows from whatever `path` is.

    Args:
        path: A CSV file; or a folder or a single medium, which all are of `label`; or, without a label, a folder with
            folders called real and fake.
        label: real, fake or empty.
        source: Name of the collection; by default the folder's name, or what the table says.
        method: Generator or manipulation of forged media.
        listener: Hears progress.

    Raises:
        InvalidOption: The label is neither real nor fake, or a single medium has none.
        DatasetInvalid: Nothing is there.
        ManifestInvalid: The table is damaged.
    """
    if label and label not in LABELS:
        message = f"The label is {label!r}; expected real or fake."
        raise InvalidOption(message)
    if path.suffix.lower() == ".csv":
        return index_dataset("csv", path, wish=Wish(source), listener=listener)
    if not label and path.is_dir():
        return index_dataset("folders", path, wish=Wish(source), listener=listener)
    if not path.exists():
        message = f"{path} is not there; expected a CSV file, a folder or a medium. Check its spelling."
        raise DatasetInvalid(message)
    if not label:
        message = f"{path}: say what it is with --label real or --label fake."
        raise InvalidOption(message)
    if path.is_file() and path.suffix.lower() not in KIND_OF:
        message = f"{path}: its suffix is that of no picture, clip or recording; give it the right one."
        raise DatasetInvalid(message)
    folder = path if path.is_dir() else path.parent
    found = Found(folder.absolute(), Wish(source), folder.absolute().name, listener)
    media = found.files(found.root, "image", "video", "audio") if path.is_dir() else [path.absolute()]
    for medium in media:
        found.add(medium, LABELS[label], method=(method or "unknown") if LABELS[label] else "")
    return found.settled()

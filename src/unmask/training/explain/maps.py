"""Where a network looked: Grad-CAM, Grad-CAM++ (the library `grad-cam`), and attention rollout for transformers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unmask.core.errors import InvalidOption, nearest
from unmask.core.records import F32Array
from unmask.training.timm_import import timm

KINDS = ("gradcam", "gradcam++")
_LEAST_CHANNELS = 8


class _Planes(nn.Module):
    """Takes units as the library wants pictures, channels first, and answers with one column."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, planes: Tensor) -> Tensor:
        """Shape (N, 3, S, S) or (N, 1, 1, L), float32, to the logit, (N, 1); one sequence, (T, 3, S, S), to (1, 1)."""
        units = planes[:, 0, 0] if planes.shape[1:3] == (1, 1) else planes.permute(0, 2, 3, 1)
        logit: Tensor = self.network(units[None] if _frames(self.network) else units)[0]
        return logit[:, None]


def gradient_maps(network: nn.Module, units: NDArray[Any], *, kind: str = "gradcam") -> F32Array:
    """Weigh the last feature map by the gradient of the logit.

    Grad-CAM: Selvaraju et al., ICCV 2017. Grad-CAM++: Chattopadhay et al., WACV 2018.

    Args:
        network: Maps units to ``(logit, evidence, embedding)``; in evaluation mode.
        units: Shape (N, S, S, 3) or, for sequences, (N, T, S, S, 3), uint8, RGB; or (N, L), float32.
        kind: One of `KINDS`.

    Returns:
        Shape (N, h, w), or (N, T, h, w) where the logit of a sequence is followed back to each of its crops; float32,
        each map scaled to [0, 1]; what speaks for a forgery is high.

    Raises:
        InvalidOption: There is no such kind, or the network has no feature map.
    """
    if kind not in KINDS:
        message = f"There is no map {kind!r}. {nearest(kind, KINDS)}"
        raise InvalidOption(message)
    timm()  # The library imports torchvision, which this makes possible beside a CPU build of PyTorch.
    from pytorch_grad_cam import GradCAM, GradCAMPlusPlus
    from pytorch_grad_cam.utils.model_targets import RawScoresOutputTarget

    layer, tokens = _target(network, units[:1])
    method = {"gradcam": GradCAM, "gradcam++": GradCAMPlusPlus}[kind]
    with _all_tuned(network), method(_Planes(network), [layer], reshape_transform=_places if tokens else None) as cam:
        cam.get_target_width_height = lambda _: None  # Maps stay as small as the network's; enlarging is for drawing.
        found = [cam(_planes(unit[None]), [RawScoresOutputTarget()]) for unit in units]
    maps = np.stack(found).astype(np.float32)
    return maps if _frames(network) else maps[:, 0]


def own_maps(evidence: F32Array, *, sequences: bool = False) -> F32Array | None:
    """Bring the evidence that a network gives itself to [0, 1].

    Args:
        evidence: Shape (N, h, w), logits; of sequences (N, T, places), the places being those of a square map.
        sequences: Whether it is of sequences.

    Returns:
        Shape (N, h, w) or (N, T, h, w), float32; None for single cells, which show no place.
    """
    places = evidence.shape[2] if sequences else evidence.shape[1] * evidence.shape[2]
    if places == 1:
        return None
    side = int(places**0.5)
    maps = evidence.reshape(*evidence.shape[:2], side, side) if sequences else evidence
    return np.asarray(1 / (1 + np.exp(-maps)), np.float32)


def attention_maps(network: nn.Module, units: NDArray[Any]) -> F32Array | None:
    """Follow attention from the class token (or the mean of all) back to the patches (Abnar and Zuidema, ACL 2020).

    Args:
        network: In evaluation mode.
        units: Shape (N, S, S, 3) or (N, T, S, S, 3), uint8, RGB.

    Returns:
        Shape (N, h, w) or (N, T, h, w), float32, each map scaled to [0, 1]; None for a network without attention over
        patches.
    """
    layers = _attention_layers(network)
    if not layers:
        return None
    seen: list[Tensor] = []
    hooks = [layer.attn_drop.register_forward_hook(lambda _m, _i, output: seen.append(output)) for layer in layers]  # type: ignore[union-attr]
    fused = [layer.fused_attn for layer in layers]
    for layer in layers:
        layer.fused_attn = False  # type: ignore[assignment]
    try:
        with torch.inference_mode():
            network(torch.from_numpy(units))
    finally:
        for layer, was, hook in zip(layers, fused, hooks, strict=True):
            layer.fused_attn = was
            hook.remove()
    maps = _rollout(seen)
    return maps.reshape(*units.shape[:-3], *maps.shape[1:])


def _rollout(seen: list[Tensor]) -> F32Array:
    flow = torch.eye(seen[0].shape[-1])[None]
    for attention in seen:
        mixed = 0.5 * attention.float().mean(dim=1) + 0.5 * torch.eye(attention.shape[-1])
        flow = (mixed / mixed.sum(dim=-1, keepdim=True)) @ flow
    side = int(flow.shape[-1] ** 0.5)
    extra = flow.shape[-1] - side * side
    rows = flow[:, 0] if extra else flow.mean(dim=1)
    maps = rows[:, extra:].reshape(-1, side, side).numpy()
    low, high = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
    return np.asarray((maps - low) / np.maximum(high - low, 1e-9), np.float32)


def _attention_layers(network: nn.Module) -> list[nn.Module]:
    return [layer for layer in network.modules() if hasattr(layer, "attn_drop") and hasattr(layer, "fused_attn")]


def _target(network: nn.Module, unit: NDArray[Any]) -> tuple[nn.Module, bool]:
    """The last layer that still knows places, and whether its output is a list of tokens."""
    blocks = [layer for layer in network.modules() if hasattr(layer, "norm1") and hasattr(layer, "attn")]
    if _attention_layers(network) and blocks:
        return blocks[-1].norm1, True  # type: ignore[return-value]
    ran: list[nn.Module] = []

    def note(layer: nn.Module, _inputs: object, output: Tensor) -> None:
        if output.ndim == 4 and output.shape[1] >= _LEAST_CHANNELS and output.shape[2] * output.shape[3] > 1:
            ran.append(layer)

    hooks = [layer.register_forward_hook(note) for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    try:
        with torch.inference_mode():
            network(torch.from_numpy(unit))
    finally:
        for hook in hooks:
            hook.remove()
    if not ran:
        message = f"{type(network).__name__} has no layer with a map of places, so Grad-CAM has nothing to draw."
        raise InvalidOption(message)
    return ran[-1], False


def _places(tokens: Tensor) -> Tensor:
    """Tokens, shape (N, T, C), to a map, shape (N, C, h, w), class and register tokens left out."""
    side = int(tokens.shape[1] ** 0.5)
    patches = tokens[:, tokens.shape[1] - side * side :].transpose(1, 2)
    return patches.reshape(*patches.shape[:2], side, side)


def _planes(units: NDArray[Any]) -> Tensor:
    """What `_Planes` takes; of one sequence its crops."""
    found = torch.from_numpy(units).float()
    found = found.flatten(0, 1) if found.ndim == 5 else found
    return found.permute(0, 3, 1, 2) if found.ndim == 4 else found[:, None, None]


def _frames(network: nn.Module) -> int:
    return int(getattr(network, "frames", 0))


@contextmanager
def _all_tuned(network: nn.Module) -> Iterator[None]:
    """Let gradients reach every layer, frozen ones as well; the library reads them there."""
    frozen = [parameter for parameter in network.parameters() if not parameter.requires_grad]
    for parameter in frozen:
        parameter.requires_grad = True
    try:
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad = False
        network.zero_grad(set_to_none=True)

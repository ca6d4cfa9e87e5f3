"""Forgeries that paint a face anew: through a latent autoencoder, or by enlarging a small one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from unmask.core.errors import WeightsMissing
from unmask.core.records import U8Array

_WIDTH = 64
_LATENT = 32
_LARGEST_PX = 384
_SCALES = (1.0, 1.0, 1.25, 1.5, 2.0)
_METHODS = (cv2.INTER_CUBIC, cv2.INTER_LANCZOS4, cv2.INTER_LINEAR)


def upscale(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    """Shrink a picture, enlarge it again and sharpen it, as super-resolution and small generators leave it.

    Args:
        pixels: Shape (H, W, 3), uint8, RGB.
        rng: Source of all choices.

    Returns:
        Shape (H, W, 3), uint8, RGB.
    """
    height, width = pixels.shape[:2]
    factor = float(rng.uniform(2.0, 4.0))
    small = (max(round(width / factor), 16), max(round(height / factor), 16))
    tiny = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    large = cv2.resize(tiny, (width, height), interpolation=int(rng.choice(_METHODS))).astype(np.float32)
    sigma = factor * float(rng.uniform(0.4, 0.7))
    sharp = large + float(rng.uniform(0.6, 1.8)) * (large - cv2.GaussianBlur(large, (0, 0), sigma))
    return np.clip(sharp + 0.5, 0, 255).astype(np.uint8)


class Reconstructor:
    """Sends pictures through a tiny latent autoencoder (Bohan: TAESD), which leaves a diffusion decoder's traces.

    The same content with and without these traces is the fairest pair there is.

    Args:
        folder: With ``taef2_encoder.pth`` and ``taef2_decoder.pth``, plain tables of weights.

    Raises:
        WeightsMissing: They are not there, or are those of another network.
    """

    def __init__(self, folder: Path) -> None:
        self._encoder, self._decoder = _encoder(), _decoder()
        for name, network in (("encoder", self._encoder), ("decoder", self._decoder)):
            path = folder / f"taef2_{name}.pth"
            try:
                network.load_state_dict(torch.load(path, weights_only=True))
            except (OSError, RuntimeError) as error:
                message = f"{path}: cannot be loaded as the {name} of the tiny autoencoder; see forge.autoencoder."
                raise WeightsMissing(message) from error
            network.eval().requires_grad_(requires_grad=False)
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # A sixth quicker on a CPU.

    def through(self, pixels: U8Array) -> U8Array:
        """Encode and decode.

        Args:
            pixels: Shape (H, W, 3), uint8, RGB, sides of multiples of 8; see `fitted`.

        Returns:
            Shape (H, W, 3), uint8, RGB.
        """
        x = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float() / 255
        x = x.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            y = self._decoder(self._encoder(x)).clamp(0, 1)
        return np.asarray((y[0].permute(1, 2, 0) * 255 + 0.5).byte().numpy(), np.uint8)


def fitted(pixels: U8Array, rng: np.random.Generator) -> U8Array:
    """Resize a square picture to a multiple of 8: as it is or up to twice as large, but at most 384 px for the pace.

    Generators paint at many sizes, and what a face is scaled by afterwards moves their traces to other frequencies. The
    genuine source is resized with its forgery: what tells the two apart must be the decoder alone.
    """
    side = min(int(pixels.shape[0] * float(rng.choice(_SCALES))), _LARGEST_PX) // 8 * 8
    method = cv2.INTER_AREA if side <= pixels.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=method), np.uint8)


class _Block(nn.Module):
    """Three convolutions beside a shortcut; blocks at the latent's size also look at groups of channels together."""

    def __init__(self, *, pooled: bool) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for _ in range(3):
            steps += [nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1), nn.ReLU()]
        self.conv = nn.Sequential(*steps[:-1])
        wide = 4 * _WIDTH
        if pooled:
            enter, leave = nn.Conv2d(_WIDTH, wide, 1, bias=False), nn.Conv2d(wide, _WIDTH, 1, bias=False)
            self.pool: nn.Module | None = nn.Sequential(enter, nn.GroupNorm(4, wide), nn.ReLU(), leave)
        else:
            self.pool = None

    def forward(self, x: Tensor) -> Tensor:
        if self.pool is not None:
            x = x + self.pool(x)
        return torch.relu(self.conv(x) + x)


class _Bounded(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 3) * 3


def _blocks(count: int, *, pooled: bool = False) -> list[nn.Module]:
    return [_Block(pooled=pooled) for _ in range(count)]


def _plain(*, stride: int = 1) -> nn.Module:
    return nn.Conv2d(_WIDTH, _WIDTH, 3, stride=stride, padding=1, bias=False)


def _encoder() -> nn.Sequential:
    parts: list[nn.Module] = [nn.Conv2d(3, _WIDTH, 3, padding=1), *_blocks(1)]
    for level in range(3):
        parts += [_plain(stride=2), *_blocks(3, pooled=level == 2)]
    return nn.Sequential(*parts, nn.Conv2d(_WIDTH, _LATENT, 3, padding=1))


def _decoder() -> nn.Sequential:
    parts: list[nn.Module] = [_Bounded(), nn.Conv2d(_LATENT, _WIDTH, 3, padding=1), nn.ReLU()]
    for level in range(3):
        parts += [*_blocks(3, pooled=level == 0), nn.Upsample(scale_factor=2), _plain()]
    return nn.Sequential(*parts, *_blocks(1), nn.Conv2d(_WIDTH, 3, 3, padding=1))

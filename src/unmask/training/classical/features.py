"""From crops to numbers. Written as networks without weights, so that training and the exported graph share them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from unmask.training.architectures.transforms import cosine_matrix, fourier_matrices, grey_of, spectrum

_SMALL_PX = 32
_BLOCK_PX = 8


class SmallGrey(nn.Module):
    """The face as a small grey picture, one number for each pixel."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Shape (N, S, S, 3), uint8, RGB, S a multiple of 32, to (N, 1024)."""
        grey = grey_of(pixels)[:, None]
        return nn.functional.avg_pool2d(grey, grey.shape[2] // _SMALL_PX).flatten(1)


class AzimuthalSpectrum(nn.Module):
    """Logarithm of the power at each radius of the spectrum, averaged over all directions (Durall et al., CVPR 2020).

    Args:
        size_px: Side of the crop.
    """

    real: Tensor
    imaginary: Tensor
    rings: Tensor

    def __init__(self, size_px: int) -> None:
        super().__init__()
        for name, matrix in zip(("real", "imaginary"), fourier_matrices(size_px), strict=True):
            self.register_buffer(name, matrix, persistent=False)
        step = torch.fft.fftfreq(size_px) * size_px
        radius = torch.hypot(step[:, None], step[None]).round().long().flatten()
        rings = nn.functional.one_hot(radius.clamp(max=size_px // 2), size_px // 2 + 1).float()
        self.register_buffer("rings", (rings / rings.sum(dim=0))[:, : size_px // 2], persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Shape (N, S, S, 3), uint8, RGB, to (N, S/2); the first entry is the mean brightness's."""
        real, imaginary = spectrum(grey_of(pixels), self.real, self.imaginary)
        power = (real.square() + imaginary.square()).flatten(1) @ self.rings
        return (power + 1e-6).log()


class CosineStatistics(nn.Module):
    """Mean size and spread of each coefficient of cosine transforms of 8 x 8 blocks (after Frank et al., ICML 2020)."""

    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        rows = cosine_matrix(_BLOCK_PX)
        filters = torch.einsum("ay,bx->abyx", rows, rows).reshape(_BLOCK_PX**2, 1, _BLOCK_PX, _BLOCK_PX)
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Shape (N, S, S, 3), uint8, RGB, to (N, 128): 64 logarithms of mean sizes, 64 of spreads."""
        # A stride of 3 lets blocks begin anywhere, since crops do not keep the grid that a codec used.
        found = nn.functional.conv2d(grey_of(pixels)[:, None] * 127.5, self.filters, stride=3).flatten(2)
        size = found.abs().mean(dim=2)
        spread = (found.square().mean(dim=2) - found.mean(dim=2).square()).clamp(min=0)
        return torch.cat([(size + 1e-2).log(), (spread + 1e-4).log() / math.sqrt(2)], dim=1)

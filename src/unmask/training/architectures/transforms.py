"""Fourier and cosine transforms as fixed matrix products, which every runtime of graphs knows."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def cosine_matrix(size: int) -> Tensor:
    """The orthonormal DCT-II: ``D @ x`` transforms, ``D.T @ X`` goes back. Shape (size, size), float32."""
    frequency, place = torch.arange(size, dtype=torch.float64)[:, None], torch.arange(size, dtype=torch.float64)[None]
    matrix = torch.cos(math.pi * frequency * (2 * place + 1) / (2 * size)) * math.sqrt(2 / size)
    matrix[0] /= math.sqrt(2)
    return matrix.float()


def fourier_matrices(size: int) -> tuple[Tensor, Tensor]:
    """Real and imaginary part of the orthonormal DFT matrix, each of shape (size, size), float32; both symmetric."""
    places = torch.arange(size, dtype=torch.float64)
    # The product is reduced before the angle is taken, since large angles lose digits.
    angle = 2 * math.pi * ((places[:, None] * places[None]) % size) / size
    scale = 1 / math.sqrt(size)
    return (torch.cos(angle) * scale).float(), (-torch.sin(angle) * scale).float()


def exactly(x: Tensor) -> torch.autocast:
    """A context without 16-bit arithmetic, in which a transform of hundreds of terms would drown."""
    return torch.autocast(x.device.type, enabled=False)


def spectrum(grey: Tensor, real: Tensor, imaginary: Tensor) -> tuple[Tensor, Tensor]:
    """Two-dimensional DFT of real pictures.

    Args:
        grey: Shape (N, S, S).
        real: From `fourier_matrices`.
        imaginary: Likewise.

    Returns:
        Real and imaginary part, each of shape (N, S, S), the zero frequency at the corner.
    """
    along_real, along_imaginary = grey @ real, grey @ imaginary
    return real @ along_real - imaginary @ along_imaginary, real @ along_imaginary + imaginary @ along_real


def grey_of(pixels: Tensor) -> Tensor:
    """Brightness (ITU-R BT.601) of crops of shape (N, S, S, 3), uint8, RGB; shape (N, S, S), float32 in [-1, 1]."""
    weights = torch.tensor([0.299, 0.587, 0.114], device=pixels.device) / 127.5
    return (pixels.float() * weights).sum(dim=3) - 1

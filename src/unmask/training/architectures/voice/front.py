"""From samples to what the networks look at: level, short-time power spectrum, linear cepstrum, sinc filters.

Everything is a convolution with fixed kernels, which every runtime knows, so training and scanning cannot differ.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from unmask.core.records import F32Array

RATE_HZ = 16000
SAMPLES = 64000
BINS = 512
_HOP = 160


def even_level(samples: Tensor) -> Tensor:
    """Take away the mean and scale to a root mean square of 1; silence stays silence. Shape (N, L) in and out."""
    x = samples - samples.mean(dim=1, keepdim=True)
    return x / (x.square().mean(dim=1, keepdim=True) + 1e-10).sqrt()


def precisely(module: nn.Module, x: Tensor) -> Tensor:
    """Run a module in float32, also inside a block of mixed precision; power spectra and filters need it."""
    if not torch.is_autocast_enabled(x.device.type):
        return module(x)  # type: ignore[no-any-return]
    with torch.autocast(x.device.type, enabled=False):
        return module(x.float())  # type: ignore[no-any-return]


class PowerSpectrum(nn.Module):
    """Short-time power spectrum with a Hann window, a frame every 10 ms.

    Args:
        window: Length of the window in samples.
    """

    kernels: Tensor

    def __init__(self, window: int) -> None:
        super().__init__()
        taper = np.hanning(window + 1)[:-1]
        phase = 2 * math.pi * np.outer(np.arange(BINS // 2), np.arange(window)) / BINS
        kernels = np.concatenate([np.cos(phase), -np.sin(phase)]) * taper / np.sqrt((taper**2).sum())
        self.register_buffer("kernels", torch.from_numpy(kernels[:, None].astype(np.float32)), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples, shape (N, L), to power, shape (N, 256, frames), 31.25 Hz a bin."""
        parts = nn.functional.conv1d(samples[:, None], self.kernels, stride=_HOP)
        real, imaginary = parts.split(BINS // 2, dim=1)
        power: Tensor = real.square() + imaginary.square()
        return power


class LinearCepstrum(nn.Module):
    """LFCC with deltas and double deltas (Sahidullah, Kinnunen and Hanilci, Interspeech 2015).

    Args:
        count: Number of filters and of coefficients.
    """

    filters: Tensor
    cosines: Tensor

    def __init__(self, count: int = 20) -> None:
        super().__init__()
        self.power = PowerSpectrum(320)
        edges = np.linspace(0, RATE_HZ / 2, count + 2)[:, None]
        bins = np.arange(BINS // 2)[None] * RATE_HZ / BINS
        step = edges[1, 0]
        bands = np.clip(np.minimum(bins - edges[:-2], edges[2:] - bins) / step, 0, None)
        orders, places = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
        cosines = np.cos(math.pi * orders * (places + 0.5) / count) * math.sqrt(2 / count)
        cosines[0] /= math.sqrt(2)
        for name, values in (("filters", bands[:, :, None]), ("cosines", cosines[:, :, None])):
            self.register_buffer(name, torch.from_numpy(values.astype(np.float32)), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples, shape (N, L), to an image, shape (N, 1, 3 * count, frames), each row with a mean of 0."""
        bands = nn.functional.conv1d(self.power(even_level(samples)), self.filters)
        plain = nn.functional.conv1d(torch.log(bands + 1e-6), self.cosines)
        plain = plain - plain.mean(dim=2, keepdim=True)
        first = _slope(plain)
        return torch.cat([plain, first, _slope(first)], dim=1)[:, None]


def _slope(rows: Tensor) -> Tensor:
    """Slope of each row over five frames by least squares, the ends repeated; shape (N, rows, frames) in and out."""
    x = torch.cat([rows[:, :, :1]] * 2 + [rows] + [rows[:, :, -1:]] * 2, dim=2)
    return (2 * (x[:, :, 4:] - x[:, :, :-4]) + x[:, :, 3:-1] - x[:, :, 1:-3]) / 10


def sinc_filters(count: int, length: int) -> F32Array:
    """Band-pass filters side by side on the mel scale, Hamming-tapered (Ravanelli and Bengio, SLT 2018; not trained).

    Args:
        count: Number of filters.
        length: Of each, in samples; odd.

    Returns:
        Shape (count, length), float32.
    """
    top = 2595 * math.log10(1 + RATE_HZ / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, count + 1) / 2595) - 1)
    times = np.arange(length) - (length - 1) / 2
    low_pass = np.stack([2 * edge / RATE_HZ * np.sinc(2 * edge * times / RATE_HZ) for edge in edges])
    return np.asarray(np.diff(low_pass, axis=0) * np.hamming(length), dtype=np.float32)


class SincBank(nn.Module):
    """Filters of `sinc_filters`; in training a random run of them is silenced (Tak et al., ICASSP 2021).

    Args:
        count: Number of filters.
        length: Of each, in samples; odd.
        most_masked: Longest run of silenced filters; 0 leaves all in place.
    """

    kernels: Tensor

    def __init__(self, count: int, length: int, *, most_masked: int = 0) -> None:
        super().__init__()
        self.register_buffer("kernels", torch.from_numpy(sinc_filters(count, length))[:, None], persistent=False)
        self.most_masked = most_masked

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples, shape (N, L), to filtered sound, shape (N, count, L - length + 1)."""
        kernels = self.kernels
        if self.training and self.most_masked:
            width = int(torch.randint(self.most_masked, ()))
            begin = int(torch.randint(kernels.shape[0] - width + 1, ()))
            kernels = kernels.clone()
            kernels[begin : begin + width] = 0
        return nn.functional.conv1d(samples[:, None], kernels)

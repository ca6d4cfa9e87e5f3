"""A small convolutional network over a log spectrogram, for speech: raw waveform in, logit and evidence out.

Everything between the samples and the logit is part of the graph, so training and scanning cannot differ: level,
spectrogram (as a strided convolution with windowed sines and cosines, which every runtime knows), bands, logarithm
and normalisation. As in `face_cnn` the head is applied before pooling, so its map is the class-activation map exactly.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from unmask.core.records import F32Array
from unmask.training.architectures.network import Network
from unmask.training.architectures.voice.front import BINS, RATE_HZ, PowerSpectrum, even_level, precisely

_FLOOR = 3e-5


class MelCnn(Network):
    """Spectrogram, residual blocks, 1x1 head and mean.

    Args:
        bands: Number of frequency bands.
        width: Channels of the first stage; later stages have 2, 4 and 8 times as many.
        dropout: Share of feature channels dropped in training.
        masks: Whether stretches of time and frequency are blanked in training (SpecAugment, Park et al. 2019).
    """

    def __init__(self, *, bands: int = 96, width: int = 16, dropout: float = 0.1, masks: bool = True) -> None:
        super().__init__()
        self.spectrogram = LogSpectrogram(bands)
        self.masks = masks
        self.stem = nn.Sequential(_convolution(1, width, 5, 2), nn.ReLU(inplace=True))
        self.blocks = nn.Sequential(
            Block(width, 2 * width, 2),
            Block(2 * width, 2 * width, 1),
            Block(2 * width, 4 * width, 2),
            Block(4 * width, 4 * width, 1),
            Block(4 * width, 8 * width, 2),
        )
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(8 * width, 1, 1)

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge windows.

        Args:
            samples: Shape (N, 64000), float32, 16 kHz, any level.

        Returns:
            logit, shape (N,), higher means more likely fake; evidence, shape (N, F, T), low bands first, whose mean
            is the logit; embedding, shape (N, D).
        """
        image = precisely(self.spectrogram, samples)
        if self.training and self.masks:
            image = _masked(image)
        features = self.blocks(self.stem(image))
        evidence = self.head(self.dropout(features)).squeeze(1)
        return evidence.mean(dim=(1, 2)), evidence, features.mean(dim=(2, 3))


class LogSpectrogram(nn.Module):
    """Level, short-time spectrum, bands, logarithm, and the mean of each band taken away.

    Taking away the mean over time removes what microphones, rooms and equalisers do to the colour of a recording
    (cepstral mean subtraction, Atal 1974), which would otherwise tell sources apart.
    """

    filters: Tensor

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.power = PowerSpectrum(400)
        self.register_buffer("filters", torch.from_numpy(band_filters(bands))[:, :, None], persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples, shape (N, L), to an image, shape (N, 1, bands, frames)."""
        x = even_level(samples)
        x = torch.cat([x[:, :1], x[:, 1:] - 0.9 * x[:, :-1]], dim=1)
        power = nn.functional.conv1d(self.power(x), self.filters)
        image = torch.log(power + _FLOOR)
        image = image - image.mean(dim=2, keepdim=True)
        spread = (image.square().mean(dim=(1, 2), keepdim=True) + 1e-4).sqrt()
        return (image / spread)[:, None]


class Block(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al. 2016)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(before, after, 3, stride)
        self.second = _convolution(after, after, 3, 1)
        plain = before == after and stride == 1
        self.shortcut = nn.Identity() if plain else nn.Sequential(_pool(stride), _convolution(before, after, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, F, T) to (N, after, F / stride, T / stride)."""
        return torch.relu(self.shortcut(x) + self.second(torch.relu(self.first(x))))


def band_filters(bands: int) -> F32Array:
    """Triangular bands from 60 Hz to 7.9 kHz, spaced half-way between the mel scale and a linear one.

    Plain mel bands are too broad at the top, where vocoders leave most of their traces (Sahidullah et al. 2015).

    Args:
        bands: Number of bands.

    Returns:
        Shape (bands, 256), float32, each row sums to 1.
    """
    grid = np.linspace(0, 1, 4001)
    hertz = 60 + grid * 7840
    mel = np.log1p(hertz / 700)
    warp = 0.5 * grid + 0.5 * (mel - mel[0]) / (mel[-1] - mel[0])
    edges = np.interp(np.linspace(0, 1, bands + 2), warp, hertz)[:, None]
    bins = np.arange(BINS // 2)[None] * RATE_HZ / BINS
    rising = (bins - edges[:-2]) / np.maximum(edges[1:-1] - edges[:-2], RATE_HZ / BINS)
    falling = (edges[2:] - bins) / np.maximum(edges[2:] - edges[1:-1], RATE_HZ / BINS)
    found = np.clip(np.minimum(rising, falling), 0, None)
    return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-9), dtype=np.float32)


def _convolution(before: int, after: int, size: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, size, stride, padding=size // 2, bias=False), nn.BatchNorm2d(after))


def _pool(stride: int) -> nn.Module:
    return nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()


def _masked(image: Tensor) -> Tensor:
    """Blank a stretch of time and one of frequency in each image."""
    count, _, bands, frames = image.shape
    keep = torch.ones(count, 1, bands, frames, device=image.device)
    for axis, size, widest in ((2, bands, bands // 5), (3, frames, frames // 6)):
        width = torch.randint(0, widest + 1, (count, 1))
        begin = (torch.rand(count, 1) * (size - width)).long()
        place = torch.arange(size)[None]
        gap = ((place >= begin) & (place < begin + width)).to(image.device)  # Drawn alike on every device.
        keep = keep * (~gap).float().reshape(count, 1, *((size, 1) if axis == 2 else (1, size)))
    return image * keep

"""The light CNN of anti-spoofing over linear cepstral coefficients (Lavrentyeva et al., Interspeech 2019).

Of every two feature maps the larger value passes (max-feature-map, Wu et al. 2018). As in `mel_cnn` the head comes
before the mean, so its map shows where the logit comes from.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unmask.training.architectures.network import Network
from unmask.training.architectures.voice.front import LinearCepstrum, precisely


class Lcnn(Network):
    """LFCC, nine convolutions with max-feature-map, 1x1 head and mean.

    Args:
        width: Channels of the first stage after the maximum.
        dropout: Share of feature channels dropped in training.
    """

    def __init__(self, *, width: int = 32, dropout: float = 0.2) -> None:
        super().__init__()
        self.cepstrum = LinearCepstrum()
        half, wide = 3 * width // 2, 2 * width
        self.norm = nn.BatchNorm2d(1)
        self.blocks = nn.Sequential(
            _Maximum(1, width, 5),
            nn.MaxPool2d(2),
            _Maximum(width, width, 1),
            nn.BatchNorm2d(width),
            _Maximum(width, half, 3),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(half),
            _Maximum(half, half, 1),
            nn.BatchNorm2d(half),
            _Maximum(half, wide, 3),
            nn.MaxPool2d(2),
            _Maximum(wide, wide, 1),
            nn.BatchNorm2d(wide),
            _Maximum(wide, width, 3),
            nn.BatchNorm2d(width),
            _Maximum(width, width, 1),
            nn.BatchNorm2d(width),
            _Maximum(width, width, 3),
            nn.MaxPool2d((1, 2)),
        )
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge windows.

        Args:
            samples: Shape (N, 64000), float32, 16 kHz, any level.

        Returns:
            logit, shape (N,), higher means more likely fake; evidence, shape (N, F, T) over coefficients and time,
            whose mean is the logit; embedding, shape (N, width).
        """
        features = self.blocks(self.norm(precisely(self.cepstrum, samples)))
        evidence = self.head(self.dropout(features)).squeeze(1)
        return evidence.mean(dim=(1, 2)), evidence, features.mean(dim=(2, 3))


class _Maximum(nn.Module):
    """A convolution to twice the channels, of which each pair's larger value stays."""

    def __init__(self, before: int, after: int, size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, 2 * after, size, padding=size // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, F, T) to (N, after, F, T)."""
        return torch.maximum(*self.convolution(x).chunk(2, dim=1))

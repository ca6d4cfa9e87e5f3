"""A network over raw samples in the manner of RawNet2 (Tak et al., ICASSP 2021), narrower than theirs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unmask.training.architectures.network import Network
from unmask.training.architectures.voice.front import SincBank, even_level, precisely


class RawNet2(Network):
    """Sinc filters, residual blocks that scale their own channels, a recurrent layer, a linear head.

    Args:
        filters: Number of sinc filters.
        width: Channels of the later blocks.
        state: Size of the recurrent layer.
        dropout: Share of features dropped before the head.
    """

    def __init__(self, *, filters: int = 64, width: int = 96, state: int = 128, dropout: float = 0.2) -> None:
        super().__init__()
        self.bank = SincBank(filters, 129, most_masked=filters // 4)
        self.norm = nn.BatchNorm1d(filters)
        self.blocks = nn.Sequential(
            _Scaled(filters, filters), _Scaled(filters, width), *[_Scaled(width, width) for _ in range(4)]
        )
        self.last = nn.BatchNorm1d(width)
        self.recurrent = nn.GRU(width, state, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(state, 1)

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge windows.

        Args:
            samples: Shape (N, 64000), float32, 16 kHz, any level.

        Returns:
            logit, shape (N,), higher means more likely fake; evidence, shape (N, 1, T), the opinion after each step
            of time, whose last one is the logit; embedding, shape (N, state).
        """
        x = nn.functional.max_pool1d(precisely(self.bank, even_level(samples)).abs(), 3)
        features = torch.relu(self.last(self.blocks(nn.functional.leaky_relu(self.norm(x), 0.3))))
        states = self.recurrent(features.transpose(1, 2))[0]
        opinions = self.head(self.dropout(states)).transpose(1, 2)
        return opinions[:, 0, -1], opinions, states[:, -1]


class _Scaled(nn.Module):
    """A residual block, a third of the time steps, and each channel scaled and shifted by its mean."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.BatchNorm1d(before),
            nn.LeakyReLU(0.3),
            nn.Conv1d(before, after, 3, padding=1),
            nn.BatchNorm1d(after),
            nn.LeakyReLU(0.3),
            nn.Conv1d(after, after, 3, padding=1),
        )
        self.shortcut = nn.Identity() if before == after else nn.Conv1d(before, after, 1)
        self.scale = nn.Linear(after, after)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, T) to (N, after, T // 3)."""
        x = nn.functional.max_pool1d(self.inner(x) + self.shortcut(x), 3)
        scale = torch.sigmoid(self.scale(x.mean(dim=2)))[:, :, None]
        return x * scale + scale

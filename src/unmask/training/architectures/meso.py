"""Meso4 and MesoInception-4: a few thousand weights that look at textures of medium size (Afchar et al., WIFS 2018).

The published networks answer with the probability of a genuine face; these answer with the logit of a forged one.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from unmask.training.architectures.network import Network, Outputs, centred, one_cell


class Meso4(Network):
    """Four convolutions with pooling, two dense layers.

    Args:
        size_px: Side of the crop; the authors used 256.
        dropout: Share of dense units dropped in training.
    """

    summary: ClassVar[str] = "Meso4: four small convolutions and two dense layers."
    reference: ClassVar[str] = "Afchar et al.: MesoNet, WIFS 2018"
    size_px: ClassVar[int] = 256

    def __init__(self, *, size_px: int = 256, dropout: float = 0.5) -> None:
        super().__init__()
        self.body = self._body()
        self.dense = nn.Linear(16 * (size_px // 32) ** 2, 16)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(16, 1)

    def forward(self, pixels: Tensor) -> Outputs:
        """Crops, shape (N, S, S, 3), uint8, RGB, to logit, one cell of evidence, and the dense layer."""
        features = self.body(centred(pixels, (0, 0, 0), (1, 1, 1)).contiguous()).flatten(1)
        embedding = nn.functional.leaky_relu(self.dense(self.dropout(features)), 0.1)
        logit = self.head(self.dropout(embedding)).squeeze(1)
        return logit, one_cell(logit), embedding

    def _body(self) -> nn.Sequential:
        return nn.Sequential(_stage(3, 8, 3, pool=2), _stage(8, 8, 5, pool=2), *_last_stages(8))


class MesoInception4(Meso4):
    """Meso4 whose first two convolutions are inception modules with dilated branches."""

    summary: ClassVar[str] = "MesoInception-4: two inception modules with dilated branches, then as Meso4."

    def _body(self) -> nn.Sequential:
        return nn.Sequential(
            Inception(3, (1, 4, 4, 2)), nn.MaxPool2d(2), Inception(11, (2, 4, 4, 2)), nn.MaxPool2d(2), *_last_stages(12)
        )


class Inception(nn.Module):
    """Four branches side by side: 1x1; 1x1 then 3x3; and 1x1 then 3x3 dilated by 2 and by 3; all normalised together.

    Args:
        before: Channels that come in.
        widths: Channels of each branch.
    """

    def __init__(self, before: int, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.enter = nn.ModuleList(nn.Conv2d(before, width, 1) for width in widths)
        self.wide = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=step, dilation=step)
            for step, width in zip((1, 2, 3), widths[1:], strict=True)
        )
        self.norm = nn.BatchNorm2d(sum(widths))

    def forward(self, x: Tensor) -> Tensor:
        """Shape (N, C, h, w) to (N, sum of widths, h, w)."""
        first, *others = [torch.relu(convolution(x)) for convolution in self.enter]
        wide = [torch.relu(convolution(y)) for convolution, y in zip(self.wide, others, strict=True)]
        return self.norm(torch.cat([first, *wide], dim=1))  # type: ignore[no-any-return]


def _stage(before: int, after: int, kernel: int, *, pool: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, kernel, padding=kernel // 2)
    return nn.Sequential(convolution, nn.ReLU(), nn.BatchNorm2d(after), nn.MaxPool2d(pool))


def _last_stages(before: int) -> tuple[nn.Sequential, nn.Sequential]:
    return _stage(before, 16, 5, pool=2), _stage(16, 16, 5, pool=4)

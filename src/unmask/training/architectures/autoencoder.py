"""Convolutional autoencoders that learn what genuine faces look like, and classifiers that build on them.

All of them are trained to rebuild genuine faces only, so that a forged face may leave a larger error.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from unmask.training.architectures.network import Network, Outputs, centred

_CELL_PX = 8


class Autoencoder(nn.Module):
    """Strided convolutions down to a sixteenth of the side, and up again.

    Args:
        width: Channels of the first layer; the code has eight times as many at each place.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 8 * width]
        down: list[nn.Module] = []
        for before, after in zip([3, *widths], widths, strict=False):
            down += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.LeakyReLU(0.1)]
        up: list[nn.Module] = []
        for before, after in zip(widths[::-1], widths[-2::-1], strict=False):
            up += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.LeakyReLU(0.1)]
        self.down = nn.Sequential(*down)
        self.up = nn.Sequential(*up, nn.ConvTranspose2d(width, 3, 4, stride=2, padding=1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures, shape (N, 3, S, S), to codes, shape (N, 8 * width, S/16, S/16), and rebuilt pictures."""
        code = self.down(x)
        return code, self.up(code)


class AnomalyAutoencoder(Network):
    """Judges by the error of rebuilding alone: the logit is how unusual the error is among genuine faces.

    Args:
        width: See `Autoencoder`.
    """

    summary: ClassVar[str] = "Autoencoder of genuine faces; the error of rebuilding is logit and heatmap."
    reference: ClassVar[str] = "Khalid and Woo: OC-FakeDect, CVPR Workshops 2020"
    size_px: ClassVar[int] = 128
    middle: Tensor
    spread: Tensor

    def __init__(self, *, width: int = 24) -> None:
        super().__init__()
        self.coder = Autoencoder(width)
        self.register_buffer("middle", torch.tensor(-4.0))
        self.register_buffer("spread", torch.tensor(1.0))

    def forward(self, pixels: Tensor) -> Outputs:
        """Judge crops.

        Args:
            pixels: Shape (N, S, S, 3), uint8, RGB; S is a multiple of 16.

        Returns:
            logit, shape (N,): the logarithm of the error in standard deviations from that of genuine faces;
            evidence, shape (N, S/8, S/8), the same for each place; embedding, shape (N, C), the mean code.
        """
        x = centred(pixels).contiguous()
        code, rebuilt = self.coder(x)
        error = _by_cell((x - rebuilt).square())
        return self._unusual(error.mean(dim=(1, 2))), self._unusual(error), code.mean(dim=(2, 3))

    def loss(self, outputs: Outputs, labels: Tensor) -> Tensor:
        """Mean error over the genuine faces of the batch; remembers how large it is and how much it varies."""
        found = outputs[0][labels <= 0.5] * self.spread.clone() + self.middle.clone()
        if self.training and len(found) > 1:
            with torch.no_grad():
                self.middle.lerp_(found.mean(), 0.05)
                self.spread.lerp_(found.std().clamp(min=0.05), 0.05)
        return found.exp().mean() if len(found) else outputs[0].sum() * 0

    def _unusual(self, error: Tensor) -> Tensor:
        # Copies, since `loss` moves the buffers while the gradient is still to come.
        return ((error + 1e-6).log() - self.middle.clone()) / self.spread.clone()


class LatentAutoencoder(Network):
    """A classifier on the code of an autoencoder that rebuilds genuine faces.

    Args:
        width: See `Autoencoder`.
        rebuild: Weight of the error of rebuilding in the loss.
        dropout: Share of code channels dropped in training.
    """

    summary: ClassVar[str] = "Classifier on the code of an autoencoder of genuine faces; the error is the heatmap."
    reference: ClassVar[str] = (
        "Du et al.: Towards Generalizable Deepfake Detection with Locality-Aware AutoEncoder, 2020"
    )
    size_px: ClassVar[int] = 128

    def __init__(self, *, width: int = 24, rebuild: float = 1.0, dropout: float = 0.2) -> None:
        super().__init__()
        self.coder = Autoencoder(width)
        self.rebuild = rebuild
        self.dropout = nn.Dropout(dropout)
        self.judge = _judge(8 * width)
        self.head = nn.Linear(8 * width, 1)

    def forward(self, pixels: Tensor) -> Outputs:
        """Crops, shape (N, S, S, 3), uint8, RGB, to logit, mean absolute error per place, and what the head sees."""
        x = centred(pixels).contiguous()
        code, rebuilt = self.coder(x)
        difference = (x - rebuilt).abs()
        embedding = self.describe(code, difference)
        return self.head(self.dropout(embedding)).squeeze(1), _by_cell(difference), embedding

    def describe(self, code: Tensor, difference: Tensor) -> Tensor:  # noqa: ARG002 - a subclass looks at the difference
        """What the head sees: the code, summed up over places."""
        return self.judge(code).mean(dim=(2, 3))  # type: ignore[no-any-return]

    def loss(self, outputs: Outputs, labels: Tensor) -> Tensor:
        """Cross-entropy, plus the error of rebuilding the genuine faces of the batch."""
        genuine = outputs[1][labels <= 0.5]
        error = genuine.mean() if len(genuine) else outputs[1].sum() * 0
        return super().loss(outputs, labels) + self.rebuild * error


class DifferenceAutoencoder(LatentAutoencoder):
    """A classifier on the code and on the difference between a face and its rebuilt self.

    Args:
        width: See `Autoencoder`.
        rebuild: Weight of the error of rebuilding in the loss.
        dropout: Share of channels dropped in training.
    """

    summary: ClassVar[str] = "Classifier on code and rebuilding difference of an autoencoder of genuine faces."
    reference: ClassVar[str] = "Cao et al.: End-to-End Reconstruction-Classification Learning (RECCE), CVPR 2022"

    def __init__(self, *, width: int = 24, rebuild: float = 1.0, dropout: float = 0.2) -> None:
        super().__init__(width=width, rebuild=rebuild, dropout=dropout)
        self.compare = Autoencoder(width).down
        self.judge_difference = _judge(8 * width)
        self.head = nn.Linear(16 * width, 1)

    def describe(self, code: Tensor, difference: Tensor) -> Tensor:
        """What the head sees: code and difference, each summed up over places."""
        compared = self.judge_difference(self.compare(difference)).mean(dim=(2, 3))
        return torch.cat([super().describe(code, difference), compared], dim=1)


def _by_cell(error: Tensor) -> Tensor:
    """Mean over colours and over cells of 8 px, shape (N, 3, S, S) to (N, S/8, S/8)."""
    return nn.functional.avg_pool2d(error.mean(dim=1, keepdim=True), _CELL_PX).squeeze(1)


def _judge(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())

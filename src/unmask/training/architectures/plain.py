"""Two plain networks of the kind that most first projects train: convolution, pooling, dense layers."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from unmask.training.architectures.network import Network, Outputs, centred, one_cell


class SigmoidCnn(Network):
    """Blocks of convolution and max-pooling, flattened, a dense layer, one sigmoid unit; the loss is its cross-entropy.

    Args:
        size_px: Side of the crop.
        widths: Channels of each block.
        hidden: Width of the dense layer.
        dropout: Share of its units dropped in training.
    """

    summary: ClassVar[str] = "Plain network: convolution and max-pooling, flatten, dense, one sigmoid unit."
    reference: ClassVar[str] = "LeCun et al.: Gradient-Based Learning Applied to Document Recognition, 1998"

    def __init__(
        self,
        *,
        size_px: int = 224,
        widths: tuple[int, ...] = (32, 64, 128, 128),
        hidden: int = 512,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((3, *widths), widths, strict=False):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.blocks = nn.Sequential(*layers)
        side = size_px // 2 ** len(widths)
        self.dense = nn.Sequential(nn.Flatten(), nn.Linear(widths[-1] * side * side, hidden), nn.ReLU())
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, 1)

    def forward(self, pixels: Tensor) -> Outputs:
        """Crops, shape (N, S, S, 3), uint8, RGB, to logit, one cell of evidence, and the dense layer."""
        embedding = self.dense(self.blocks(centred(pixels).contiguous()))
        logit = self.head(self.dropout(embedding)).squeeze(1)
        return logit, one_cell(logit), embedding


class BlurNoiseCnn(Network):
    """Convolution, ReLU, pooling and dropout, dense layers, softmax over real and fake; trained with blur and noise.

    The logit is the difference of the two outputs, so that its cross-entropy is the softmax's cross-entropy.

    Args:
        size_px: Side of the crop.
        widths: Channels of each block.
        hidden: Width of the dense layer.
        dropout: Share dropped in training: of dense units, half as much of feature channels.
    """

    summary: ClassVar[str] = "Plain network with dropout and softmax, trained with Gaussian blur and noise."
    reference: ClassVar[str] = "Srivastava et al.: Dropout, JMLR 2014"
    size_px: ClassVar[int] = 128

    def __init__(
        self,
        *,
        size_px: int = 128,
        widths: tuple[int, ...] = (32, 64, 128, 256),
        hidden: int = 256,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((3, *widths), widths, strict=False):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout2d(dropout / 4)]
        self.blocks = nn.Sequential(*layers)
        side = size_px // 2 ** len(widths)
        self.dense = nn.Sequential(nn.Flatten(), nn.Linear(widths[-1] * side * side, hidden), nn.ReLU())
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, 2)

    def forward(self, pixels: Tensor) -> Outputs:
        """Crops, shape (N, S, S, 3), uint8, RGB, to logit, one cell of evidence, and the dense layer."""
        embedding = self.dense(self.blocks(centred(pixels).contiguous()))
        real, fake = self.head(self.dropout(embedding)).unbind(1)
        logit = fake - real
        return logit, one_cell(logit), embedding

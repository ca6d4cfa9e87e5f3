"""What every trainable network is: units in; logit, evidence and embedding out; one loss; a choice of what is tuned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from unmask.core.errors import InvalidOption

Outputs = tuple[Tensor, Tensor, Tensor]
"""logit, shape (N,), higher means more likely fake; evidence, shape (N, h, w); embedding, shape (N, C)."""

_NORMS = (_BatchNorm, nn.LayerNorm, nn.GroupNorm)
_CONTAINERS = ("blocks", "stages", "features")


class Network(nn.Module):
    """A network that the loop can train and the exporter can write.

    Attributes:
        summary: One sentence for the model card.
        reference: Paper behind it.
        size_px: Side of the crop that its authors used, where a recipe names none.
        frames: Crops of one person that make up a unit, in order of time; 0 where a unit is a single crop.
    """

    summary: ClassVar[str] = ""
    reference: ClassVar[str] = ""
    size_px: ClassVar[int] = 224
    frames: int = 0

    def loss(self, outputs: Outputs, labels: Tensor) -> Tensor:
        """What the loop makes small.

        Args:
            outputs: What `forward` gave, float32.
            labels: Shape (N,), float32 in [0, 1], 1 for fake; may be smoothed or mixed.

        Returns:
            A scalar; binary cross-entropy unless the network says otherwise.
        """
        return nn.functional.binary_cross_entropy_with_logits(outputs[0], labels)

    def stage(self, step: int, steps: int) -> bool:  # noqa: ARG002 - networks with several stages look at both
        """Get ready for a step; returns False while the logit is not trained yet, so that it must not be judged.

        Args:
            step: The step to come, from 0.
            steps: Of the whole run.
        """
        return True

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - the signature is PyTorch's
        """Switch to training; layers whose weights are frozen keep their statistics and drop nothing."""
        super().train(mode)
        for layer in self.modules():
            own = list(layer.parameters())
            if mode and own and not any(parameter.requires_grad for parameter in own):
                layer.train(mode=False)
        return self


def centred(pixels: Tensor, mean: Sequence[float] = (0.5, 0.5, 0.5), std: Sequence[float] = (0.5, 0.5, 0.5)) -> Tensor:
    """Normalise crops inside the graph.

    Args:
        pixels: Shape (N, S, S, 3), uint8, RGB.
        mean: Of the three channels, on the scale 0 to 1.
        std: Likewise.

    Returns:
        Shape (N, 3, S, S), float32.
    """
    middle = torch.tensor(mean, device=pixels.device).view(1, 3, 1, 1) * 255
    scale = 1 / (torch.tensor(std, device=pixels.device).view(1, 3, 1, 1) * 255)
    return ((pixels.permute(0, 3, 1, 2).float() - middle) * scale).contiguous(memory_format=torch.channels_last)


def one_cell(logit: Tensor) -> Tensor:
    """The evidence of a network that cannot say where it looked: one cell that holds the logit, shape (N, 1, 1)."""
    return logit[:, None, None]


def tune_backbone(backbone: nn.Module, choice: str) -> None:
    """Choose what of a backbone is trained; the head always is.

    Args:
        backbone: The pretrained part.
        choice: ``all``; ``head`` (the backbone is frozen); ``last:N`` (its last N blocks and all that follows them);
            ``norms`` (scales and shifts of its normalisation layers only).

    Raises:
        InvalidOption: There is no such choice, or there are fewer blocks.
    """
    if choice == "all":
        return
    kind, _, number = choice.partition(":")
    pieces, blocks = _pieces(backbone)
    backbone.requires_grad_(requires_grad=False)
    if kind == "last" and number.isdecimal() and 0 < int(number) <= len(blocks):
        tuned = pieces[blocks[-int(number)] :]
    elif choice == "norms":
        tuned = [layer for layer in backbone.modules() if isinstance(layer, _NORMS)]
    elif choice == "head":
        tuned = []
    else:
        message = f"tune is {choice!r}; expected all, head, norms, or last:N with N from 1 to {len(blocks)}."
        raise InvalidOption(message)
    for layer in tuned:
        layer.requires_grad_(requires_grad=True)


def _pieces(backbone: nn.Module) -> tuple[list[nn.Module], list[int]]:
    """A backbone's layers with weights in order, and which of them are blocks; single convolutions if none is."""
    pieces: list[nn.Module] = []
    for name, child in backbone.named_children():
        pieces.extend(child.children() if name in _CONTAINERS else [child])
    pieces = [piece for piece in pieces if any(True for _ in piece.parameters())]
    blocks = [
        place
        for place, piece in enumerate(pieces)
        if any(True for _ in piece.children()) and not isinstance(piece, _NORMS)
    ]
    return pieces, blocks or list(range(len(pieces)))

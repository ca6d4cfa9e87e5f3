"""The family of Bonettini et al. (ICPR 2020): attention inside an EfficientNet, and siamese training first.

EfficientNetB4 is `FaceCnn` with that backbone, B4ST is `SiameseCnn`, AutoAttB4 is `AttentionCnn`, AutoAttB4ST is
`SiameseAttentionCnn`; `unmask.training.ensemble` joins them.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from unmask.core.errors import InvalidOption
from unmask.training.architectures.face_cnn import FaceCnn
from unmask.training.architectures.network import Outputs

_REFERENCE = "Bonettini et al.: Video Face Manipulation Detection Through Ensemble of CNNs, ICPR 2020"
_PARTS = ("conv_stem", "bn1", "blocks", "conv_head", "bn2")


class Siamese(FaceCnn):
    """Trains the encoder to keep faces of one label together, then a classifier on it.

    Args:
        siamese: Share of the steps that go to the triplets.
        then: ``head`` freezes the encoder for the classifier, ``all`` goes on tuning it.
        settings: As for `FaceCnn`.
    """

    reference: ClassVar[str] = _REFERENCE

    def __init__(self, *, siamese: float = 0.5, then: str = "head", **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings)
        self._share, self._then, self._in_triplets = siamese, then, False

    def stage(self, step: int, steps: int) -> bool:
        """Triplets first; then the classifier, on a frozen encoder unless told otherwise."""
        self._in_triplets = step < round(self._share * steps)
        if not self._in_triplets and self._then == "head" and any(p.requires_grad for p in self.backbone.parameters()):
            self.backbone.requires_grad_(requires_grad=False)
            self.train(self.training)
        return not self._in_triplets

    def loss(self, outputs: Outputs, labels: Tensor) -> Tensor:
        """Triplet margin loss in the first part, cross-entropy in the second."""
        if self._in_triplets:
            # The logit takes part with no weight, so that every parameter has a gradient on every machine.
            return triplet_loss(outputs[2], labels > 0.5) + 0 * outputs[0].sum()
        return super().loss(outputs, labels)


class SiameseCnn(Siamese):
    """EfficientNetB4ST, with the backbone of the recipe's choice."""

    summary: ClassVar[str] = "{backbone}, trained on triplets first and as a classifier after that."


class Attending(FaceCnn):
    """An EfficientNet that weighs the places of an intermediate feature map with one attention map.

    Args:
        after: The map that leaves this stage is weighed; 2 is block 9 of EfficientNetB4, with 56 channels.
        settings: As for `FaceCnn`.

    Raises:
        InvalidOption: The backbone is no EfficientNet, or it has no such stage.
    """

    reference: ClassVar[str] = _REFERENCE

    def __init__(self, *, after: int = 2, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings)
        self._after = after
        self.attend = nn.Conv2d(_channels(self.backbone, after), 1, 1)

    def forward(self, pixels: Tensor) -> Outputs:
        """Judge crops; the evidence is the attention before its sigmoid: where the network looked, not what it saw."""
        net = self.backbone
        x = net.bn1(net.conv_stem(self.planes(pixels)))
        looked = x[:, :1]
        for place, stage in enumerate(net.blocks):
            x = stage(x)
            if place == self._after:
                looked = self.attend(x)
                x = x * torch.sigmoid(looked)
        features = net.bn2(net.conv_head(x))
        if self.attention is not None:
            features = self.attention(features)
        logit = self.head(self.dropout(features)).mean(dim=(1, 2, 3))
        return logit, looked.squeeze(1), features.mean(dim=(2, 3))


class AttentionCnn(Attending):
    """EfficientNetAutoAttB4, with the EfficientNet of the recipe's choice."""

    summary: ClassVar[str] = "{backbone} with an attention map on an intermediate feature map, which is the heatmap."


class SiameseAttentionCnn(Siamese, Attending):
    """EfficientNetAutoAttB4ST: attention, trained on triplets first."""

    summary: ClassVar[str] = "{backbone} with an attention map, which is the heatmap, trained on triplets first."


def _channels(backbone: Any, after: int) -> int:  # noqa: ANN401 - timm's models have no common type
    """Channels of the map that leaves a stage of an EfficientNet; `InvalidOption` if there is none to weigh."""
    if any(not hasattr(backbone, part) for part in _PARTS):
        message = (
            f"backbone is of the kind {type(backbone).__name__}; attention inside a network is for EfficientNets. "
            "Name one, for example efficientnet_b4 or tf_efficientnet_lite0."
        )
        raise InvalidOption(message)
    last = len(backbone.blocks) - 1
    if after not in range(last + 1):
        message = f"after is {after!r}; expected a stage of the backbone, 0 to {last}."
        raise InvalidOption(message)
    # timm's list of features leaves out stages that keep the size of the map, so its places are not those of stages.
    convolutions = [layer for layer in backbone.blocks[after].modules() if isinstance(layer, nn.Conv2d)]
    return convolutions[-1].out_channels


def triplet_loss(embeddings: Tensor, fake: Tensor, margin: float = 1.0) -> Tensor:
    """Margin loss over all triplets of a batch (Schroff et al., CVPR 2015): anchor, one of its label, one of the other.

    Args:
        embeddings: Shape (N, C).
        fake: Shape (N,), bool.
        margin: By how much the other label shall be farther away.

    Returns:
        The mean over triplets that break the margin; 0 if there is none.
    """
    gaps = torch.cdist(embeddings, embeddings)
    same = fake[:, None] == fake[None, :]
    others = same & ~torch.eye(len(fake), dtype=torch.bool, device=fake.device)
    hinge = torch.relu(gaps[:, :, None] - gaps[:, None, :] + margin)
    counted = others[:, :, None] & ~same[:, None, :]
    hinge = hinge * counted
    return hinge.sum() / (hinge > 0).sum().clamp(min=1)

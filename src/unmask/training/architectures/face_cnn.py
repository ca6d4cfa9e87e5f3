"""A frame-level face classifier: any timm backbone, a 1x1 convolution as head, the mean over places as logit.

Because the head is applied before pooling, its output map is the class-activation map (Zhou et al. 2016) exactly:
the logit is the mean of the map. No second pass and no gradient is needed to explain a score. Transformers give a map
as well: each patch's token, plus the class token that sums up the picture, goes through the same head.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from unmask.core.errors import InvalidOption, nearest
from unmask.training.architectures.network import Network, Outputs, centred, tune_backbone
from unmask.training.timm_import import timm


class FaceCnn(Network):
    """Backbone, 1x1 head and mean.

    Args:
        backbone: Name of a timm model: vgg16, resnet18, resnet50, densenet121, legacy_xception, efficientnet_b0,
            tf_efficientnet_lite0, convnext_tiny, vit_base_patch16_clip_quickgelu_224 ...
        size_px: Side of the crop; only transformers need to know it.
        dropout: Share of feature channels dropped in training.
        tune: What is trained, see `tune_backbone`.
        heads: Heads of self-attention over the places of the last feature map; 0 for none.
        stages: Stages of an EfficientNet that are kept, the first so many; 0 for all. Fewer stages look at smaller
            details, on a finer map.
    """

    summary: ClassVar[str] = "{backbone} on square crops; its last feature map, seen through the head, is the heatmap."
    reference: ClassVar[str] = "Wightman: PyTorch Image Models, 2019; Zhou et al.: Learning Deep Features, CVPR 2016"
    channels: ClassVar[int] = 3
    backbone: Any

    def __init__(
        self,
        *,
        backbone: str = "tf_efficientnet_lite0",
        size_px: int = 224,
        dropout: float = 0.2,
        tune: str = "all",
        heads: int = 0,
        stages: int = 0,
    ) -> None:
        super().__init__()
        self.backbone = create(backbone, size_px, channels=self.channels)
        if stages:
            _cut(self.backbone, stages)
        width = self.width()
        self.attention = MapAttention(width, heads) if heads else None
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(width, 1, 1)
        tune_backbone(self.backbone, tune)

    def forward(self, pixels: Tensor) -> Outputs:
        """Judge crops.

        Args:
            pixels: Shape (N, S, S, 3), uint8, RGB.

        Returns:
            logit, shape (N,), higher means more likely fake; evidence, shape (N, h, w), whose mean is the logit;
            embedding, shape (N, C).
        """
        features = self.features(self.planes(pixels))
        if self.attention is not None:
            features = self.attention(features)
        evidence = self.head(self.dropout(features)).squeeze(1)
        return evidence.mean(dim=(1, 2)), evidence, features.mean(dim=(2, 3))

    def planes(self, pixels: Tensor) -> Tensor:
        """What the backbone sees of the crops, shape (N, channels, S, S)."""
        facts = self.backbone.pretrained_cfg
        return centred(pixels, facts["mean"], facts["std"])

    def features(self, x: Tensor) -> Tensor:
        """The backbone's last feature map, shape (N, C, h, w)."""
        features: Tensor = self.backbone.forward_features(x)
        if features.ndim == 4:
            return features
        patches = features[:, int(self.backbone.num_prefix_tokens) :] + features[:, :1]
        laid_out: Tensor = patches.transpose(1, 2).unflatten(2, tuple(self.backbone.patch_embed.grid_size))
        return laid_out

    def width(self) -> int:
        """Channels of that map."""
        return int(self.backbone.num_features)


def _cut(backbone: Any, stages: int) -> None:  # noqa: ANN401 - timm's models have no common type
    """Leave out all but the first stages of an EfficientNet, and what condenses the last one's map.

    Raises:
        InvalidOption: It has fewer stages, or is none.
    """
    found = list(backbone.blocks) if hasattr(backbone, "conv_head") else []
    if stages not in range(1, len(found) + 1):
        message = f"stages is {stages}; " + (
            f"expected 1 to {len(found)}." if found else "only EfficientNets can be cut short; expected 0."
        )
        raise InvalidOption(message)
    backbone.blocks = nn.Sequential(*found[:stages])
    backbone.conv_head, backbone.bn2 = nn.Identity(), nn.Identity()
    kept = [convolution for convolution in backbone.blocks.modules() if isinstance(convolution, nn.Conv2d)]
    backbone.num_features = kept[-1].out_channels


class MapAttention(nn.Module):
    """Multi-head self-attention over the places of a feature map (Vaswani et al. 2017), added to the map.

    Args:
        width: Channels of the map.
        heads: Number of heads, 32 channels each.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.enter, self.leave = nn.Linear(width, 32 * heads), nn.Linear(32 * heads, width)
        self.attention = nn.MultiheadAttention(32 * heads, heads, batch_first=True)

    def forward(self, features: Tensor) -> Tensor:
        """Shape (N, C, h, w) to the same."""
        tokens = self.enter(self.norm(features.flatten(2).transpose(1, 2)))
        found, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        added: Tensor = self.leave(found).transpose(1, 2).reshape(features.shape)
        return features + added


def create(backbone: str, size_px: int, *, channels: int = 3, pretrained: bool = False) -> nn.Module:
    """Make a timm model without its classifier.

    Args:
        backbone: Its name.
        size_px: Side of the crop; transformers lay out their positions for it.
        channels: Of its input.
        pretrained: Whether timm shall download its weights.

    Raises:
        InvalidOption: timm has no such model; the message lists the nearest.
    """
    library = timm()
    if not library.is_model(backbone):
        message = f"backbone: timm has no model {backbone!r}. {nearest(backbone, library.list_models())}"
        raise InvalidOption(message)
    wanted: dict[str, Any] = {"img_size": size_px} if backbone.startswith(("vit_", "test_vit", "deit", "swin")) else {}
    network = library.create_model(
        backbone, pretrained=pretrained, num_classes=0, global_pool="", in_chans=channels, **wanted
    )
    if hasattr(network, "pre_logits"):
        network.pre_logits = nn.Identity()  # VGG's dense layers: 120 million weights that a mean over places replaces.
    return network  # type: ignore[no-any-return]

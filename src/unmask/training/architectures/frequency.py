"""Networks that look for the traces that up-sampling leaves in frequencies and between neighbouring pixels.

The scanner resizes every crop, which blurs such traces; figures on crops do not reach those of untouched pictures.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from unmask.core.errors import InvalidOption
from unmask.training.architectures.face_cnn import FaceCnn
from unmask.training.architectures.network import centred
from unmask.training.architectures.transforms import cosine_matrix, exactly, fourier_matrices, grey_of, spectrum

_BANDS = ((0.0, 1 / 2.82), (1 / 2.82, 0.5), (0.5, 2.1), (0.0, 2.1))
_RESNET = ("conv1", "bn1", "act1", "maxpool", "layer1", "layer2", "layer3", "layer4")


class SpslNet(FaceCnn):
    """The colours, and as fourth channel the picture of the phases alone (Liu et al., CVPR 2021).

    Args:
        size_px: Side of the crop.
        settings: As for `FaceCnn`.
    """

    summary: ClassVar[str] = "{backbone} on colours and a phase-only picture made inside the graph."
    reference: ClassVar[str] = "Liu et al.: Spatial-Phase Shallow Learning, CVPR 2021"
    channels: ClassVar[int] = 4
    real: Tensor
    imaginary: Tensor

    def __init__(self, *, size_px: int = 224, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(size_px=size_px, **settings)
        for name, matrix in zip(("real", "imaginary"), fourier_matrices(size_px), strict=True):
            self.register_buffer(name, matrix, persistent=False)

    def planes(self, pixels: Tensor) -> Tensor:
        """Colours and phases, shape (N, 4, S, S)."""
        with exactly(pixels):
            return torch.cat([super().planes(pixels), self.phases(grey_of(pixels))[:, None]], dim=1)

    def phases(self, grey: Tensor) -> Tensor:
        """Go back from a spectrum whose amplitudes are all 1; shape (N, S, S) to the same, about unit variance."""
        real, imaginary = spectrum(grey, self.real, self.imaginary)
        amplitude = (real.square() + imaginary.square() + 1e-8).sqrt()
        real, imaginary = real / amplitude, imaginary / amplitude
        first, _ = spectrum(real, self.real, -self.imaginary)
        _, second = spectrum(imaginary, self.real, -self.imaginary)
        return first - second


class F3Net(FaceCnn):
    """Low, middle and high frequencies and all of them as four pictures; each band bends as training wants.

    The frequency-aware decomposition of Qian et al. (ECCV 2020), without their second branch.

    Args:
        size_px: Side of the crop.
        settings: As for `FaceCnn`.
    """

    summary: ClassVar[str] = "{backbone} on four frequency bands, cut out by a cosine transform with learnt masks."
    reference: ClassVar[str] = "Qian et al.: Thinking in Frequency (F3-Net), ECCV 2020"
    channels: ClassVar[int] = 12
    cosine: Tensor
    fixed: Tensor

    def __init__(self, *, size_px: int = 224, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(size_px=size_px, **settings)
        place = torch.arange(size_px) / size_px
        height = place[:, None] + place[None]
        fixed = torch.stack([((height >= low) & (height < high)).float() for low, high in _BANDS])
        self.register_buffer("cosine", cosine_matrix(size_px), persistent=False)
        self.register_buffer("fixed", fixed, persistent=False)
        self.masks = nn.Parameter(0.1 * torch.randn(len(_BANDS), size_px, size_px))

    def planes(self, pixels: Tensor) -> Tensor:
        """The bands of each colour, shape (N, 12, S, S)."""
        with exactly(pixels):
            frequencies = self.cosine @ centred(pixels).contiguous() @ self.cosine.T
            masks = self.fixed + (2 * torch.sigmoid(self.masks) - 1)
            return torch.cat([self.cosine.T @ (frequencies * mask) @ self.cosine for mask in masks], dim=1)


class NprNet(FaceCnn):
    """What is left when a picture is halved and doubled again: relations between neighbouring pixels (Tan et al. 2024).

    Args:
        backbone: A ResNet; only its first two stages are kept.
        settings: As for `FaceCnn`.

    Raises:
        InvalidOption: The backbone is no ResNet.
    """

    summary: ClassVar[str] = "First half of {backbone} on the residual of halving and doubling a crop."
    reference: ClassVar[str] = "Tan et al.: Rethinking the Up-Sampling Operations (NPR), CVPR 2024"

    def __init__(self, *, backbone: str = "resnet50", **settings: Any) -> None:  # noqa: ANN401
        super().__init__(backbone=backbone, **settings)
        del self.backbone.layer3, self.backbone.layer4

    def planes(self, pixels: Tensor) -> Tensor:
        """The residual, shape (N, 3, S, S)."""
        x = centred(pixels).contiguous()
        halved = x[:, :, ::2, ::2]
        return (x - nn.functional.interpolate(halved, scale_factor=2, mode="nearest")) * (2 / 3)

    def features(self, x: Tensor) -> Tensor:
        """The map that leaves the second stage, shape (N, C, S/8, S/8)."""
        net = self.backbone
        x = net.maxpool(net.act1(net.bn1(net.conv1(x))))
        found: Tensor = net.layer2(net.layer1(x))
        return found

    def width(self) -> int:
        """Channels of that map; the first thing that is asked of a backbone, so that others than ResNets stop here."""
        if any(not hasattr(self.backbone, part) for part in _RESNET):
            message = (
                f"backbone is of the kind {type(self.backbone).__name__}; npr keeps the first half of a ResNet. "
                "Name one, for example resnet18 or resnet50."
            )
            raise InvalidOption(message)
        return int(self.backbone.feature_info[2]["num_chs"])

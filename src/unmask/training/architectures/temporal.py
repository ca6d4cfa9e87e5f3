"""Networks that judge a sequence of crops of one person: what flickers shows between frames, not inside one."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from unmask.training.architectures.face_cnn import FaceCnn
from unmask.training.architectures.network import Network, Outputs


class FramePool(Network):
    """The baseline: every crop is judged on its own, and the logits are averaged.

    Args:
        frames: Crops in a sequence.
        backbone: As for `FaceCnn`.
        size_px: As for `FaceCnn`.
        dropout: As for `FaceCnn`.
        tune: As for `FaceCnn`.
    """

    summary: ClassVar[str] = "{backbone} on each of a person's crops; the mean of their logits."
    reference: ClassVar[str] = "Roessler et al.: FaceForensics++, ICCV 2019"

    def __init__(
        self,
        *,
        frames: int = 8,
        backbone: str = "tf_efficientnet_lite0",
        size_px: int = 224,
        dropout: float = 0.2,
        tune: str = "all",
    ) -> None:
        super().__init__()
        self.frames = frames
        self.encoder = FaceCnn(backbone=backbone, size_px=size_px, dropout=dropout, tune=tune)

    def forward(self, pixels: Tensor) -> Outputs:
        """Judge sequences.

        Args:
            pixels: Shape (N, T, S, S, 3), uint8, RGB, crops of one person in order of time.

        Returns:
            logit, shape (N,); evidence, shape (N, T, places), whose mean is the logit; embedding, shape (N, C).
        """
        _, maps, embeddings = self.encoder(pixels.flatten(0, 1))
        evidence = self.by_clip(maps.flatten(1), pixels)
        return evidence.mean(dim=(1, 2)), evidence, self.by_clip(embeddings, pixels).mean(dim=1)

    def by_clip(self, x: Tensor, pixels: Tensor) -> Tensor:
        """Shape (N * T, C) to (N, T, C)."""
        return x.reshape(pixels.shape[0], self.frames, x.shape[1])


class Temporal(FramePool):
    """A head over the embeddings of the frames and over how they change from frame to frame.

    Args:
        width: Of the head's state.
        settings: As for `FramePool`.
    """

    def __init__(self, *, width: int = 128, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings)
        inner = self.encoder.width()
        self.enter = nn.Sequential(nn.LayerNorm(2 * inner), nn.Linear(2 * inner, width))
        self.leave = nn.Linear(width, 1)

    def forward(self, pixels: Tensor) -> Outputs:
        """Judge sequences; the evidence has one cell for each frame, shape (N, T, 1)."""
        _, _, embeddings = self.encoder(pixels.flatten(0, 1))
        x = self.by_clip(embeddings, pixels)
        change = x - torch.cat([x[:, :1], x[:, :-1]], dim=1)
        state = self.follow(self.enter(torch.cat([x, change], dim=2)))
        evidence = self.leave(state)
        return evidence.mean(dim=(1, 2)), evidence, state.mean(dim=1)

    def follow(self, x: Tensor) -> Tensor:
        """Relate the frames to each other, shape (N, T, width) to the same."""
        raise NotImplementedError


class FrameGru(Temporal):
    """A recurrent head, forwards and backwards (Guera and Delp 2018 with gated units)."""

    summary: ClassVar[str] = "{backbone} on each of a person's crops, a gated recurrent head over them."
    reference: ClassVar[str] = "Guera and Delp: Deepfake Video Detection Using Recurrent Neural Networks, AVSS 2018"

    def __init__(self, *, width: int = 128, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(width=width, **settings)
        self.gru = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)

    def follow(self, x: Tensor) -> Tensor:
        """Run over the frames in both directions."""
        # Zeros made from the input: the exporter would fix the batch size of any other ones.
        start = (0 * x[:, :1, : self.gru.hidden_size]).transpose(0, 1).repeat(2, 1, 1)
        return self.gru(x, start)[0]  # type: ignore[no-any-return]


class FrameTransformer(Temporal):
    """A small transformer over the frames."""

    summary: ClassVar[str] = "{backbone} on each of a person's crops, a small transformer over them."
    reference: ClassVar[str] = "Zheng et al.: Exploring Temporal Coherence for Video Face Forgery Detection, ICCV 2021"

    def __init__(self, *, width: int = 128, layers: int = 2, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(width=width, **settings)
        self.places = nn.Parameter(0.02 * torch.randn(self.frames, width))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 4, 2 * width, 0.1, batch_first=True, norm_first=True)
            for _ in range(layers)
        )

    def follow(self, x: Tensor) -> Tensor:
        """Let every frame look at all others."""
        x = x + self.places
        for layer in self.layers:
            x = layer(x)
        return x

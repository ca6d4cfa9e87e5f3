"""Two networks that err in different ways, side by side: Whisper's first layers and a small convolutional network.

One knows natural speech from far more recordings than there are here, the other hears what Whisper's bands leave out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.training.architectures.network import Network
from unmask.training.architectures.voice.mel_cnn import MelCnn
from unmask.training.architectures.voice.whisper import Whisper


class Duet(Network):
    """The weighted mean of the logits of `Whisper` and `MelCnn`.

    Args:
        layers: Layers of Whisper's encoder.
        width: Channels of the convolutional network's first stage.
        share: Weight of the convolutional network, from 0 to 1.
    """

    def __init__(self, *, layers: int = 2, width: int = 16, share: float = 0.3) -> None:
        super().__init__()
        self.share = share
        self.whisper = Whisper(layers=layers)
        self.mel = MelCnn(width=width)

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge windows.

        Args:
            samples: Shape (N, 64000), float32, 16 kHz, any level.

        Returns:
            logit, shape (N,), higher means more likely fake; evidence, shape (N, 6, 25), low bands first, whose mean is
            the logit; embedding, both networks' one after the other.
        """
        logit, evidence, embedding = self.whisper(samples)
        other_logit, other_evidence, other_embedding = self.mel(samples)
        return (
            (1 - self.share) * logit + self.share * other_logit,
            (1 - self.share) * evidence + self.share * other_evidence,
            torch.cat([embedding, other_embedding], dim=1),
        )

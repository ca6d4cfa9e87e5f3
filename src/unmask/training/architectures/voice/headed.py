"""Networks that are a public encoder with a linear head on what it gives for every moment."""

from __future__ import annotations

from torch import Tensor, nn

from unmask.training.architectures.network import Network

_COLUMNS = 25


class Headed(Network):
    """The mean over time of a linear head; `unmask.training.voice_probe` solves it in closed form."""

    head: nn.Linear

    def states(self, samples: Tensor) -> Tensor:
        """What the encoder gives for windows, shape (N, L), as rows over time, shape (N, T, C)."""
        raise NotImplementedError

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge windows.

        Args:
            samples: Shape (N, 64000), float32, 16 kHz, any level.

        Returns:
            logit, shape (N,), higher means more likely fake; evidence, shape (N, 1, 25), what each 160 ms say, whose
            mean is the logit; embedding, shape (N, C).
        """
        states = self.states(samples)
        evidence = nn.functional.avg_pool1d(self.head(states).transpose(1, 2), states.shape[1] // _COLUMNS)
        return evidence.mean(dim=(1, 2)), evidence, states.mean(dim=1)

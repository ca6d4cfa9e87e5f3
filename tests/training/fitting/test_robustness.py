"""Attacking a network whose weakness is known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

import torch

from unmask.core.events import Advanced
from unmask.training.architectures.network import Network
from unmask.training.fitting.robustness import attacked_logits
from unmask.training.recipe import Attack


class Bright(Network):
    """Calls forged what is brighter than 128."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(1))

    def forward(self, pixels):
        logit = self.gain * (pixels.float().mean(dim=(1, 2, 3)) - 128)
        return logit, logit[:, None, None], logit[:, None]


@pytest.mark.parametrize("kind", ["fgsm", "pgd"])
def test_the_attack_moves_the_mean_by_its_size(kind: str) -> None:
    units = np.stack([np.full((4, 4, 3), value, np.uint8) for value in (125, 135) * 10])
    heard: list[Advanced] = []
    clean, attacked = attacked_logits(
        Bright().eval(), units, [0, 1] * 10, Attack(kind=kind, epsilon=4.0), listener=heard.append
    )
    assert clean.tolist() == pytest.approx([-3.0, 7.0] * 10)
    assert attacked.tolist() == pytest.approx([1.0, 3.0] * 10, abs=0.05)
    assert [event.done for event in heard] == [16, 20]


def test_an_attack_of_no_size_changes_nothing() -> None:
    units = np.full((2, 4, 4, 3), 130, np.uint8)
    clean, attacked = attacked_logits(Bright().eval(), units, [0, 1], Attack(kind="fgsm", epsilon=0.0))
    assert clean.tolist() == attacked.tolist()

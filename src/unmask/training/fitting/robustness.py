"""Measure a finished network on units that were changed so that it errs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from unmask.core.events import Advanced, Listener, ignore
from unmask.training.architectures.network import Network
from unmask.training.fitting.attack import perturb
from unmask.training.recipe import Attack

_BATCH = 16


def attacked_logits(
    network: nn.Module, units: NDArray[Any], labels: Sequence[int], attack: Attack, *, listener: Listener = ignore
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Judge units as they are and under attack.

    Args:
        network: In evaluation mode.
        units: Shape (N, ...), uint8 or float32, as the network takes them.
        labels: N labels, 0 real, 1 fake.
        attack: Kind, size and steps; every unit is attacked, whatever its share says.
        listener: Hears progress.

    Returns:
        Clean and attacked logits, both of shape (N,).
    """
    torch.manual_seed(0)  # PGD starts from a random place.
    clean, attacked = [], []
    for start in range(0, len(units), _BATCH):
        batch = torch.from_numpy(units[start : start + _BATCH])
        truth = torch.tensor(labels[start : start + _BATCH], dtype=torch.float32)
        found = perturb(cast(Network, network), batch, truth, attack)
        with torch.inference_mode():
            clean.append(network(batch)[0].double().numpy())
            attacked.append(network(found)[0].double().numpy())
        listener(Advanced("attacking", min(start + _BATCH, len(units)), len(units)))
    return np.concatenate(clean), np.concatenate(attacked)

"""Optimisers by name, the curve of the learning rate, and sharpness-aware steps."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from unmask.training.recipe import Schedule

_LEAST = 0.01
_ONECYCLE_LEAST = 1e-4


def optimiser_of(network: nn.Module, schedule: Schedule) -> torch.optim.Optimizer:
    """Make the recipe's optimiser over all weights; those that are frozen have no gradient and stay as they are."""
    groups = _groups(network, schedule.weight_decay)
    if schedule.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=schedule.learning_rate, momentum=0.9, nesterov=True)
    kind = torch.optim.Adam if schedule.optimiser == "adam" else torch.optim.AdamW
    return kind(groups, lr=schedule.learning_rate)


def rate(schedule: Schedule, step: int) -> float:
    """Learning rate at a step.

    After a linear warm-up, ``cosine`` falls to a hundredth of the peak and ``constant`` stays. ``onecycle`` (Smith and
    Topin 2019) rises from a twenty-fifth along a cosine and falls to a ten-thousandth.
    """
    if step < schedule.warmup:
        part = (step + 1) / schedule.warmup
        share = 0.04 + 0.96 * _rising(part) if schedule.curve == "onecycle" else part
        return schedule.learning_rate * share
    if schedule.curve == "constant":
        return schedule.learning_rate
    least = _ONECYCLE_LEAST if schedule.curve == "onecycle" else _LEAST
    part = (step - schedule.warmup) / max(schedule.steps - schedule.warmup, 1)
    return schedule.learning_rate * (least + (1 - least) * (1 - _rising(min(part, 1.0))))


def _rising(part: float) -> float:
    return 0.5 * (1 - math.cos(math.pi * part))


def climb(network: nn.Module, radius: float) -> Callable[[], None]:
    """Move the weights to the worst place near them, for a second pass of sharpness-aware minimisation.

    Args:
        network: With gradients of the first pass (Foret et al. 2021).
        radius: How far to go along the gradient.

    Returns:
        Takes the weights back to where they were, exactly.
    """
    moved = [weight for weight in network.parameters() if weight.grad is not None]
    before = [weight.detach().clone() for weight in moved]
    slopes = [weight.grad for weight in moved if weight.grad is not None]
    length = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(slope) for slope in slopes]))
    with torch.no_grad():
        for weight, slope in zip(moved, slopes, strict=True):
            weight.add_(slope * (radius / (length + 1e-12)))

    def descend() -> None:
        with torch.no_grad():
            for weight, old in zip(moved, before, strict=True):
                weight.copy_(old)

    return descend


def blend_into(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an average of weights towards the current ones; counters are copied.

    Args:
        average: Changed in place.
        network: Of the same kind.
        decay: Share of the average that stays.
    """
    current: dict[str, Tensor] = network.state_dict()
    with torch.no_grad():
        for key, value in average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(current[key], 1 - decay)
            else:
                value.copy_(current[key])


def _groups(network: nn.Module, decay: float) -> list[dict[str, object]]:
    matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]

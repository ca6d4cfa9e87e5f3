"""Perturbations that make a network err: FGSM and PGD, for adversarial training and for measuring robustness."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from unmask.training.architectures.network import Network
from unmask.training.recipe import Attack


def perturb(
    network: Network,
    units: Tensor,
    labels: Tensor,
    attack: Attack,
    *,
    precision: AbstractContextManager[None] | None = None,
) -> Tensor:
    """Change units by at most `attack.epsilon` a value so that the network's loss grows.

    FGSM is one step along the sign of the gradient (Goodfellow et al. 2015). PGD takes several smaller ones, starting
    from a random place, and stays inside the box (Madry et al. 2018). The network is looked at as it will be used, in
    evaluation mode, and left in the mode that it was in; no gradient reaches its weights.

    Args:
        network: The victim.
        units: Shape (N, ...), uint8 in [0, 255], or float32 in [-1, 1].
        labels: Shape (N,), float32.
        attack: Kind, size and steps.
        precision: Arithmetic of the forward pass.

    Returns:
        Shape (N, ...), float32, inside the range of the units.
    """
    least, most = (-1.0, 1.0) if units.is_floating_point() else (0.0, 255.0)
    clean = units.detach().float()
    was_training = network.training
    network.eval()
    with precision or nullcontext():
        if attack.kind == "fgsm":
            found = clean + attack.epsilon * _slope(network, clean, labels).sign()
        else:
            found = _projected(network, clean, labels, attack)
    network.train(was_training)
    return found.clamp(least, most)


def _projected(network: Network, clean: Tensor, labels: Tensor, attack: Attack) -> Tensor:
    stride = 2.5 * attack.epsilon / attack.steps  # Madry et al.: enough to cross the box and to move inside it.
    found = clean + torch.empty_like(clean).uniform_(-attack.epsilon, attack.epsilon)
    for _ in range(attack.steps):
        found = found + stride * _slope(network, found, labels).sign()
        found = clean + (found - clean).clamp(-attack.epsilon, attack.epsilon)
    return found


def _slope(network: Network, units: Tensor, labels: Tensor) -> Tensor:
    units = units.detach().requires_grad_()
    logit, evidence, embedding = network(units)
    loss = network.loss((logit.float(), evidence.float(), embedding.float()), labels)
    return torch.autograd.grad(loss, units)[0].detach()

"""Does the exported graph give what the network gave? Measured on fixed units and written on the card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from unmask.core.errors import CardMismatch
from unmask.models.session import run_file

TOLERANCE = 1e-2


def parity(network: nn.Module, graph: Path, units: NDArray[np.generic], *, tolerance: float = TOLERANCE) -> float:
    """Compare logits of a network and its graph.

    Args:
        network: In its exported state.
        graph: The ONNX file.
        units: Shape (N, ...), fixed units of the dtype that the scanner hands in.
        tolerance: Largest difference that counts as the same.

    Returns:
        Largest absolute difference of the logit.

    Raises:
        CardMismatch: The difference passes the tolerance, so the graph must not ship.
    """
    network.eval()
    with torch.inference_mode():
        wanted = network(torch.from_numpy(np.asarray(units)))[0].double().numpy()
    return compare(wanted, graph, units, whose="the network's", tolerance=tolerance)


def compare(
    wanted: NDArray[np.float64],
    graph: Path,
    units: NDArray[np.generic],
    *,
    whose: str,
    tolerance: float = TOLERANCE,
) -> float:
    """Compare a graph's logits with those of what it was made from.

    Args:
        wanted: Shape (N,), logits.
        graph: The ONNX file.
        units: Shape (N, ...), what the logits are of.
        whose: They are, for the message.
        tolerance: Largest difference that counts as the same.

    Returns:
        Largest absolute difference of the logit.

    Raises:
        CardMismatch: The difference passes the tolerance, so the graph must not ship.
    """
    found = run_file(graph, units)["logit"].astype(np.float64)
    difference = float(np.abs(wanted - found).max())
    if not difference <= tolerance:
        message = f"{graph.name}: the graph's logits differ from {whose} by {difference:.2g}; expected {tolerance:g}."
        raise CardMismatch(message)
    return difference

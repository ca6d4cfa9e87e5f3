"""A graph in a quarter of its bytes: trained weights on a grid of 8 bits, computed with in float32 all the same.

Only storage changes: the runtime unfolds the weights once, when it opens the graph. Answers stay independent of what
else is in a batch, as they would not be with activations of 8 bits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import nn

_LARGE = 10_000
_LEVELS = 127
_FINE_LEVELS = 32767


def round_weights(network: nn.Module) -> None:
    """Round large weights to 255 levels for each output, in place.

    Args:
        network: Its linear layers and convolutions are rounded; fixed kernels, biases and norms are left alone.
    """
    with torch.no_grad():
        for layer in network.modules():
            weight = getattr(layer, "weight", None)
            if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d) and weight is not None and weight.numel() >= _LARGE:
                step = weight.abs().flatten(1).amax(dim=1).clamp(min=1e-12) / _LEVELS
                step = step.reshape(-1, *[1] * (weight.ndim - 1))
                weight.copy_((weight / step).round() * step)


def store_compactly(path: Path) -> None:
    """Store every large constant of a graph in the fewest bytes that lose nothing.

    Args:
        path: The graph; rewritten in place. What lies on the grid of `round_weights` takes one byte a value, what
            floats or whole numbers of 16 bits can hold takes two, the rest stays.
    """
    model = onnx.load(str(path))
    _name_constants(model.graph)
    kept, unfolding = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        small = _smaller(values) if values.dtype == np.float32 and values.size >= _LARGE else None
        if small is None:
            kept.append(tensor)
            continue
        stored, step = small
        parts = [
            helper.make_node("Cast", [f"{tensor.name}_stored"], [f"{tensor.name}_plain"], to=onnx.TensorProto.FLOAT)
        ]
        kept.append(numpy_helper.from_array(stored, f"{tensor.name}_stored"))
        if step is not None:
            kept.append(numpy_helper.from_array(step, f"{tensor.name}_step"))
            parts.append(helper.make_node("Mul", [f"{tensor.name}_plain", f"{tensor.name}_step"], [tensor.name]))
        else:
            parts[0].output[0] = tensor.name
        unfolding.extend(parts)
    nodes = [*unfolding, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save_model(model, str(path))


def _name_constants(graph: onnx.GraphProto) -> None:
    """Turn large constants inside nodes into initializers."""
    nodes = list(graph.node)
    del graph.node[:]
    for node in nodes:
        value = next((entry.t for entry in node.attribute if entry.name == "value"), None)
        if node.op_type == "Constant" and value is not None and np.prod(value.dims, dtype=int) >= _LARGE:
            value.name = node.output[0]
            graph.initializer.append(value)
        else:
            graph.node.append(node)


def _smaller(values: NDArray[np.float32]) -> tuple[NDArray[np.generic], NDArray[np.float32] | None] | None:
    """Whole numbers of 8 bits and their step along some axis, 16-bit floats, whole numbers of 16 bits, or None."""
    for axis in range(values.ndim) if values.ndim > 1 else ():
        others = tuple(place for place in range(values.ndim) if place != axis)
        step = np.maximum(np.abs(values).max(axis=others, keepdims=True), 1e-12).astype(np.float32) / _LEVELS
        whole = np.rint(values / step)
        if np.allclose(whole * step, values, rtol=1e-5, atol=1e-9):
            return whole.astype(np.int8), step.astype(np.float32)
    half = values.astype(np.float16)
    if np.array_equal(half.astype(np.float32), values):
        return half, None
    step = np.asarray(max(float(np.abs(values).max()), 1e-12) / _FINE_LEVELS, dtype=np.float32)
    whole = np.rint(values / step)
    return (whole.astype(np.int16), step) if np.allclose(whole * step, values, rtol=1e-5, atol=1e-7) else None

"""Take the weights of a public encoder out of a graph, so that only what was trained here is handed on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from unmask.models.assemble import base_weights

_LEAST = 64


def take_out(graph: Path, base: Path, part: Path) -> int:
    """Write a graph without the weights that an encoder holds; `unmask.models.assemble` puts them back.

    Weights are recognised by their values, as they are or transposed, also where only their first rows are used. What
    is missing is marked as ONNX marks external data, with the tensor's name for its location.

    Args:
        graph: The whole graph.
        base: The encoder's weights as CTranslate2 or PyTorch stores them.
        part: Where the rest goes.

    Returns:
        How many bytes were taken out.
    """
    model = onnx.load(str(graph))
    tensors = {name: values for name, values in base_weights(base).items() if values.size >= _LEAST}
    taken = 0
    for entry in model.graph.initializer:
        values = numpy_helper.to_array(entry)
        where = _where(values, tensors) if values.dtype == np.float32 and values.size >= _LEAST else None
        if where is None:
            continue
        taken += values.nbytes
        entry.CopyFrom(TensorProto(name=entry.name, dims=entry.dims, data_type=entry.data_type))
        entry.data_location = TensorProto.EXTERNAL
        for key, value in where.items():
            entry.external_data.add(key=key, value=value)
    part.write_bytes(model.SerializeToString(deterministic=True))
    return taken


def _where(values: NDArray[np.float32], tensors: dict[str, NDArray[np.float32]]) -> dict[str, str] | None:
    for name, tensor in tensors.items():
        if np.array_equal(tensor[: len(values)], values):
            return {"location": name}
        if tensor.ndim == 2 and np.array_equal(tensor.T[: len(values)], values):
            return {"location": name, "transposed": "1"}
    return None

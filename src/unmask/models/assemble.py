"""Build a graph from a public encoder and the part that was trained for it. The only user of the package onnx here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unmask.core.errors import CardMismatch, WeightsMissing
from unmask.models.checkpoint import read_checkpoint
from unmask.models.ctranslate import read_tensors

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

_READERS = {".bin": read_tensors, ".pt": read_checkpoint}


def assemble(base: Path, part: Path, out: Path) -> None:
    """Join a base encoder and a trained part into one graph.

    For an encoder that is a graph, the part is a graph in two pieces: from its first input to the encoder's input (the
    preprocessing), and from inner values of the encoder, named as they are named there, to the outputs. Layers of the
    encoder that the part does not ask for are left out. For an encoder that is weights alone, the part is the whole
    graph, which names the weights that it lacks.

    Args:
        base: ONNX graph of the encoder, or its weights as CTranslate2 (``.bin``) or PyTorch (``.pt``) stores them.
        part: ONNX graph of the trained part.
        out: Where the joined graph goes; written whole or not at all.

    Raises:
        WeightsMissing: The package onnx is not installed.
        CardMismatch: The part asks for values that the encoder does not have, or the encoder cannot be read.
    """
    try:
        import onnx
    except ImportError as error:
        message = "Assembling a model needs the package onnx. Run `pip install 'unmask[accurate]'`."
        raise WeightsMissing(message) from error
    joined = onnx.load(part, load_external_data=False)
    if base.suffix in _READERS:
        _fill(joined.graph, base)
    else:
        _insert(joined.graph, base, part)
    onnx.checker.check_model(joined)
    whole = out.with_name(out.name + ".part")
    whole.parent.mkdir(parents=True, exist_ok=True)
    whole.write_bytes(joined.SerializeToString(deterministic=True))
    whole.replace(out)


def base_weights(base: Path) -> dict[str, NDArray[np.float32]]:
    """Read an encoder that is weights alone.

    Args:
        base: As CTranslate2 or PyTorch stores them.

    Returns:
        Values by name.

    Raises:
        CardMismatch: The file is no such encoder.
    """
    return {name: values.astype(np.float32) for name, values in _READERS[base.suffix](base).items()}


def _fill(graph: onnx.GraphProto, base: Path) -> None:
    """Put the encoder's weights where the part names them, see `unmask.training.architectures.voice.parting`."""
    from onnx import TensorProto, numpy_helper

    tensors = base_weights(base)
    for entry in graph.initializer:
        if entry.data_location != TensorProto.EXTERNAL:
            continue
        where = {item.key: item.value for item in entry.external_data}
        if where["location"] not in tensors:
            message = f"{base.name} has no {where['location']}. It is not the encoder that the part was made for."
            raise CardMismatch(message)
        values = tensors[where["location"]]
        values = (values.T if "transposed" in where else values)[: entry.dims[0]]
        entry.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), entry.name))


def _insert(joined: onnx.GraphProto, base: Path, part: Path) -> None:
    """Put the encoder's nodes between the two pieces of the part."""
    import onnx

    wanted = [entry.name for entry in joined.input[1:]]
    body = _needed(onnx.load(base).graph, wanted)
    missing = set(wanted) - {name for node in body.node for name in node.output}
    if missing:
        message = f"{base.name} has no {', '.join(sorted(missing))}. It is not the encoder of {part.name}."
        raise CardMismatch(message)
    del joined.input[1:]
    nodes = [*joined.node]
    del joined.node[:]
    first = sum(1 for node in nodes if node.name.startswith("pre/"))
    joined.node.extend([*nodes[:first], *body.node, *nodes[first:]])
    joined.initializer.extend(body.initializer)


def _needed(graph: onnx.GraphProto, outputs: list[str]) -> onnx.GraphProto:
    """Keep the nodes and initializers that lead to some values."""
    makers = {name: node for node in graph.node for name in node.output}
    open_names, kept = list(outputs), set()
    while open_names:
        name = open_names.pop()
        node = makers.get(name)
        if node is not None and node.name not in kept:
            kept.add(node.name)
            open_names.extend(node.input)
    nodes = [node for node in graph.node if node.name in kept]
    used = {name for node in nodes for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(tensors)
    return graph

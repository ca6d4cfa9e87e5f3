"""Build a graph from a public encoder and the part that was trained for it. The only user of the package onnx here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from unmask.core.errors import CardMismatch, WeightsMissing

if TYPE_CHECKING:
    import onnx


def assemble(base: Path, part: Path, out: Path) -> None:
    """Join a base encoder and a trained part into one graph.

    The part is a graph in two pieces: from its first input to the encoder's input (the preprocessing), and from inner
    values of the encoder, named as they are named there, to the outputs. Layers of the encoder that the part does not
    ask for are left out.

    Args:
        base: ONNX graph of the encoder.
        part: ONNX graph of the trained part.
        out: Where the joined graph goes; written whole or not at all.

    Raises:
        WeightsMissing: The package onnx is not installed.
        CardMismatch: The part asks for values that the encoder does not have.
    """
    try:
        import onnx
    except ImportError as error:
        message = "Assembling a model needs the package onnx. Run `pip install 'unmask[accurate]'`."
        raise WeightsMissing(message) from error
    joined = onnx.load(part)
    wanted = [entry.name for entry in joined.graph.input[1:]]
    body = _needed(onnx.load(base).graph, wanted)
    missing = set(wanted) - {name for node in body.node for name in node.output}
    if missing:
        message = f"{base.name} has no {', '.join(sorted(missing))}. It is not the encoder of {part.name}."
        raise CardMismatch(message)
    del joined.graph.input[1:]
    nodes = [*joined.graph.node]
    del joined.graph.node[:]
    first = sum(1 for node in nodes if node.name.startswith("pre/"))
    joined.graph.node.extend([*nodes[:first], *body.node, *nodes[first:]])
    joined.graph.initializer.extend(body.initializer)
    onnx.checker.check_model(joined)
    whole = out.with_name(out.name + ".part")
    whole.parent.mkdir(parents=True, exist_ok=True)
    whole.write_bytes(joined.SerializeToString(deterministic=True))
    whole.replace(out)


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

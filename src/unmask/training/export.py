"""From trained weights to an ONNX graph that takes what the scanner hands it."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

OPSET = 18
OUTPUTS = ("logit", "evidence", "embedding")


def export_graph(
    network: nn.Module, weights: Path, example: Tensor, path: Path, *, input_name: str, facts: dict[str, str]
) -> None:
    """Write a graph with a free batch size.

    Args:
        network: Maps a batch of units to logit, evidence and embedding; pre-processing is part of it.
        weights: Its safetensors.
        example: A batch of two units, of the dtype that the scanner hands in.
        path: Where the graph goes.
        input_name: Name of the graph's input.
        facts: Stamped into the graph's metadata; the card must agree with them.
    """
    network.load_state_dict(load_file(weights))
    network.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    program = torch.onnx.export(
        network,
        (example,),
        input_names=[input_name],
        output_names=list(OUTPUTS),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    program.optimize()
    model = program.model_proto
    _forget_sources(model.graph)
    onnx.helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    onnx.save_model(model, str(path))


def _forget_sources(graph: onnx.GraphProto) -> None:
    """Remove what the exporter notes about each node, which includes paths of the machine that it ran on."""
    for entry in (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer, graph):
        entry.ClearField("metadata_props")
        entry.ClearField("doc_string")

"""From trained weights to an ONNX graph that takes what the scanner hands it."""

from __future__ import annotations

import warnings
from pathlib import Path

import onnx
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

OPSET = 18
IR_VERSION = 8
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
    network.cpu().eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_graph(network, example, path, input_name=input_name)
    model = onnx.load(str(path))
    _forget_sources(model.graph)
    onnx.helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    onnx.save_model(model, str(path))


def write_graph(
    network: nn.Module, example: Tensor, path: Path, *, input_name: str, outputs: tuple[str, ...] = OUTPUTS
) -> None:
    """Trace a network into a graph.

    PyTorch's tracing exporter is used: its newer one gives the same graphs for these networks and takes fifteen times
    as long (33 s against 2 s for EfficientNet-lite0).
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(value=False)  # The fused attention has no counterpart in ONNX.
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # The tracer warns about being old, and about every constant it folds.
            torch.onnx.export(
                network,
                (example,),
                str(path),
                input_names=[input_name],
                output_names=list(outputs),
                dynamic_axes={name: {0: "batch"} for name in (input_name, *outputs)},
                opset_version=OPSET,
                dynamo=False,
            )
    finally:
        torch.backends.mha.set_fastpath_enabled(value=fused)


def _forget_sources(graph: onnx.GraphProto) -> None:
    """Remove what the exporter notes about each node, which includes paths of the machine that it ran on."""
    for entry in (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer, graph):
        entry.ClearField("metadata_props")
        entry.ClearField("doc_string")

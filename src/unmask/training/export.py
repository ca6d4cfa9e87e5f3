"""From trained weights to an ONNX graph that takes what the scanner hands it."""

from __future__ import annotations

import copy
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import onnx
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from unmask.training.timm_import import timm

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
    network = _padded_in_numbers(network, example)
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


def _padded_in_numbers(network: nn.Module, example: Tensor) -> nn.Module:
    """A copy whose convolutions with TensorFlow's "same" padding know their padding, which depends on the input's size.

    The tracer would write how to compute it. The runtime cannot fold that into the convolution, and EfficientNet-lite0
    takes a quarter longer.
    """
    kind = timm().layers.Conv2dSame
    if not any(isinstance(layer, kind) for layer in network.modules()):
        return network
    network = copy.deepcopy(network)
    sizes: dict[nn.Conv2d, tuple[int, int]] = {}

    def note(layer: nn.Conv2d, inputs: tuple[Tensor, ...]) -> None:
        sizes[layer] = (int(inputs[0].shape[-2]), int(inputs[0].shape[-1]))

    hooks = [layer.register_forward_pre_hook(note) for layer in network.modules() if isinstance(layer, kind)]
    with torch.no_grad():
        network(example)
    for hook in hooks:
        hook.remove()
    for layer, size in sizes.items():
        shape = zip(size, layer.kernel_size, layer.stride, layer.dilation, strict=True)
        high, wide = (timm().layers.get_same_padding(*side) for side in shape)
        border = (high // 2, wide // 2, high - high // 2, wide - wide // 2)
        layer.forward = partial(_padded, layer, border)  # type: ignore[method-assign]
    return network


def _padded(layer: nn.Conv2d, border: tuple[int, int, int, int], x: Tensor) -> Tensor:
    shape = (layer.stride, layer.dilation, layer.groups)
    made: Tensor = _Padded.apply(x, layer.weight, layer.bias, border, *shape)  # type: ignore[no-untyped-call]
    return made


class _Padded(torch.autograd.Function):
    """A convolution that pads top, left, bottom and right each by its own number: ONNX can say that, PyTorch cannot."""

    @staticmethod
    def forward(_: Any, x: Tensor, weight: Tensor, bias: Tensor | None, border: Any, *shape: Any) -> Tensor:  # noqa: ANN401 - PyTorch's signature
        top, left, bottom, right = border
        stride, dilation, groups = shape
        x = nn.functional.pad(x, (left, right, top, bottom))
        return nn.functional.conv2d(x, weight, bias, stride, 0, dilation, groups)

    @staticmethod
    def symbolic(graph: Any, x: Any, weight: Any, bias: Any, border: Any, *shape: Any) -> Any:  # noqa: ANN401 - likewise
        stride, dilation, groups = shape
        inputs = (x, weight) if bias is None or bias.node().mustBeNone() else (x, weight, bias)
        return graph.op("Conv", *inputs, pads_i=border, strides_i=stride, dilations_i=dilation, group_i=groups)


def _forget_sources(graph: onnx.GraphProto) -> None:
    """Remove what the exporter notes about each node, which includes paths of the machine that it ran on."""
    for entry in (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer, graph):
        entry.ClearField("metadata_props")
        entry.ClearField("doc_string")

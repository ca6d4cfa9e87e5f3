"""A front end and a scikit-learn pipeline as one graph with the outputs that every detector has."""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.pipeline import Pipeline
from torch import nn

from unmask.training.export import OPSET, write_graph

_INPUT = "judge/numbers"


def pipeline_graph(features: nn.Module, pipeline: Pipeline, path: Path, *, size_px: int, facts: dict[str, str]) -> None:
    """Write the graph.

    Args:
        features: Crops, shape (N, S, S, 3), uint8, to numbers, shape (N, F).
        pipeline: Fitted on such numbers; classes 0 (real) and 1 (fake).
        path: Where the graph goes.
        size_px: Side of the crop.
        facts: Stamped into the graph's metadata.
    """
    front = _front(features, size_px)
    # Raw scores are the decision function, which is what logits are; probabilities would be cut off at 0 and 1.
    options = {id(pipeline.steps[-1][1]): {"raw_scores": True, "zipmap": False}}
    wanted = [("numbers", FloatTensorType([None, int(pipeline.n_features_in_)]))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # It asks scikit-learn for an attribute that is about to go.
        judge = to_onnx(pipeline, initial_types=wanted, options=options, target_opset=OPSET)
    judge = onnx.compose.add_prefix(judge, "judge/")
    nodes = [
        *front.graph.node,
        helper.make_node("Identity", ["embedding"], [_INPUT]),
        *judge.graph.node,
        # Column 1 belongs to class 1, fake. One cell of evidence: such a pipeline cannot say where it looked.
        helper.make_node("Gather", [judge.graph.output[1].name, "fake"], ["logit"], axis=1),
        helper.make_node("Reshape", ["logit", "cell"], ["evidence"]),
    ]
    constants = [numpy_helper.from_array(np.array(1), "fake"), numpy_helper.from_array(np.array([-1, 1, 1]), "cell")]
    outputs = [
        helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["batch"]),
        helper.make_tensor_value_info("evidence", TensorProto.FLOAT, ["batch", 1, 1]),
        *front.graph.output,
    ]
    stored = [*front.graph.initializer, *judge.graph.initializer, *constants]
    graph = helper.make_graph(nodes, "pipeline", front.graph.input, outputs, stored)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=front.ir_version)
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save_model(model, str(path))


def _front(features: nn.Module, size_px: int) -> onnx.ModelProto:
    example = torch.zeros(2, size_px, size_px, 3, dtype=torch.uint8)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "front.onnx"
        write_graph(features.eval(), example, path, input_name="pixels", outputs=("embedding",))
        model = onnx.load(str(path))
    for node in model.graph.node:
        node.ClearField("doc_string")
    return model

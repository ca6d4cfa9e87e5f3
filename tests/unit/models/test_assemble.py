"""Joining an encoder and a trained part: what comes out, what is left out, and parts that do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from unmask.core.errors import CardMismatch
from unmask.models.assemble import assemble
from unmask.models.session import run_file


def save(nodes: list[onnx.NodeProto], given: dict[str, int], wanted: list[str], constants: dict, path: Path) -> Path:
    """Write a graph on rows of three values; ``given`` maps inputs to their types."""
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, ["batch", 3]) for name, kind in given.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3]) for name in wanted],
        [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=7)
    helper.set_model_props(model, {"name": "tiny"})
    onnx.save_model(model, str(path))
    return path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Adds 1, then triples, then squares."""
    nodes = [
        helper.make_node("Add", ["values", "one"], ["layer.0"], "first"),
        helper.make_node("Mul", ["layer.0", "three"], ["layer.1"], "second"),
        helper.make_node("Mul", ["layer.1", "layer.1"], ["end"], "third"),
    ]
    return save(nodes, {"values": TensorProto.FLOAT}, ["end"], {"one": 1, "three": 3}, tmp_path / "base.onnx")


def part(folder: Path, layer: str) -> Path:
    """Halves 8-bit values for the encoder, and takes 10 from a layer."""
    nodes = [
        helper.make_node("Cast", ["pixels"], ["pre/float"], "pre/cast", to=TensorProto.FLOAT),
        helper.make_node("Div", ["pre/float", "pre/two"], ["values"], "pre/scale"),
        helper.make_node("Sub", [layer, "head/ten"], ["logit"], "head/logit"),
    ]
    given = {"pixels": TensorProto.UINT8, layer: TensorProto.FLOAT}
    return save(nodes, given, ["logit"], {"pre/two": 2, "head/ten": 10}, folder / "part.onnx")


def test_the_joined_graph_takes_what_the_part_takes_and_gives_what_it_gives(base: Path, tmp_path: Path) -> None:
    assemble(base, part(tmp_path, "layer.1"), tmp_path / "new" / "joined.onnx")
    found = run_file(tmp_path / "new" / "joined.onnx", np.array([[0, 2, 4]], np.uint8))
    assert list(found) == ["logit"]
    np.testing.assert_allclose(found["logit"], [[3 - 10, 6 - 10, 9 - 10]])


def test_layers_that_nobody_asks_for_are_left_out_and_facts_stay(base: Path, tmp_path: Path) -> None:
    assemble(base, part(tmp_path, "layer.0"), tmp_path / "joined.onnx")
    joined = onnx.load(tmp_path / "joined.onnx")
    assert {node.name for node in joined.graph.node} == {"pre/cast", "pre/scale", "first", "head/logit"}
    assert {tensor.name for tensor in joined.graph.initializer} == {"one", "pre/two", "head/ten"}
    assert {entry.key: entry.value for entry in joined.metadata_props} == {"name": "tiny"}


def test_the_same_files_give_the_same_bytes(base: Path, tmp_path: Path) -> None:
    for name in ("a.onnx", "b.onnx"):
        assemble(base, part(tmp_path, "layer.1"), tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_a_part_for_another_encoder_is_refused_and_nothing_is_written(base: Path, tmp_path: Path) -> None:
    with pytest.raises(CardMismatch, match=r"base\.onnx has no layer\.7"):
        assemble(base, part(tmp_path, "layer.7"), tmp_path / "joined.onnx")
    assert not (tmp_path / "joined.onnx").exists()

"""Joining an encoder and a trained part: what comes out, what is left out, and parts that do not fit."""

from __future__ import annotations

import struct
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


def weights(path: Path, name: str, values: np.ndarray) -> Path:
    """One tensor in CTranslate2's format, 16-bit floats."""
    words = [struct.pack("<H", len(text) + 1) + text.encode() + b"\0" for text in ("Spec", name)]
    halves = values.astype("<f2")
    shape = struct.pack(f"<B{halves.ndim}I", halves.ndim, *halves.shape)
    head = struct.pack("<I", 6) + words[0] + struct.pack("<II", 3, 1) + words[1]
    path.write_bytes(head + shape + struct.pack("<BI", 4, halves.nbytes) + halves.tobytes())
    return path


def lacking(path: Path, location: str) -> Path:
    """Multiplies by a matrix that the part only names: the transpose of an encoder's tensor, its first three rows."""
    save([helper.make_node("MatMul", ["values", "m"], ["logit"], "n")], {"values": TensorProto.FLOAT}, ["logit"],
         {"m": np.zeros((3, 3))}, path)  # fmt: skip
    model = onnx.load(path)
    (entry,) = model.graph.initializer
    entry.CopyFrom(TensorProto(name="m", dims=[3, 3], data_type=TensorProto.FLOAT))
    entry.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("transposed", "1")):
        entry.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


def test_weights_that_a_part_names_are_filled_in(tmp_path: Path) -> None:
    values = np.arange(15, dtype=np.float32).reshape(3, 5)
    base = weights(tmp_path / "base.bin", "encoder/m", values)
    assemble(base, lacking(tmp_path / "part.onnx", "encoder/m"), tmp_path / "joined.onnx")
    rows = np.eye(3, dtype=np.float32)
    np.testing.assert_array_equal(run_file(tmp_path / "joined.onnx", rows)["logit"], values.T[:3])


def test_an_encoder_without_what_a_part_names_is_refused(tmp_path: Path) -> None:
    base = weights(tmp_path / "base.bin", "encoder/m", np.zeros((3, 5), np.float32))
    with pytest.raises(CardMismatch, match=r"base\.bin has no encoder/other"):
        assemble(base, lacking(tmp_path / "part.onnx", "encoder/other"), tmp_path / "joined.onnx")
    base.write_bytes(base.read_bytes()[:20])
    with pytest.raises(CardMismatch, match="holds no encoder"):
        assemble(base, lacking(tmp_path / "part.onnx", "encoder/m"), tmp_path / "joined.onnx")
    assert not (tmp_path / "joined.onnx").exists()


def test_a_part_for_another_encoder_is_refused_and_nothing_is_written(base: Path, tmp_path: Path) -> None:
    with pytest.raises(CardMismatch, match=r"base\.onnx has no layer\.7"):
        assemble(base, part(tmp_path, "layer.7"), tmp_path / "joined.onnx")
    assert not (tmp_path / "joined.onnx").exists()

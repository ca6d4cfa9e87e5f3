"""Several exported detectors as one: their graphs side by side in one graph, the mean of their calibrated logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from unmask.core.errors import CardMismatch, InvalidOption
from unmask.models.card import ModelCard
from unmask.models.catalogue import find
from unmask.models.session import run_file
from unmask.models.store import locate
from unmask.training.export import IR_VERSION, OPSET
from unmask.training.parity import compare
from unmask.training.recipe import Recipe

ENSEMBLE = "ensemble"


def read_members(recipe: Recipe, folder: Path) -> list[ModelCard]:
    """Read the cards that a recipe of architecture ``ensemble`` names under ``network.members``.

    Args:
        recipe: Names members, at least two.
        folder: Where `unmask export` wrote their cards.

    Raises:
        InvalidOption: There are too few, or one has no card there.
        CardMismatch: They want different crops, or one has no calibration.
    """
    names = [str(name) for name in recipe.network.get("members", ())]
    if len(names) < 2:
        message = (
            f'{recipe.name}: network.members names {len(names)} models; expected at least two, as ["one", "other"].'
        )
        raise InvalidOption(message)
    paths = [folder / f"{name}.toml" for name in names]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        message = f"{folder} lacks the cards {', '.join(missing)}. Export every member into this folder first."
        raise InvalidOption(message)
    members = [find(str(path)) for path in paths]
    for member in members:
        if member.input != members[0].input or member.calibration is None or member.outputs is None:
            message = f"{member.name}: members need a calibration and the same crops as {members[0].name}."
            raise CardMismatch(message)
    return members


def join(members: Sequence[ModelCard], path: Path, *, name: str) -> None:
    """Write the joint graph.

    The logit is the mean of the members' logits after their calibration; the evidence is the first member's, its
    embedding all of theirs one after the other.

    Args:
        members: Calibrated cards whose graphs take the same crops.
        path: Where the graph goes.
        name: Of the ensemble.
    """
    parts = [_part(member, f"{place}/") for place, member in enumerate(members)]
    nodes = [node for part in parts for node in part.node]
    nodes += [
        helper.make_node("Mean", [f"{place}/calibrated" for place in range(len(parts))], ["logit"]),
        helper.make_node("Identity", ["0/evidence"], ["evidence"]),
        helper.make_node("Concat", [f"{place}/embedding" for place in range(len(parts))], ["embedding"], axis=1),
    ]
    shapes = {"logit": ["batch"], "evidence": ["batch", "high", "wide"], "embedding": ["batch", "channels"]}
    outputs = [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in shapes.items()]
    stored = [entry for part in parts for entry in part.initializer]
    graph = helper.make_graph(nodes, "ensemble", parts[0].input, outputs, stored)
    domains = {node.domain for node in nodes}
    opsets = [
        helper.make_opsetid("", OPSET),
        *([helper.make_opsetid("ai.onnx.ml", 1)] if "ai.onnx.ml" in domains else []),
    ]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    wants = members[0].input
    assert wants is not None
    helper.set_model_props(model, {"name": name, "crop": wants.crop, "margin": str(wants.margin)})
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save_model(model, str(path))


def joint_parity(members: Sequence[ModelCard], graph: Path, units: NDArray[np.uint8]) -> float:
    """Compare the joint graph's logit with the mean of what the members' own graphs give, after their calibration.

    Args:
        members: As given to `join`.
        graph: What it wrote.
        units: Shape (N, S, S, 3), or (N, T, S, S, 3) for members that judge sequences.

    Returns:
        Largest absolute difference of the logit.

    Raises:
        CardMismatch: It is too large, so the graph must not ship.
    """
    logits = [_calibrated(member, units) for member in members]
    return compare(np.mean(logits, axis=0), graph, units, whose="the mean of its members'")


def _calibrated(member: ModelCard, units: NDArray[np.uint8]) -> NDArray[np.float64]:
    assert member.calibration is not None
    assert member.outputs is not None
    logits = run_file(locate(member), units)[member.outputs["logit"]].astype(np.float64)
    return logits * member.calibration.medium_slope + member.calibration.medium_offset


def _part(member: ModelCard, prefix: str) -> onnx.GraphProto:
    """A member's graph under names of its own, its calibration at the end."""
    model = onnx.compose.add_prefix(onnx.load(str(locate(member))), prefix, rename_inputs=False)
    assert member.calibration is not None
    for key, value in (("slope", member.calibration.medium_slope), ("offset", member.calibration.medium_offset)):
        model.graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), prefix + key))
    model.graph.node.extend(
        [
            helper.make_node("Mul", [f"{prefix}logit", f"{prefix}slope"], [f"{prefix}scaled"]),
            helper.make_node("Add", [f"{prefix}scaled", f"{prefix}offset"], [f"{prefix}calibrated"]),
        ]
    )
    return model.graph

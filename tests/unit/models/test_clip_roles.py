"""A face model with a head of its own for clips: its second answer is the opposite of its first one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.makers import models
from unmask.core.errors import CardMismatch
from unmask.models.card import ModelCard
from unmask.models.catalogue import find
from unmask.models.session import Session
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan

OUTPUTS = '{ logit = "logit", evidence = "evidence", clip_logit = "moving", clip_evidence = "moving_map" }'


def two_headed() -> onnx.ModelProto:
    """The tiny face model with its answer turned round as further outputs."""
    model = models.face_graph()
    for given, turned in (("logit", "moving"), ("evidence", "moving_map")):
        model.graph.node.append(helper.make_node("Neg", [given], [turned]))
        shape = ["N"] if given == "logit" else ["N", 4, 4]
        model.graph.output.append(helper.make_tensor_value_info(turned, TensorProto.FLOAT, shape))
    return model


def card(folder: Path, **lines: str) -> ModelCard:
    path = models.write_face_model(folder, graph=two_headed(), **{"outputs": OUTPUTS, **lines})
    return find(str(path))


def units() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)


def test_pictures_and_clips_are_answered_by_outputs_of_their_own(tmp_path: Path) -> None:
    session = Session(card(tmp_path))
    logits = np.array([models.face_logit(unit) for unit in units()])
    still, moving = session.run(units()), session.of_clips().run(units())
    assert set(still) == set(moving) == {"logit", "evidence"}
    assert still["logit"] == pytest.approx(logits, abs=1e-4)
    assert moving["logit"] == pytest.approx(-logits, abs=1e-4)
    assert moving["evidence"].mean(axis=(1, 2)) == pytest.approx(-logits, abs=1e-4)
    assert session.run(units())["logit"] == pytest.approx(logits, abs=1e-4)


def test_most_models_answer_both_alike(tmp_path: Path) -> None:
    session = Session(find(str(models.write_face_model(tmp_path))))
    np.testing.assert_array_equal(session.run(units())["logit"], session.of_clips().run(units())["logit"])


def test_a_card_that_names_an_output_that_is_not_there_is_refused(tmp_path: Path) -> None:
    models.write_face_model(tmp_path, outputs=OUTPUTS)
    with pytest.raises(CardMismatch, match="moving"):
        Session(find(str(tmp_path / "tiny-face.toml")))


def test_a_scan_asks_the_head_that_fits_the_medium(tmp_path: Path, gallery: Path) -> None:
    card(tmp_path)
    pipeline = Pipeline(ScanPlan(face=str(tmp_path / "tiny-face.toml"), speech="", frames=4))
    found = {file: pipeline.scan(gallery / file).verdict for file in ("blue.png", "blue.mp4", "genuine.mp4")}
    assert found == {"blue.png": "likely_fake", "blue.mp4": "likely_real", "genuine.mp4": "likely_fake"}

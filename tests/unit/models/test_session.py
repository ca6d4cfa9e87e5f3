from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.makers import models
from unmask.core.errors import CardMismatch, ChecksumMismatch, InvalidOption, ProviderUnavailable, WeightsMissing
from unmask.models.card import read_card
from unmask.models.session import Session


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path))
    return tmp_path


def open_face(folder: Path, **card: object) -> Session:
    return Session(read_card(models.write_face_model(folder, **card)), threads=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_batch_gives_one_row_each(folder: Path, count: int) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3), np.uint8)
    found = open_face(folder).run(crops)
    assert set(found) == {"logit", "evidence"}
    assert found["logit"].shape == (count,)
    assert found["evidence"].shape == (count, 4, 4)
    assert found["logit"] == pytest.approx([models.face_logit(crop) for crop in crops], abs=1e-4)


def test_outputs_are_named_by_role(folder: Path) -> None:
    session = open_face(folder, outputs='{ surprise = "evidence" }')
    assert set(session.run(np.zeros((1, 64, 64, 3), np.uint8))) == {"surprise"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"input": '{ name = "image", dtype = "uint8" }'}, "image"),
        ({"input": '{ name = "pixels", dtype = "float32" }'}, "tensor"),
        ({"input": '{ name = "pixels", dtype = "float16" }'}, "float16"),
        ({"outputs": '{ logit = "score" }'}, "score"),
        ({"input": ""}, "no inputs and outputs"),
        ({"outputs": ""}, "no inputs and outputs"),
    ],
    ids=["input", "dtype", "unknown dtype", "output", "no input", "no outputs"],
)
def test_card_and_graph_must_agree(folder: Path, changed: dict[str, str], words: str) -> None:
    with pytest.raises(CardMismatch, match=words):
        open_face(folder, **changed)


@pytest.mark.parametrize(
    ("stamp", "words"),
    [
        ({"crop": "upright-square-0", "margin": "1.3"}, "upright-square-0"),
        ({"crop": models.CROP, "margin": "1.5"}, "margin 1.3, the graph says 1.5"),
        ({}, "the graph says None"),
    ],
    ids=["crop", "margin", "none"],
)
def test_a_graph_of_another_cropping_rule_is_refused(folder: Path, stamp: dict[str, str], words: str) -> None:
    with pytest.raises(CardMismatch, match=words):
        open_face(folder, graph=models.face_graph(stamp=stamp))


def test_a_graph_of_another_dtype_is_refused(folder: Path) -> None:
    with pytest.raises(CardMismatch, match="float"):
        open_face(folder, graph=models.face_graph(dtype=onnx.TensorProto.FLOAT))


def test_a_file_that_is_no_graph_is_refused(folder: Path) -> None:
    class Garbage:
        def SerializeToString(self) -> bytes:  # noqa: N802 - onnx's name
            return b"this is no graph at all"

    with pytest.raises(CardMismatch, match="tiny-face"):
        open_face(folder, graph=Garbage())


def test_sound_needs_no_crop_stamp(folder: Path) -> None:
    session = Session(read_card(models.write_speech_model(folder)))
    assert session.run(np.zeros((2, 64000), np.float32))["logit"] == pytest.approx([-5, -5])


def test_missing_and_changed_files_are_told_apart(folder: Path) -> None:
    card = read_card(models.write_face_model(folder))
    path = folder / "tiny-face.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ChecksumMismatch):
        Session(card)
    path.unlink()
    with pytest.raises(WeightsMissing):
        Session(card)


def test_an_engine_that_is_not_installed_says_what_to_install(folder: Path) -> None:
    import onnxruntime

    if "OpenVINOExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this runtime has OpenVINO")
    card = read_card(models.write_face_model(folder))
    with pytest.raises(ProviderUnavailable, match="onnxruntime-openvino"):
        Session(card, engine="openvino")


def test_an_engine_that_nobody_knows_is_refused(folder: Path) -> None:
    card = read_card(models.write_face_model(folder))
    with pytest.raises(InvalidOption, match="openvino"):
        Session(card, engine="openvin")

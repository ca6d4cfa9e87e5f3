from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from tests.makers import models, people
from unmask.core.errors import CardMismatch, WeightsMissing
from unmask.models.card import CardCompanion, ModelCard, read_card
from unmask.models.catalogue import find
from unmask.models.companion import add, companion_of, resized
from unmask.models.session import Session
from unmask.models.write import write_card
from unmask.scanning.pipeline import Pipeline
from unmask.scanning.plan import ScanPlan

WEIGHT = 0.5


def joined(folder: Path, *, weight: float = WEIGHT, clips: bool = True, **other: str) -> ModelCard:
    """The tiny face model beside a second one, which hears of grain."""
    second = models.write_face_model(folder, name="second", graph=models.grain_graph(), **other)
    companion = CardCompanion("second", read_card(second).graph.sha256, weight, clips)
    said = f'card = "second", sha256 = "{companion.sha256}", weight = {weight}, clips = {str(clips).lower()}'
    path = models.write_face_model(folder, companion=f"{{ {said} }}")
    card = find(str(path))
    assert card.companion == companion
    return card


def units(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3), np.uint8)


def alone(folder: Path, name: str) -> dict[str, np.ndarray]:
    return Session(find(str(folder / f"{name}.toml"))).run(units())


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_the_answers_are_added(tmp_path: Path, threads: int) -> None:
    """One after the other with one thread, else at once."""
    found = Session(joined(tmp_path), threads=threads).run(units())
    second = alone(tmp_path, "second")
    first = np.array([models.face_logit(unit) for unit in units()])
    assert found["logit"] == pytest.approx(first + WEIGHT * second["logit"], abs=1e-4)
    assert found["evidence"].mean(axis=(1, 2)) == pytest.approx(found["logit"], abs=1e-4)


@pytest.mark.parametrize(("threads", "asked_by"), [(1, 1), (2, 2)])
def test_with_more_threads_than_one_both_are_asked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, asked_by: int
) -> None:
    callers = set()
    plain = Session._own

    def heard(session: Session, units: np.ndarray) -> dict[str, np.ndarray]:
        callers.add(threading.get_ident())
        return plain(session, units)

    monkeypatch.setattr(Session, "_own", heard)
    Session(joined(tmp_path), threads=threads).run(units())
    assert len(callers) == asked_by


def test_maps_are_brought_to_the_finer_shape() -> None:
    fine = {"logit": np.zeros(1, np.float32), "evidence": np.zeros((1, 4, 4), np.float32)}
    coarse = {"logit": np.full(1, 2.0, np.float32), "evidence": np.array([[[8.0, 0.0], [0.0, 0.0]]], np.float32)}
    for first, second in ((fine, coarse), (coarse, fine)):
        found = add(first, second, WEIGHT)
        assert found["evidence"].shape == (1, 4, 4)
        assert found["evidence"].argmax() == 0
        assert found["evidence"].mean() == pytest.approx(found["logit"][0], abs=1e-5)


def test_what_says_only_when_is_laid_over_all_bands() -> None:
    when = {"logit": np.ones(1, np.float32), "evidence": np.array([[[3.0, 0.0, 0.0]]], np.float32)}
    bands = {"logit": np.zeros(1, np.float32), "evidence": np.zeros((1, 2, 3), np.float32)}
    found = add(when, bands, WEIGHT)["evidence"]
    np.testing.assert_allclose(found, [[[3, 0, 0], [3, 0, 0]]], atol=1e-6)


def test_outputs_that_only_the_first_has_stay() -> None:
    embedding = np.ones((1, 5), np.float32)
    found = add({"logit": np.zeros(1, np.float32), "embedding": embedding}, {"logit": np.ones(1, np.float32)}, 2.0)
    assert found["embedding"] is embedding
    assert found["logit"] == 2.0


@pytest.mark.parametrize("size_px", [32, 64, 96])
def test_pictures_are_resized_one_by_one(size_px: int) -> None:
    two = np.stack([np.full((64, 64, 3), 40, np.uint8), np.full((64, 64, 3), 200, np.uint8)])
    found = resized(two, size_px)
    assert found.shape == (2, size_px, size_px, 3)
    assert (found[0].max(), found[1].min()) == (40, 200)


def test_most_models_have_none(tmp_path: Path) -> None:
    assert companion_of(read_card(models.write_face_model(tmp_path))) is None


def test_another_version_than_the_measured_one_is_refused(tmp_path: Path) -> None:
    card = joined(tmp_path)
    models.write_face_model(tmp_path, name="second")
    with pytest.raises(CardMismatch, match="Install the package again"):
        Session(card)


@pytest.mark.parametrize(
    "wants",
    [
        '{ name = "pixels", dtype = "uint8", size_px = 64, margin = 1.5, crop = "upright-square-1" }',
        '{ name = "samples", dtype = "float32", rate_hz = 16000, length_s = 4.0 }',
        "",
    ],
    ids=["another margin", "sound", "nothing"],
)
def test_one_that_takes_other_units_is_refused(tmp_path: Path, wants: str) -> None:
    with pytest.raises(CardMismatch, match="does not take the same units"):
        Session(joined(tmp_path, input=wants))


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    card = joined(tmp_path)
    (tmp_path / "second.onnx").unlink()
    with pytest.raises(WeightsMissing, match=r"second\.onnx"):
        Session(card)


def test_a_report_names_both(tmp_path: Path) -> None:
    write_card(joined(tmp_path), tmp_path / "again.toml")
    picture = people.write_portrait(tmp_path / "a.png")
    report = Pipeline(ScanPlan(face=str(tmp_path / "again.toml"))).scan(picture)
    assert [model.name for model in report.models if model.name.startswith(("tiny", "second"))] == [
        "tiny-face",
        "second",
    ]


def spoken(folder: Path, **other: str) -> ModelCard:
    """The tiny speech model beside another version of itself."""
    second = read_card(models.write_speech_model(folder, name="second", **other))
    said = f'{{ card = "second", sha256 = "{second.graph.sha256}", weight = {WEIGHT} }}'
    return find(str(models.write_speech_model(folder, companion=said)))


def test_voices_may_have_one_too(tmp_path: Path) -> None:
    windows = np.random.default_rng(1).normal(0, 0.1, (2, 64000)).astype(np.float32)
    found = Session(spoken(tmp_path)).run(windows)
    first = np.array([models.speech_logit(window) for window in windows])
    assert found["logit"] == pytest.approx((1 + WEIGHT) * first, abs=1e-3)
    assert found["evidence"].mean(axis=(1, 2)) == pytest.approx(found["logit"], abs=1e-3)


def test_one_that_hears_other_windows_is_refused(tmp_path: Path) -> None:
    wants = '{ name = "samples", dtype = "float32", rate_hz = 16000, length_s = 2.0 }'
    with pytest.raises(CardMismatch, match="does not take the same units"):
        Session(spoken(tmp_path, input=wants))


def test_a_report_about_a_recording_names_both(tmp_path: Path, gallery: Path) -> None:
    write_card(spoken(tmp_path), tmp_path / "again.toml")
    report = Pipeline(ScanPlan(face="", speech=str(tmp_path / "again.toml"))).scan(gallery / "quiet.wav")
    assert [model.name for model in report.models] == ["tiny-speech", "second"]


def test_a_session_can_answer_alone(tmp_path: Path) -> None:
    session = Session(joined(tmp_path))
    first = np.array([models.face_logit(unit) for unit in units()])
    assert session.alone().run(units())["logit"] == pytest.approx(first, abs=1e-4)
    assert session.run(units())["logit"] != pytest.approx(first, abs=1e-4)


@pytest.mark.parametrize("clips", [False, True])
def test_it_may_be_asked_about_pictures_only(tmp_path: Path, gallery: Path, *, clips: bool) -> None:
    write_card(joined(tmp_path, clips=clips), tmp_path / "again.toml")
    pipeline = Pipeline(ScanPlan(face=str(tmp_path / "again.toml"), speech="", frames=4))

    def asked(file: str) -> bool:
        return "second" in [model.name for model in pipeline.scan(gallery / file).models]

    assert asked("genuine.png")
    assert asked("pair.mp4") == clips
    assert asked("genuine.png")

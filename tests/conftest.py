"""Fixtures that several folders share: tiny models, and a folder of media that show people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.makers import images, models, people, sounds, videos
from unmask.scanning import plan as plans
from unmask.scanning.plan import ScanPlan


@pytest.fixture(autouse=True)
def _nothing_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests see the models that come with the package, whatever was fetched onto this machine."""
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path_factory.getbasetemp() / "no-models"))


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the tiny models and their cards."""
    folder = tmp_path_factory.mktemp("models")
    models.write_face_model(folder)
    models.write_speech_model(folder)
    models.write_picture_model(folder)
    return folder


@pytest.fixture
def tiny_plan(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> ScanPlan:
    """A plan with the tiny models, which are also the tiers of the command line and found by child processes."""
    monkeypatch.setenv("UNMASK_MODELS", str(model_folder))
    names = (str(model_folder / "tiny-face.toml"), str(model_folder / "tiny-speech.toml"), "")
    for tier in plans.TIERS:
        monkeypatch.setitem(plans.TIERS, tier, names)
    return ScanPlan(frames=8, face=names[0], speech=names[1], threads=1)


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of whole media; nobody may write into it."""
    folder = tmp_path_factory.mktemp("gallery")
    people.write_portrait(folder / "genuine.png")
    people.write_portrait(folder / "blue.png", blue=True)
    images.write_image(folder / "faceless.png", images.four_corners())
    people.write_still_clip(folder / "genuine.mp4", people.bust(), sound=True)
    people.write_still_clip(folder / "blue.mp4", people.bust(blue=True))
    people.write_still_clip(folder / "pair.mp4", people.pair())
    videos.write_clip(folder / "faceless.mp4", seconds=1.0, sound=False)
    sounds.write_speech_like(folder / "quiet.wav", seconds=6.0)
    loud = np.clip(sounds.speech_like(6.0) * 8, -1, 1).astype(np.float32)
    sounds.write_sound(folder / "loud.wav", loud)
    sounds.write_silence(folder / "silence.wav")
    return folder

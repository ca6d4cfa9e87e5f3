"""An export takes its place all at once: stopped, killed or out of space, it leaves what was there."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.makers import models, sounds
from tests.unit.evaluate.made import drawn
from unmask.cli.export import _figures, _measure, _parity, staged
from unmask.datasets.manifest import Row, write_manifest
from unmask.evaluate.score import OPERATING_POINTS
from unmask.metrics.speech import cllr
from unmask.models.card import read_card
from unmask.scanning.wear import opposite_only
from unmask.voice.coding import CODINGS


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with an earlier export."""
    folder = tmp_path / "models"
    (folder / "plots").mkdir(parents=True)
    (folder / "face.toml").write_text("old card")
    (folder / "face.onnx").write_text("old graph")
    (folder / "plots" / "roc.svg").write_text("old plot")
    (folder / "notes.txt").write_text("mine")
    return folder


def labelled(gallery: Path, folder: Path, sources: tuple[str, ...]) -> list[Row]:
    """Two pictures of each label and source, and their manifest data.csv."""
    rows: list[Row] = []
    for source in sources:
        for name, label in (("genuine.png", 0), ("blue.png", 1)) * 2:
            path = folder / f"{source}-{len(rows)}.png"
            path.symlink_to(gallery / name)
            rows.append(Row(path, "image", label, source, "", path.name))
    write_manifest(rows, folder / "data.csv")
    return rows


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_was_written_takes_its_place_and_the_rest_stays(out: Path) -> None:
    with staged(out) as folder:
        (folder / "face.toml").write_text("new card")
        (folder / "face.onnx").write_text("new graph")
        (folder / "plots").mkdir()
        (folder / "plots" / "det.svg").write_text("new plot")
        assert texts(out)["face.toml"] == "old card"
    assert texts(out) == {
        "face.toml": "new card",
        "face.onnx": "new graph",
        "plots/det.svg": "new plot",
        "notes.txt": "mine",
    }
    assert list(out.parent.iterdir()) == [out]


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    with staged(tmp_path / "deep" / "models") as folder:
        (folder / "face.toml").write_text("card")
    assert texts(tmp_path) == {"deep/models/face.toml": "card"}


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), OSError(28, "No space left on device")], ids=["stopped", "full"]
)
def test_an_interrupted_export_leaves_what_was_there(out: Path, error: BaseException) -> None:
    before = texts(out)

    def interrupted() -> None:
        with staged(out) as folder:
            (folder / "face.toml").write_text("half a card")
            raise error

    with pytest.raises(type(error)):
        interrupted()
    assert texts(out) == before
    assert list(out.parent.iterdir()) == [out]


def test_a_killed_export_leaves_what_was_there_and_the_next_one_works(out: Path) -> None:
    before = texts(out)
    code = (
        "import os, pathlib, sys; from unmask.cli.export import staged\n"
        "with staged(pathlib.Path(sys.argv[1])) as folder:\n"
        "    (folder / 'face.onnx').write_text('half a graph')\n"
        "    os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(out)], check=False).returncode == -9
    assert texts(out) == before
    with staged(out) as folder:
        assert not list(folder.iterdir())
        (folder / "face.toml").write_text("new card")
    assert texts(out) == {**before, "face.toml": "new card"}
    assert list(out.parent.iterdir()) == [out]


def test_the_card_of_a_face_detector_says_operating_points_and_asks_for_steadiness(
    gallery: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("tomli_w")
    labelled(gallery, tmp_path, ("kept", "chosen", "last"))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[split]\nvalidation = ["chosen"]\ntest = ["last"]\nholdout = { kept = 1.0 }\n', encoding="utf-8")
    draft = read_card(models.write_face_model(tmp_path / "out", calibration=""))
    _measure(draft, recipe, tmp_path / "data.csv", tmp_path / "out", workers=1)
    card = read_card(tmp_path / "out" / "tiny-face.toml")
    assert card.calibration is not None
    assert card.calibration.wear_slack == pytest.approx(opposite_only(card.calibration), abs=1e-3)
    for name in OPERATING_POINTS:
        found = [figure for figure in card.figures if figure.what == name]
        assert [figure.value for figure in found] == [1.0] * 3
    assert (tmp_path / "out" / "section.md").read_text(encoding="utf-8").count("At 1 % and 5 % false alarms") == 3


def test_the_hold_out_calibrates_where_the_recipe_says_so(gallery: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("tomli_w")
    labelled(gallery, tmp_path, ("kept", "chosen", "last"))
    recipe = tmp_path / "recipe.toml"
    split = '[split]\nvalidation = ["chosen"]\ntest = ["last"]\nholdout = { kept = 1.0 }\nholdout_calibrates = true\n'
    recipe.write_text(split, encoding="utf-8")
    draft = read_card(models.write_face_model(tmp_path / "out", calibration=""))
    _measure(draft, recipe, tmp_path / "data.csv", tmp_path / "out", workers=1)
    card = read_card(tmp_path / "out" / "tiny-face.toml")
    assert card.calibration is not None
    assert card.calibration.fitted_on == ("chosen", "kept")


def test_networks_of_folds_calibrate_on_what_each_has_not_seen(gallery: Path, tmp_path: Path) -> None:
    """One of the two draws everything the wrong way round: the figures show it, so it judged its own part."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("tomli_w")
    rows = labelled(gallery, tmp_path, ("one", "two", "last"))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[split]\ntest = ["last"]\nfolds = [["one"], ["two"]]\n', encoding="utf-8")
    draft = read_card(models.write_face_model(tmp_path / "out", calibration=""))
    outsiders = []
    for number, source in enumerate(("one", "two")):
        place = tmp_path / "folds" / str(number)
        card = replace(read_card(models.write_face_model(place, calibration="")), home=str(place))
        own = [row for row in rows if row.source == source]
        outsiders.append((card, [replace(row, label=1 - row.label) for row in own[:2]] if number else own))
    _measure(draft, recipe, tmp_path / "data.csv", tmp_path / "out", outsiders=outsiders, workers=1)
    card = read_card(tmp_path / "out" / "tiny-face.toml")
    assert card.calibration is not None
    assert card.calibration.fitted_on == ("one", "two")
    seen = {figure.on: figure for figure in card.figures if figure.what == "AUC"}
    told = "training sources, judged by the one of 2 networks that left them out"
    assert (seen[told].value, seen[told].media) == (pytest.approx(6 / 9), 6)
    assert seen[f"{told}: one alone"].value == 1.0
    assert seen[f"{told}: two alone"].value == 0.0
    assert seen["left-out sources, looked at last"].value == 1.0
    assert not list((tmp_path / "folds").rglob("*.draft.toml"))


def test_sources_that_training_never_saw_calibrate_beside_the_folds(gallery: Path, tmp_path: Path) -> None:
    """The outsider draws its part the wrong way round: the shared figure shows that each judged its own media."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("tomli_w")
    rows = labelled(gallery, tmp_path, ("one", "chosen", "last"))
    recipe = tmp_path / "recipe.toml"
    split = '[split]\nvalidation = ["chosen"]\ntest = ["last"]\nfolds = [["one"]]\n'
    recipe.write_text(split, encoding="utf-8")
    draft = read_card(models.write_face_model(tmp_path / "out", calibration=""))
    place = tmp_path / "folds" / "1"
    outsider = replace(read_card(models.write_face_model(place, calibration="")), home=str(place))
    wrong = [replace(row, label=1 - row.label) for row in rows if row.source == "one"][:2]
    _measure(draft, recipe, tmp_path / "data.csv", tmp_path / "out", outsiders=[(outsider, wrong)], workers=1)
    card = read_card(tmp_path / "out" / "tiny-face.toml")
    assert card.calibration is not None
    assert card.calibration.fitted_on == ("chosen", "one")
    told = (
        "training sources, judged by the one of 1 networks that left them out, and left-out sources; they chose the "
        "calibration"
    )
    seen = {figure.on: figure for figure in card.figures if figure.what == "AUC"}
    assert (seen[told].value, seen[told].media) == (pytest.approx(6 / 9), 6)
    assert seen[f"{told}: one alone"].value == 0.0
    assert seen[f"{told}: chosen alone"].value == 1.0


def test_parity_is_told_only_where_something_was_compared(tmp_path: Path) -> None:
    card = read_card(models.write_face_model(tmp_path))
    assert "differ by 3e-06 at most" in _parity(replace(card, parity=3e-6))
    assert "differ by 0 at most" in _parity(replace(card, parity=0.0))
    assert "nothing was compared" in _parity(replace(card, parity=None))


def test_the_card_of_a_speech_detector_says_what_its_errors_cost() -> None:
    found = drawn(20, 0, -1.0) + drawn(20, 1, 1.0)
    values = {figure.what: figure.value for figure in _figures({"test": found}, "speech", validation="")}
    assert values["Cllr"] == pytest.approx(cllr([one.logit for one in found], [one.row.label for one in found]))
    assert 0 < values["minDCF"] < 1


_WINDOWS = '{ name = "samples", dtype = "float32", rate_hz = 16000, length_s = 4.0, opus_kbps = %d }'


@pytest.mark.parametrize("kbps", [0, 32])
def test_voices_are_calibrated_for_each_way_of_storing_them(tmp_path: Path, kbps: int) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("tomli_w")
    rows = []
    for number, (source, label) in enumerate([("chosen", 0), ("chosen", 1), ("last", 0), ("last", 1)] * 2):
        path = tmp_path / f"{number}.wav"
        sounds.write_sound(path, (0.8 if label else 0.05) * sounds.speech_like(3.0, seed=number))
        rows.append(Row(path, "audio", label, source, "", path.name))
    write_manifest(rows, tmp_path / "data.csv")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[split]\nvalidation = ["chosen"]\ntest = ["last"]\n', encoding="utf-8")
    draft = read_card(models.write_speech_model(tmp_path / "out", calibration="", input=_WINDOWS % kbps))
    _measure(draft, recipe, tmp_path / "data.csv", tmp_path / "out", workers=1)
    card = read_card(tmp_path / "out" / "tiny-speech.toml")
    assert set(card.coded_calibrations) == (set(CODINGS) if kbps else set())
    assert all(own.fitted_on == ("chosen",) for own in card.coded_calibrations.values())
    assert not list((tmp_path / "out").rglob("*.opus"))


@pytest.mark.parametrize("calibrates", [False, True])
def test_the_card_says_when_kept_back_media_calibrated_too(calibrates: bool) -> None:  # noqa: FBT001
    found = drawn(20, 0, -1.0) + drawn(20, 1, 1.0)
    told = {figure.on for figure in _figures({"holdout": found}, "face", validation="", calibrates=calibrates)}
    assert told
    assert all(("calibrate too" in on) == calibrates for on in told)

"""The two verbs of training refuse what they cannot do before they touch anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from safetensors.torch import save_file  # noqa: E402

from unmask.core.errors import InvalidOption  # noqa: E402
from unmask.datasets.split import SplitRule  # noqa: E402
from unmask.models.session import run_file  # noqa: E402
from unmask.training.architectures.registry import build  # noqa: E402
from unmask.training.draft import parity_units  # noqa: E402
from unmask.training.recipe import Recipe, Schedule  # noqa: E402
from unmask.training.train import _TRAIN, FOLDS, draft_card, train  # noqa: E402
from unmask.training.train_voices import START_WITH  # noqa: E402


def recipe(family: str, architecture: str) -> Recipe:
    return Recipe("tiny", family, architecture, "", Schedule(1, 2, 1e-3), SplitRule())


@pytest.mark.parametrize(
    ("family", "hint"), [("fase", "face"), ("speach", "speech"), ("", "Known: face, picture, speech")]
)
def test_unknown_families(family: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=f"tiny: there is no family {family!r}.*{hint}"):
        train(recipe(family, "face_cnn"), tmp_path / "manifest.csv", tmp_path / "out")
    with pytest.raises(InvalidOption, match=f"tiny: there is no family {family!r}.*{hint}"):
        draft_card(recipe(family, "face_cnn"), [tmp_path / "run"], [], tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("family", "architecture", "words"),
    [
        ("face", "mel_cnn", "no architecture 'mel_cnn'"),
        ("face", "face_cn", "Did you mean face_cnn"),
        ("speech", "melcnn", "mel_cnn"),
        ("face", "ensemble", "members of an ensemble are trained on their own"),
    ],
)
def test_unknown_architectures(family: str, architecture: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=words):
        train(recipe(family, architecture), tmp_path / "manifest.csv", tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("family", "architecture"), [("face", "face_cnn"), ("speech", "mel_cnn")])
def test_a_run_without_weights(family: str, architecture: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(InvalidOption, match=r"run holds no weights\.safetensors.*unmask train"):
        draft_card(recipe(family, architecture), [run], [], tmp_path / "out")
    with pytest.raises(InvalidOption, match=r"no weights that can be averaged.*unmask train"):
        draft_card(recipe(family, architecture), [run, run], [], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_several_runs_are_exported_as_their_mean_and_the_card_says_so(tmp_path: Path) -> None:
    settings = {"size_px": 64, "widths": (4, 4), "hidden": 8}
    wanted = replace(recipe("face", "blur_noise_cnn"), network=settings)
    weights = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        weights.append(build("blur_noise_cnn", settings).state_dict())
        save_file(weights[-1], tmp_path / name / "weights.safetensors")
    card = draft_card(wanted, [tmp_path / "one", tmp_path / "two"], [], tmp_path / "out")
    assert card.summary.endswith("Its weights are the mean of 2 runs: one, two.")
    assert "Wortsman" in card.reference
    mean = build("blur_noise_cnn", settings)
    mean.load_state_dict({key: (value + weights[1][key]) / 2 for key, value in weights[0].items()})
    units = parity_units(64)
    with torch.inference_mode():
        logits = mean.eval()(torch.from_numpy(units))[0].numpy()
    assert run_file(tmp_path / "out" / "tiny.onnx", units)["logit"] == pytest.approx(logits, abs=1e-3)


def test_a_network_for_each_fold_starts_from_what_has_not_seen_it_either(tmp_path: Path, monkeypatch) -> None:
    """The second of two parts has a run of its own to start from; the first starts where the recipe says."""
    start = tmp_path / "start" / "weights.safetensors"
    own = start.parent / FOLDS / "2" / start.name
    own.parent.mkdir(parents=True)
    for path in (start, own):
        path.touch()
    rule = SplitRule(test=("far",), folds=(("red",), ("green", "grey")))
    wanted = replace(recipe("speech", "mel_cnn"), split=rule, pretrained=f"package:base{START_WITH}{start}")
    called = []
    monkeypatch.setitem(_TRAIN, "speech", lambda *given, **named: called.append((*given, named["cache"])))
    train(wanted, tmp_path / "manifest.csv", tmp_path / "out")
    assert [given[0].split for given in called] == [
        rule,
        SplitRule(test=("far",), without=("red",)),
        SplitRule(test=("far",), without=("green", "grey")),
    ]
    assert [given[0].pretrained.split(START_WITH)[1] for given in called] == [str(start), str(start), str(own)]
    assert [given[2].relative_to(tmp_path) for given in called] == [Path("out"), *(Path("out", FOLDS, n) for n in "12")]
    assert [given[3] for given in called] == [None, tmp_path / "out" / "clips", tmp_path / "out" / "clips"]


def test_a_head_on_faces_has_no_folds(tmp_path: Path) -> None:
    wanted = replace(recipe("face", "clip_layers"), split=SplitRule(folds=(("red",),)))
    with pytest.raises(InvalidOption, match=r"split\.folds is not for a head on faces"):
        train(wanted, tmp_path / "manifest.csv", tmp_path / "out")

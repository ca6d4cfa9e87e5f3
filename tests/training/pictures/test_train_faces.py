"""From a manifest to weights: a whole run on four small portraits, killed and resumed, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from safetensors.torch import load_file  # noqa: E402

from tests.makers import models, people  # noqa: E402
from tests.makers.images import write_image  # noqa: E402
from unmask.core.errors import InvalidOption, LeakFound, ManifestInvalid, ProviderUnavailable  # noqa: E402
from unmask.core.events import Advanced  # noqa: E402
from unmask.models.catalogue import find  # noqa: E402
from unmask.training.fitting.bench import Machine  # noqa: E402
from unmask.training.loop import Outcome, steps_done  # noqa: E402
from unmask.training.pictures.train_faces import train_faces  # noqa: E402
from unmask.training.recipe import Forge, Recipe, read_recipe  # noqa: E402

RECIPE = """
name = "tiny"
family = "face"
architecture = "blur_noise_cnn"
pretrained = ""
[network]
size_px = 64
widths = [4, 4]
hidden = 8
[schedule]
steps = 30
batch = 4
learning_rate = 1e-3
warmup = 2
validate_every = 15
checkpoint_every = 3
threads = 1
[split]
validation = ["other"]
"""
MACHINE = Machine("cpu", precision="32-true", workers=1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Genuine and blue portraits of two sources, a manifest, a recipe, and room for the crops that all tests share."""
    folder = tmp_path_factory.mktemp("home")
    lines = ["path,kind,label,source,method,group"]
    for source, light in (("mine", 0), ("other", 12)):
        for label, blue in (("real", False), ("fake", True)):
            pixels = np.clip(people.bust(blue=blue).astype(int) + light, 0, 255).astype(np.uint8)
            name = f"{source}-{label}.png"
            write_image(folder / name, pixels)
            lines.append(f"{name},image,{label},{source},,{name}")
    (folder / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "tiny.toml").write_text(RECIPE, encoding="utf-8")
    return folder


def recipe(home: Path, **settings: str) -> Recipe:
    return read_recipe(home / "tiny.toml", settings={key.replace("__", "."): value for key, value in settings.items()})


def run(home: Path, out: Path, wanted: Recipe | None = None, *, manifest: str = "data.csv", **options) -> Outcome:
    wanted = wanted or recipe(home)
    return train_faces(
        wanted, home / manifest, out, machine=options.pop("machine", MACHINE), cache=home / "crops", **options
    )


def manifest(home: Path, name: str, change) -> str:
    lines = (home / "data.csv").read_text(encoding="utf-8").splitlines()
    (home / name).write_text("\n".join([lines[0], *change(lines[1:])]) + "\n", encoding="utf-8")
    return name


@pytest.fixture(scope="module")
def whole(home: Path) -> Path:
    """A run that nothing interrupted."""
    run(home, home / "whole")
    return home / "whole"


def test_a_run_leaves_weights_record_log_and_curves(home: Path, whole: Path) -> None:
    record = json.loads((whole / "run.json").read_text(encoding="utf-8"))
    assert record["recipe"]["name"] == "tiny"
    assert record["manifest"]["name"] == "data"
    assert record["manifest"]["version"] is None
    assert set(record["packages"]) >= {"torch", "unmask", "lightning-fabric"}
    lines = [json.loads(line) for line in (whole / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["step"] for line in lines] == [15, 30]
    assert "validation_auc" in lines[0]
    assert load_file(whole / "weights.safetensors")
    assert list((whole / "tensorboard").iterdir())


def test_after_kill_9_a_run_ends_with_the_same_weights(home: Path, whole: Path) -> None:
    out = home / "killed"
    command = ["train", home / "tiny.toml", "--data", home / "data.csv", "--out", out, "--cache", home / "crops"]
    flags = ["--accelerator", "cpu", "--precision", "32-true", "--workers", "1"]
    child = subprocess.Popen([sys.executable, "-m", "unmask", *map(str, command), *flags], start_new_session=True)
    deadline = time.monotonic() + 120
    while not (out / "state.pt").exists() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    os.killpg(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    done = steps_done(out)
    assert 3 <= done < 30, "the run must have been killed on its way"
    heard: list[int] = []
    run(home, out, listener=lambda event: heard.append(event.done) if event.stage == "train" else None)
    assert heard == list(range(done + 1, 31))
    for name in ("weights.safetensors", "last_average.safetensors"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()


def test_two_devices_take_the_same_steps_as_one(home: Path, tmp_path: Path) -> None:
    """Each takes half of every batch; without dropout the mean of their gradients is that of the whole batch."""
    settings = {"schedule.steps": "3", "network.dropout": "0.0"}
    run(home, tmp_path / "one", read_recipe(home / "tiny.toml", settings=settings))
    command = ["train", home / "tiny.toml", "--data", home / "data.csv", "--cache", home / "crops"]
    command += ["--out", tmp_path / "two", "--accelerator", "cpu", "--devices", "2", "--precision", "32-true"]
    command += [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    subprocess.run([sys.executable, "-m", "unmask", *map(str, command), "--workers", "0"], check=True, timeout=240)
    one, two = (load_file(tmp_path / name / "last_average.safetensors") for name in ("one", "two"))
    for key, value in one.items():
        assert torch.allclose(value.float(), two[key].float(), atol=2e-5), key


def test_the_number_of_workers_does_not_matter_but_the_seed_does(home: Path, whole: Path, tmp_path: Path) -> None:
    run(home, tmp_path / "none", machine=replace(MACHINE, workers=0))
    run(home, tmp_path / "seed", recipe(home, schedule__seed="1", schedule__steps="15"))
    wanted = (whole / "last_average.safetensors").read_bytes()
    assert (tmp_path / "none" / "last_average.safetensors").read_bytes() == wanted
    assert (tmp_path / "seed" / "last_average.safetensors").read_bytes() != wanted


def test_forging_alone_trains_without_fakes_in_the_manifest(home: Path, tmp_path: Path) -> None:
    genuine = manifest(home, "genuine.csv", lambda lines: [line for line in lines if "mine-fake" not in line])
    wanted = replace(
        recipe(home, schedule__steps="15"), forge=Forge(self_blend=0.5, upscaled=0.2, paired=0.5, mask_weight=0.5)
    )
    assert run(home, tmp_path / "run", wanted, manifest=genuine).best["step"] == 15


def test_missing_and_faceless_media_are_left_out_and_told(home: Path, tmp_path: Path) -> None:
    write_image(home / "wall.png", np.full((200, 200, 3), 130, np.uint8))
    (home / "broken.png").write_bytes(b"no picture")
    more = ["gone.png,image,real,mine,,gone", "wall.png,image,real,mine,,wall", "broken.png,image,fake,mine,,broken"]
    listed = manifest(home, "more.csv", lambda lines: [*lines, *more])
    heard: list[Advanced] = []
    outcome = run(home, tmp_path / "run", recipe(home, schedule__steps="3"), manifest=listed, listener=heard.append)
    assert Advanced("missing files", 1, 7, "trained without them") in heard
    missing, faceless = outcome.notes
    assert missing.startswith("1 of 7 files are missing and were left out: ")
    assert missing.endswith("gone.png")
    assert faceless == "2 of 4 training media gave no face and were left out."


@pytest.mark.parametrize("label", ["real", "fake"])
def test_an_empty_class_is_refused_before_any_work(home: Path, tmp_path: Path, label: str) -> None:
    listed = manifest(home, "half.csv", lambda lines: [line for line in lines if f"mine-{label}" not in line])
    with pytest.raises(ManifestInvalid, match=r"genuine and forged media.*0 (genuine|forged).*sources: mine"):
        run(home, tmp_path / "run", manifest=listed)
    assert not (tmp_path / "run").exists()


def test_a_forgery_without_its_network_is_refused_before_any_work(home: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"--set forge\.autoencoder=FOLDER"):
        run(home, tmp_path / "run", recipe(home, forge__reconstruction="0.1"))
    assert not (tmp_path / "run").exists()


def test_a_manifest_without_its_media_is_refused(home: Path, tmp_path: Path) -> None:
    listed = manifest(home, "moved.csv", lambda lines: [f"elsewhere/{line}" for line in lines])
    with pytest.raises(ManifestInvalid, match="Not one of the 4 files"):
        run(home, tmp_path / "run", manifest=listed)


def test_a_leaking_split_is_refused(home: Path, tmp_path: Path) -> None:
    listed = manifest(home, "leak.csv", lambda lines: [line.rpartition(",")[0] + ",one person" for line in lines])
    with pytest.raises(LeakFound, match="one person stands in train and in validation"):
        run(home, tmp_path / "run", manifest=listed)
    assert not (tmp_path / "run").exists()


def test_nothing_to_validate_on_is_refused(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"Nothing to choose the best weights by.*split\.holdout"):
        run(home, tmp_path / "run", recipe(home, split__validation="[]"))


@pytest.mark.parametrize(
    ("machine", "error", "words"),
    [
        (Machine("cpu", precision="bf17"), InvalidOption, "expected bf16-mixed"),
        (Machine("cpu", devices=3), InvalidOption, "schedule.batch = 4 cannot be shared out evenly among 3"),
        (Machine("abacus"), ProviderUnavailable, "Cannot train with --accelerator abacus"),
    ],
    ids=["precision", "batch", "accelerator"],
)
def test_machines_that_are_not_there(home: Path, tmp_path: Path, machine: Machine, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        run(home, tmp_path / "run", machine=machine)


def test_a_run_can_learn_from_a_teacher(home: Path, tmp_path: Path) -> None:
    card = models.write_face_model(tmp_path)
    settings = {"teacher__card": str(card), "teacher__views": "8", "network__margin": str(find(str(card)).input.margin)}
    run(home, tmp_path / "run", recipe(home, schedule__steps="2", **settings))
    assert len(np.load(tmp_path / "run" / "taught" / "answers.npy")) == 8
    assert load_file(tmp_path / "run" / "weights.safetensors")
    with pytest.raises(InvalidOption, match=r"\[teacher\]"):
        run(home, tmp_path / "masks", recipe(home, forge__mask_weight="0.5", **settings))
    run(home, tmp_path / "pieces", recipe(home, schedule__steps="2", teacher__pieces="0.5", **settings))
    assert len(np.load(tmp_path / "pieces" / "taught" / "pieces" / "answers.npy")) == 4
    with pytest.raises(InvalidOption, match=r"teacher\.pieces is 1\.5"):
        run(home, tmp_path / "many", recipe(home, teacher__pieces="1.5", **settings))

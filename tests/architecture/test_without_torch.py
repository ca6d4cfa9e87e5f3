"""Inference works where PyTorch cannot be imported at all, and training says what is missing."""

import json
import subprocess
import sys
from pathlib import Path

from skimage import data

from tests.makers.images import write_image
from tests.makers.videos import write_clip

_BLOCKED = """
import sys

TRAINING = {"torch", "torchvision", "torchaudio", "timm", "lightning", "transformers", "safetensors", "onnx"}


class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in TRAINING:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked by a test)", name=name)
        return None


sys.meta_path.insert(0, Wall())
from unmask.cli.app import main

main()
"""


def _unmask(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", _BLOCKED, *words], capture_output=True, text=True, check=False)


def test_a_scan_needs_no_torch(tmp_path: Path) -> None:
    picture = write_image(tmp_path / "portrait.png", data.astronaut())
    clip = write_clip(tmp_path / "clip.mp4")
    done = _unmask("scan", "--json", "--html", str(tmp_path / "pages"), str(picture), str(clip))
    assert done.returncode == 0, done.stderr
    portrait, moving = (json.loads(line) for line in done.stdout.splitlines())
    assert portrait["p_fake"] is not None
    assert moving["media"]["has_audio"]
    assert (tmp_path / "pages" / "index.html").is_file()


def test_training_says_what_to_install(tmp_path: Path) -> None:
    done = _unmask("train", "recipes/face.fast-2.toml", "--data", "none.csv", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "pip install 'unmask[train]'" in done.stderr

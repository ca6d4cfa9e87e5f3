"""Floors, torch wall, training door: the contracts of `.importlinter` hold, and would notice a trespasser."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.places import PACKAGE, ROOT

TRESPASSES = {
    "torch where faces are found": ("faces/crop.py", "import torch"),
    "a neighbour on the same floor": ("detectors/speech.py", "from unmask.faces import crop"),
    "a floor above": ("core/events.py", "from unmask.media import file"),
    "a scan that draws": ("scanning/plan.py", "from unmask.report import words"),
    "training behind another command": ("cli/models.py", "def sneak():\n    from unmask.training import recipe"),
    "training that knows the product": ("training/recipe.py", "from unmask.detectors import speech"),
    "a cycle inside a room": ("media/limits.py", "from unmask.media import video"),
    "a room that nobody placed": ("attic/__init__.py", ""),
}


def test_every_contract_is_kept() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout[done.stdout.find("Contracts") :] + done.stderr


@pytest.mark.parametrize("name", TRESPASSES)
def test_a_trespass_is_noticed(name: str, tmp_path: Path) -> None:
    module, line = TRESPASSES[name]
    shutil.copytree(PACKAGE, tmp_path / "src" / "unmask", ignore=shutil.ignore_patterns("__pycache__", "weights"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    place = tmp_path / "src" / "unmask" / module
    place.parent.mkdir(exist_ok=True)
    with place.open("a", encoding="utf-8") as stream:
        stream.write(f"\n{line}\n")
    done = _lint(tmp_path)
    assert done.returncode == 1
    assert module.split("/")[0] in done.stdout[done.stdout.find("Contracts: ") :] + done.stderr


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    return subprocess.run(
        [*command, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )

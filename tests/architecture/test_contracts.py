"""Floors, torch wall, training door: the contracts of `.importlinter`."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.places import ROOT


def _lint(config: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return subprocess.run(
        [*command, "--no-cache", "--config", str(config)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_every_contract_is_kept() -> None:
    done = _lint(ROOT / ".importlinter")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_room_on_the_wrong_floor_is_noticed(tmp_path: Path) -> None:
    upside_down = (
        (ROOT / ".importlinter")
        .read_text()
        .replace("    core\n\n", "\n")
        .replace("    cli | api", "    core\n    cli | api")
    )
    (tmp_path / "contracts").write_text(upside_down)
    done = _lint(tmp_path / "contracts")
    assert done.returncode == 1
    assert "One-way floors BROKEN" in done.stdout

"""Where things lie, for the tests of the house rules."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "unmask"
_ROOMS = ("src", "tests", "docs", "recipes", "bench")


def sources() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def project_files() -> list[Path]:
    """Every file that belongs to the project: tracked, or new and not ignored; outside git, those of its folders."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        return [path for room in _ROOMS for path in sorted((ROOT / room).rglob("*")) if path.is_file()]
    names = sorted(set(done.stdout.decode().split("\0")) - {""})
    return [ROOT / name for name in names if (ROOT / name).is_file()]

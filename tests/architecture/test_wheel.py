"""The wheel carries everything that a scan needs, and nothing that it does not."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.architecture.places import PACKAGE, ROOT


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("unmask-*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_wheel_carries_every_file_of_the_package(names: set[str]) -> None:
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {f"unmask/{path.relative_to(PACKAGE).as_posix()}" for path in files} <= names


@pytest.mark.parametrize(
    "pattern",
    [
        "models/cards/*.toml",
        "models/weights/*.onnx",
        "report/templates/*.html",
        "server/pages/templates/*.html",
        "server/pages/static/*.js",
        "py.typed",
    ],
)
def test_wheel_carries_data(names: set[str], pattern: str) -> None:
    assert any(Path(name).match(f"unmask/{pattern}") for name in names)


def test_wheel_carries_the_licence_and_no_tests(names: set[str]) -> None:
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"unmask"}

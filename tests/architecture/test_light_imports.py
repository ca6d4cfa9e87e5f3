"""What is loaded when: the package is instant, the catalogue needs no model and no runtime."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "onnxruntime",
    "cv2",
    "av",
    "torch",
    "torchvision",
    "timm",
    "PIL",
    "pillow_heif",
    "pyarrow",
    "jinja2",
    "skimage",
}
_AFTER = """
import json, sys
before = set(sys.modules)
try:
    {code}
except SystemExit as stop:
    assert not stop.code, stop.code
print("\\n" + json.dumps(sorted({{name.split(".")[0] for name in set(sys.modules) - before}})))
"""


def _loaded(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", _AFTER.format(code=code)], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def _command(*words: str) -> str:
    return f"sys.argv = {['unmask', *words]!r}; from unmask.cli.app import main; main()"


def test_importing_the_package_loads_nothing_but_the_standard_library() -> None:
    loaded = _loaded("import unmask; unmask.__version__; dir(unmask)")
    assert loaded - {"unmask"} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["scan", "--help"],
        ["train", "--help"],
        ["datasets", "--help"],
        ["datasets", "layouts"],
        ["models", "list"],
        ["models", "path", "yunet-2023mar"],
    ],
    ids=" ".join,
)
def test_commands_that_judge_nothing_load_nothing_heavy(words: list[str]) -> None:
    assert not _loaded(_command(*words)) & HEAVY


def test_the_library_front_door_loads_no_torch() -> None:
    assert not _loaded("import unmask; unmask.scan; unmask.Scanner; unmask.ScanPlan") & {"torch", "torchvision", "timm"}


def test_unknown_names_are_refused() -> None:
    import unmask

    with pytest.raises(AttributeError, match="no attribute 'scann'"):
        unmask.scann  # noqa: B018

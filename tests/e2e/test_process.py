"""Real processes: what gets loaded, what goes to which stream, how they end."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from unmask.report.schema import ReportDocument

HEAVY = ("torch", "torchvision", "timm", "lightning", "ray", "fastapi", "matplotlib", "skimage", "sklearn")


@pytest.fixture
def environment(model_folder: Path) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "TTY_COMPATIBLE")}
    return {**clean, "UNMASK_MODELS": str(model_folder), "COLUMNS": "200", "PYTHONUTF8": "1"}


@pytest.fixture
def scan(environment: dict[str, str], model_folder: Path):
    """Run ``python -m unmask scan`` with the tiny face model."""

    def run(*arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "unmask", "scan", "--model", str(model_folder / "tiny-face.toml")]
        options = {"capture_output": True, "text": True, "timeout": 120, "env": environment, **settings}
        return subprocess.run([*command, *map(str, arguments)], check=False, **options)  # type: ignore[call-overload]

    return run


def loaded(code: str, environment: dict[str, str]) -> set[str]:
    """Top-level modules that a piece of code loads."""
    tail = "\nimport sys, json\nprint(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", code + tail], check=True, capture_output=True, text=True, env=environment, timeout=120
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import unmask; dir(unmask); unmask.__version__",
        "from unmask.models import catalogue, store; catalogue.names()",
        "import unmask.cli.app",
        "import unmask; unmask.ScanPlan(frames=3); unmask.UnmaskError",
    ],
    ids=["package", "catalogue", "command line", "plan"],
)
def test_light_imports_stay_light(code: str, environment: dict[str, str]) -> None:
    found = loaded(code, environment)
    assert not found & {*HEAVY, "onnxruntime", "cv2", "av", "PIL", "pydantic", "pyarrow", "jinja2"}


def test_importing_the_package_alone_loads_next_to_nothing(environment: dict[str, str]) -> None:
    assert "numpy" not in loaded("import unmask", environment)


def test_a_scan_loads_no_torch(environment: dict[str, str], model_folder: Path, gallery: Path) -> None:
    code = f"""
import unmask
plan = unmask.ScanPlan(frames=4, exhibits=1, face={str(model_folder / "tiny-face.toml")!r},
                       speech={str(model_folder / "tiny-speech.toml")!r})
report = unmask.Scanner(plan).scan({str(gallery / "genuine.mp4")!r})
assert report.p_fake is not None
report.save_html("page.html")
report.to_json()
"""
    done = loaded(f"import os, tempfile\nos.chdir(tempfile.mkdtemp())\n{code}", environment)
    assert "onnxruntime" in done
    assert not done & set(HEAVY)


def test_lines_for_people_and_code_0(scan, gallery: Path) -> None:
    done = scan(gallery / "genuine.png")
    assert (done.returncode, done.stderr) == (0, "")
    assert "likely genuine" in done.stdout
    assert "\x1b" not in done.stdout


def test_json_lines_and_code_3(scan, gallery: Path) -> None:
    done = scan(gallery / "blue.png", gallery / "faceless.png", "--json", "--fail-on", "likely_fake")
    assert (done.returncode, done.stderr) == (3, "")
    reports = [ReportDocument.model_validate_json(line) for line in done.stdout.splitlines()]
    assert [report.verdict for report in reports] == ["likely_fake", "inconclusive"]


def test_one_line_and_code_1(scan, gallery: Path, tmp_path: Path) -> None:
    done = scan(tmp_path / "gone.png", gallery / "genuine.png")
    assert done.returncode == 1
    assert "gone.png does not exist" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--tier", "fasst"], 2), (["--frames", "x"], 2), (["--model", "nobody"], 4)], ids=str
)
def test_wrong_usage_is_said_on_stderr_without_a_traceback(
    scan, gallery: Path, arguments: list[str], code: int
) -> None:
    done = scan(gallery / "genuine.png", *arguments)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_workers_in_real_processes(scan, gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("hello")
    done = scan(gallery / "blue.png", tmp_path / "text.jpg", gallery / "genuine.png", "--json", "--workers", 2)
    assert done.returncode == 1
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one.get("verdict") for one in found] == ["likely_fake", None, "likely_real"]


@pytest.mark.parametrize("form", [["--json"], []], ids=["json", "lines"])
@pytest.mark.parametrize("table", [True, False])
def test_a_closed_pipe_is_no_disaster(scan, gallery: Path, tmp_path: Path, form: list[str], *, table: bool) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    wanted = [*form, *(["--out", tmp_path / "table.csv"] if table else [])]
    done = scan(
        *[gallery / "faceless.png", gallery / "blue.png"], *wanted, capture_output=False, stdout=writer, stderr=-1
    )
    os.close(writer)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    if table:
        assert len((tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_only_on_a_terminal_and_never_on_stdout(scan, gallery: Path, *, terminal: bool) -> None:
    if not terminal:
        assert scan(gallery / "blue.mp4", "--json").stderr == ""
        return
    main, child = pty.openpty()
    done = scan(gallery / "blue.mp4", "--json", capture_output=False, stdout=-1, stderr=child)
    os.close(child)
    shown = b""
    try:
        while piece := os.read(main, 4096):
            shown += piece
    except OSError:  # Linux reports the end of a terminal as an error.
        pass
    os.close(main)
    assert b"scanning" in shown
    assert len(done.stdout.splitlines()) == 1
    assert json.loads(done.stdout)["verdict"] == "likely_fake"

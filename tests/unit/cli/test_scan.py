"""``unmask scan``: exit codes, what goes to which stream, and the files it writes."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.makers import models
from tests.unit.cli.conftest import Run
from unmask.report.schema import FailureDocument, ReportDocument
from unmask.scanning.plan import ScanPlan

pytestmark = pytest.mark.usefixtures("tiny_plan")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.jpg"
    path.write_text("hello")
    return path


def documents(out: str) -> list[ReportDocument | FailureDocument]:
    """Every line of stdout must be one valid object."""
    lines = out.splitlines()
    return [
        (FailureDocument if "error" in json.loads(line) else ReportDocument).model_validate_json(line) for line in lines
    ]


def test_0_everything_was_scanned(run: Run, gallery: Path) -> None:
    answer = run("scan", gallery / "genuine.png", gallery / "blue.png")
    assert answer.code == 0
    assert answer.err == ""
    assert answer.out.count("likely genuine") == answer.out.count("likely forged") == 1


def test_1_a_file_failed_and_the_others_were_done(run: Run, gallery: Path, text: Path) -> None:
    answer = run("scan", text, gallery / "genuine.png", "--json")
    assert answer.code == 1
    failure, report = documents(answer.out)
    assert isinstance(failure, FailureDocument)
    assert failure.error.code == "UnsupportedMedia"
    assert isinstance(report, ReportDocument)
    assert report.verdict == "likely_real"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fail-on", "likely_fak"], "Did you mean likely_fake"),
        (["--fail-on", "zzz"], "Known: inconclusive, likely_fake, likely_real"),
        (["--tier", "fas"], "Did you mean fast"),
        (["--engine", "openvin"], "Did you mean openvino"),
        (["--frames", "0"], "--frames"),
        (["--every", "-1"], "--every"),
        (["--workers", "-1"], "--workers"),
        (["--framse", "3"], "--frames"),
        (["--model", "yunet-2023mar"], "face-detector"),
        (["--out", "table.xls"], ".csv"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_2_wrong_usage(run: Run, gallery: Path, arguments: list[str], words: str) -> None:
    answer = run("scan", gallery / "faceless.png", *arguments)
    assert answer.code == 2
    assert words in answer.err
    assert answer.out == ""


def test_2_no_paths_and_unknown_commands(run: Run) -> None:
    assert run("scan").code == 2
    assert run("scann").code == 2


def test_2_an_empty_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = run("scan", tmp_path / "empty")
    assert answer.code == 2
    assert str(tmp_path / "empty") in answer.err


@pytest.mark.parametrize(
    ("name", "verdict", "code"),
    [
        ("blue.png", "likely_fake", 3),
        ("genuine.png", "likely_fake", 0),
        ("genuine.png", "likely_real", 3),
        ("faceless.png", "inconclusive", 3),
        ("blue.png", "inconclusive", 0),
    ],
)
def test_3_the_verdict_matched(run: Run, gallery: Path, name: str, verdict: str, code: int) -> None:
    assert run("scan", gallery / name, "--fail-on", verdict).code == code


def test_a_failure_weighs_more_than_a_match(run: Run, gallery: Path, text: Path) -> None:
    assert run("scan", gallery / "blue.png", text, "--fail-on", "likely_fake").code == 1


def test_4_weights_are_missing(run: Run, gallery: Path, tmp_path: Path) -> None:
    card = models.write_face_model(tmp_path, name="lonely")
    (tmp_path / "lonely.onnx").unlink()
    answer = run("scan", gallery / "genuine.png", "--model", card)
    assert answer.code == 4
    assert "lonely.onnx is not on this machine" in answer.err
    assert answer.out == ""


def test_4_weights_are_damaged(run: Run, gallery: Path, tmp_path: Path) -> None:
    card = models.write_face_model(tmp_path, name="damaged")
    path = tmp_path / "damaged.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    answer = run("scan", gallery / "genuine.png", "--model", card)
    assert answer.code == 4
    assert "sha256" in answer.err


def test_4_the_model_is_unknown(run: Run, gallery: Path) -> None:
    answer = run("scan", gallery / "genuine.png", "--model", "yunet")
    assert answer.code == 4
    assert "Did you mean yunet-2023mar" in answer.err


def test_a_missing_path_is_one_failure(run: Run, gallery: Path, tmp_path: Path) -> None:
    answer = run("scan", tmp_path / "gone.jpg", gallery / "genuine.png")
    assert answer.code == 1
    assert "gone.jpg does not exist" in answer.out
    assert "likely genuine" in answer.out


def test_json_is_one_valid_object_a_line_and_nothing_else(run: Run, gallery: Path) -> None:
    answer = run("scan", gallery, "--json", "--workers", "1")
    assert answer.err == ""
    found = documents(answer.out)
    assert [Path(one.path).name for one in found] == sorted(path.name for path in gallery.iterdir())
    assert all(isinstance(one, ReportDocument) for one in found)


def test_json_stays_alone_on_stdout_beside_other_outputs(run: Run, gallery: Path, tmp_path: Path) -> None:
    answer = run("scan", gallery / "blue.png", "--json", "--html", tmp_path / "html", "--out", tmp_path / "a.csv")
    assert len(documents(answer.out)) == 1
    assert "Report:" in answer.err
    assert "Table:" in answer.err


def test_pdfs_beside_pages(run: Run, gallery: Path, text: Path, tmp_path: Path) -> None:
    answer = run("scan", gallery / "blue.png", text, "--pdf", tmp_path / "pdf", "--html", tmp_path / "html", "--json")
    assert answer.code == 1
    assert len(documents(answer.out)) == 2
    (made,) = (tmp_path / "pdf").iterdir()
    assert made.name == "0001-blue-png.pdf"
    assert made.read_bytes().startswith(b"%PDF-")
    assert f"PDF: {tmp_path / 'pdf'}" in answer.err
    assert (tmp_path / "html" / "0001-blue-png.html").is_file()


def test_html_pages_and_their_index(run: Run, gallery: Path, text: Path, tmp_path: Path) -> None:
    answer = run("scan", gallery / "blue.png", gallery / "genuine.mp4", text, "--html", tmp_path / "reports")
    assert answer.code == 1
    pages = sorted((tmp_path / "reports").rglob("*.html"))
    assert len(pages) >= 3
    index = (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    assert all(name in index for name in ("blue.png", "genuine.mp4", "text.jpg"))
    page = next(path for path in pages if "blue" in path.name).read_text(encoding="utf-8")
    assert "data:image" in page
    assert "<script src" not in page


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
@pytest.mark.parametrize("html", [False, True], ids=["alone", "with html"])
def test_tables(run: Run, gallery: Path, text: Path, tmp_path: Path, suffix: str, *, html: bool) -> None:
    path = tmp_path / "deep" / f"results{suffix}"
    pages = ["--html", tmp_path / "html"] if html else []
    answer = run("scan", gallery / "blue.png", text, gallery / "quiet.wav", "--out", path, *pages)
    assert answer.code == 1
    readers = {
        ".parquet": lambda: [row["verdict"] for row in pq.read_table(path).to_pylist()],
        ".csv": lambda: [
            row["verdict"] or None for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        ],
        ".jsonl": lambda: [json.loads(line).get("verdict") for line in path.read_text(encoding="utf-8").splitlines()],
    }
    assert readers[suffix]() == ["likely_fake", None, "likely_real"]


@pytest.mark.parametrize("option", ["--html", "--pdf", "--out"])
def test_2_outputs_that_cannot_be_written(run: Run, gallery: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("in the way")
    target = tmp_path / "file" if option != "--out" else tmp_path / "file" / "a.csv"
    answer = run("scan", gallery / "blue.png", option, target)
    assert answer.code == 2
    assert "file" in answer.err
    assert (tmp_path / "file").read_text() == "in the way"


def test_every_changes_the_frames(run: Run, gallery: Path) -> None:
    units = []
    for arguments in (["--frames", "4"], ["--every", "10"]):
        (report,) = documents(run("scan", gallery / "blue.mp4", "--json", *arguments).out)
        assert isinstance(report, ReportDocument)
        units.append(report.evidence[0].units)
    assert units == [4, 2]


def test_workers_give_the_same_lines(run: Run, gallery: Path, text: Path) -> None:
    def lines(workers: int) -> list[object]:
        out = run("scan", gallery / "blue.png", text, gallery / "genuine.png", "--json", "--workers", workers).out
        return [
            one.model_copy(update={"timings_s": {}}) if isinstance(one, ReportDocument) else one
            for one in documents(out)
        ]

    assert lines(1) == lines(2)


def test_file_names_are_data_not_markup(run: Run, gallery: Path, tmp_path: Path) -> None:
    path = tmp_path / "[bold red]x[red] [link=http:] 100%.png"
    path.write_bytes((gallery / "faceless.png").read_bytes())
    answer = run("scan", path)
    assert answer.code == 0
    assert path.name in answer.out


@pytest.mark.parametrize("as_json", [False, True], ids=["lines", "json"])
def test_file_names_that_are_no_text(run: Run, gallery: Path, tmp_path: Path, *, as_json: bool) -> None:
    name = os.fsdecode(b"caf\xe9\xff.png")
    (tmp_path / name).write_bytes((gallery / "faceless.png").read_bytes())
    answer = run("scan", tmp_path, *(["--json"] if as_json else []))
    assert answer.code == 0
    assert "caf" in answer.out
    answer.out.encode("utf-8")


def test_a_name_with_a_line_break_stays_one_json_line(run: Run, gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "two\nlines.png").write_bytes((gallery / "faceless.png").read_bytes())
    (report,) = documents(run("scan", tmp_path, "--json").out)
    assert report.path.endswith("two\nlines.png")


def test_a_plan_is_what_the_options_say(run: Run, gallery: Path, tiny_plan: ScanPlan) -> None:
    (report,) = documents(run("scan", gallery / "genuine.mp4", "--json", "--model", tiny_plan.speech).out)
    assert isinstance(report, ReportDocument)
    assert [entry.detector for entry in report.evidence] == ["tiny-face", "tiny-speech"]


@pytest.mark.parametrize(
    ("name", "words"), [("", "empty"), ("https://example.org/a.jpg", "address"), ("-", "standard input")]
)
def test_2_names_of_nothing(run: Run, name: str, words: str) -> None:
    answer = run("scan", name)
    assert answer.code == 2
    assert words in answer.err


def test_2_frames_beside_every(run: Run, gallery: Path) -> None:
    answer = run("scan", gallery / "genuine.png", "--frames", 5, "--every", 3)
    assert answer.code == 2
    assert "exclude" in answer.err


def test_2_a_folder_as_table_before_anything_is_scanned(run: Run, gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "there.csv").mkdir()
    answer = run("scan", gallery / "genuine.png", "--out", tmp_path / "there.csv")
    assert answer.code == 2
    assert "is a folder" in answer.err
    assert answer.out == ""


def test_names_of_files_cannot_move_the_cursor_or_begin_a_line(run: Run, tmp_path: Path) -> None:
    for name in ("a\nlikely genuine  p(fake)   1%.jpg", "b\x1b[31m.jpg", "c\u202egpj.jpg"):
        (tmp_path / name).write_text("no picture")
    answer = run("scan", tmp_path)
    assert answer.code == 1
    assert len(answer.out.splitlines()) == 3
    assert not {"\x1b", "\u202e"} & set(answer.out)
    assert "a\\nlikely genuine" in answer.out


def test_warnings_stand_below_the_verdict(run: Run, gallery: Path, tmp_path: Path) -> None:
    picture = Image.open(gallery / "genuine.png").convert("RGB")
    picture.save(tmp_path / "moving.gif", save_all=True, append_images=[picture.rotate(90)])
    answer = run("scan", tmp_path / "moving.gif")
    assert answer.code == 0
    assert "only its first frame is examined" in answer.out

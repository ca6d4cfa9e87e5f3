"""``unmask datasets``, as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.makers import images
from tests.unit.cli.conftest import Run
from unmask.cli.datasets.people import in_check
from unmask.datasets import check as room
from unmask.datasets.check import Findings
from unmask.datasets.manifest import Row, read_manifest
from unmask.datasets.versions import read_record
from unmask.extraction.people import Recurrence


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Twelve genuine and twelve forged pictures in folders real and fake."""
    for label in ("real", "fake"):
        folder = tmp_path / "tree" / label
        folder.mkdir(parents=True)
        for number in range(12):
            images.write_portrait(
                folder / f"{number}.png", size=(64, 64), seed=number + 50 * (label == "real"), image_format="PNG"
            )
    return tmp_path / "tree"


@pytest.fixture
def manifest(run: Run, tree: Path, tmp_path: Path) -> Path:
    assert run("datasets", "index", "folders", tree, "--out", tmp_path / "faces.csv").code == 0
    return tmp_path / "faces.csv"


def test_layouts(run: Run) -> None:
    answer = run("datasets", "layouts")
    assert answer.code == 0
    for name in ("140k-faces", "faceforensics", "celeb-df-v2", "asvspoof2021-df", "wavefake", "csv"):
        assert name in answer.out


def test_index_writes_a_first_version(run: Run, tree: Path, tmp_path: Path) -> None:
    answer = run(
        "datasets", "index", "folders", tree, "--out", tmp_path / "m.csv", "--date", "2026-11-21", "--source", "mine"
    )
    assert answer.code == 0
    assert "Next: unmask datasets check" in answer.err
    record = read_record(tmp_path / "m.csv")
    assert record is not None
    assert (record.version, record.date, record.rows) == (1, "2026-11-21", {"image fake": 12, "image real": 12})
    assert {row.source for row in read_manifest(tmp_path / "m.csv")} == {"mine"}


def test_index_of_somebody_elses_table(run: Run, tree: Path, tmp_path: Path) -> None:
    (tree / "theirs.csv").write_text("file,y\nreal/0.png,1\nfake/0.png,0\nreal/gone.png,1\n")
    columns = ("--column", "path=file", "--column", "label=y", "--real", "1", "--fake", "0")
    answer = run("datasets", "index", "csv", tree / "theirs.csv", "--out", tmp_path / "m.csv", *columns)
    assert answer.code == 0
    assert "real/gone.png" in answer.err
    assert [row.label for row in read_manifest(tmp_path / "m.csv")] == [0, 1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("index", "foldrs", ".", "--out", "m.csv"), "Did you mean folders"),
        (("index", "folders", "nowhere", "--out", "m.csv"), "not there"),
        (("index", "csv", "x.csv", "--out", "m.csv", "--column", "path"), "MANIFEST_COLUMN=THEIR_COLUMN"),
        (("index", "folders", ".", "--out", "m.csv", "--date", "today"), "expected a day such as"),
        (("split", "gone.csv", "--out", "m.csv"), "no such file"),
        (("split", "gone.csv", "--out", "m.csv", "--shares", "half"), "expected numbers such as"),
        (("check", "gone.csv"), "no such file"),
        (("check", "gone.csv", "--sheet", "people.txt"), "expected the name of a PNG file, such as people.png"),
        (("describe", "gone.csv", "--plot", "plot.gif"), "expected the name of a PNG file, such as plot.png"),
        (("add", "gone.csv", "x"), "no such file"),
        (("describe", "gone.csv"), "gone.csv"),
        (("extract", "gone.csv", "--out", "d"), "no such file"),
        (("combine", "gone.csv", "--out", "d"), "no such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage(run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str) -> None:
    monkeypatch.chdir(tree)
    answer = run("datasets", *words)
    assert answer.code == 2
    assert said in answer.err


def test_nothing_is_overwritten_unasked(run: Run, tree: Path, manifest: Path) -> None:
    before = manifest.read_bytes()
    answer = run("datasets", "index", "folders", tree / "real", "--out", manifest)
    assert answer.code == 2
    assert "--force to replace it" in answer.err
    assert manifest.read_bytes() == before
    assert run("datasets", "index", "folders", tree, "--out", manifest, "--force").code == 0


def test_split(run: Run, manifest: Path, tmp_path: Path) -> None:
    answer = run("datasets", "split", manifest, "--out", tmp_path / "s.csv", "--shares", "0.5,0.5", "--seed", 3)
    assert answer.code == 0
    rows = read_manifest(tmp_path / "s.csv")
    assert {side: sum(row.split == side for row in rows) for side in ("train", "test")} == {"train": 12, "test": 12}
    tied = run("datasets", "split", manifest, "--out", tmp_path / "t.csv", "--by", "method", "--shares", "0.7,0.3")
    assert tied.code == 0
    assert "test holds no fake image" in tied.err


def test_check_says_by_its_exit_code_whether_there_are_problems(run: Run, manifest: Path, tree: Path) -> None:
    answer = run("datasets", "check", manifest, "--workers", 1)
    assert answer.code == 0, answer.out
    assert "No problem was found." in answer.out
    images.cut(tree / "real" / "3.png", 0.5)
    answer = run("datasets", "check", manifest, "--workers", 1)
    assert answer.code == 1
    assert "corrupt 1" in answer.out
    answer = run("datasets", "check", manifest, "--workers", 1, "--json")
    assert answer.code == 1
    found = json.loads(answer.out)
    assert found["clean"] is False
    assert [problem["name"] for problem in found["problems"]] == ["corrupt"]


def test_check_with_the_sides_of_a_recipe(run: Run, manifest: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text('[split]\nholdout = {"*" = 0.5}\n')
    answer = run("datasets", "check", manifest, "--workers", 1, "--recipe", recipe, "--json")
    assert set(json.loads(answer.out)["sides"]) == {"train", "holdout"}


def test_check_looks_for_people_when_asked(run: Run, gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(
        "path,kind,label,source,method,group,split\n"
        f"{gallery / 'genuine.png'},image,real,a,,one,train\n{gallery / 'genuine.mp4'},video,real,b,,two,test\n"
    )
    assert run("datasets", "check", tmp_path / "m.csv", "--workers", 1).code == 0
    for asked in (("--people",), ("--sheet", tmp_path / "sheets" / "p.png")):
        answer = run("datasets", "check", tmp_path / "m.csv", "--workers", 1, *asked)
        assert answer.code == 1
        assert "person 1: The same face stands on several sides" in answer.out
        assert "genuine.png ~ test" in answer.out
    assert f"Look at them side by side: {tmp_path / 'sheets' / 'p.png'}" in answer.err
    drawn = Image.open(tmp_path / "sheets" / "p.png")
    assert min(drawn.size) > 200
    assert np.asarray(drawn.convert("RGB")).std() > 20


def test_a_check_names_them_as_serious() -> None:
    one, other = (
        Row(Path(name), "image", 0, "s", "", name, split=side) for name, side in (("a", "train"), ("b", "test"))
    )
    clean = Findings(2, {"train": 1, "test": 1}, (), ())
    assert in_check(clean, []) is clean
    found = in_check(clean, [Recurrence(one, other, 0.8123)])
    assert not found.is_clean
    assert found.problems[0].name == "person"
    assert found.problems[0].examples == ("0.81  train a ~ test b",)


def test_split_keeps_people_together_when_asked(run: Run, gallery: Path, tmp_path: Path) -> None:
    manifest, lines = tmp_path / "m.csv", []
    for at in range(12):
        noise = np.random.default_rng(at).integers(0, 255, (40, 40, 3), np.uint8)
        images.write_image(tmp_path / f"{at}.png", noise)
        lines.append(f"{tmp_path / f'{at}.png'},image,{'real' if at % 2 else 'fake'},a,,{at}")
    lines += [f"{gallery / 'genuine.png'},image,real,b,,one", f"{gallery / 'genuine.mp4'},video,real,c,,two"]
    manifest.write_text("path,kind,label,source,method,group\n" + "\n".join(lines) + "\n")
    for seed in range(4):
        answer = run(
            *("datasets", "split", manifest, "--out", tmp_path / "s.csv", "--force"),
            *("--by", "person", "--shares", "0.5,0.5", "--seed", seed, "--workers", 1),
        )
        assert answer.code == 0, answer.err
        sides = {row.group: row.split for row in read_manifest(tmp_path / "s.csv")}
        assert sides["one"] == sides["two"]
        assert set(sides.values()) == {"train", "test"}


def test_check_without_its_packages(run: Run, manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("No module named 'imagehash'")

    monkeypatch.setattr(room, "check", missing)
    answer = run("datasets", "check", manifest)
    assert answer.code == 2
    assert "pip install 'unmask[datasets]'" in answer.err


def test_a_manifest_without_rows(run: Run, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,kind,label,source,method,group\n")
    for words in (("check",), ("describe",), ("split", "--out", tmp_path / "s.csv")):
        answer = run("datasets", words[0], tmp_path / "m.csv", *words[1:])
        assert answer.code == 2
        assert "holds no row" in answer.err


def test_a_dataset_grows(run: Run, manifest: Path, tree: Path, tmp_path: Path) -> None:
    judged = tmp_path / "judged"
    judged.mkdir()
    images.write_portrait(judged / "new.png", size=(64, 64), seed=99, image_format="PNG")
    (judged / "old.png").write_bytes((tree / "fake" / "1.png").read_bytes())
    (judged / "turned.png").write_bytes((tree / "real" / "1.png").read_bytes())
    answer = run("datasets", "add", manifest, judged, "--label", "fake", "--source", "web", "--date", "2027-01-02")
    assert answer.code == 0
    assert "1 added" in answer.out
    assert "other label" in answer.err
    second = tmp_path / "faces-v2.csv"
    record = read_record(second)
    assert record is not None
    assert (record.name, record.version, record.date) == ("faces", 2, "2027-01-02")
    assert record.changes == {"added": 1, "duplicates": 1, "conflicts": 1, "unreadable": 0}
    assert len(read_manifest(second)) == 25
    assert run("datasets", "add", second, judged / "new.png", "--label", "fake").code == 0
    assert "faces-v3.csv" in {path.name for path in tmp_path.iterdir()}


def test_datasets_are_combined(run: Run, manifest: Path, tmp_path: Path) -> None:
    answer = run("datasets", "combine", manifest, "--out", tmp_path / "both", "--shares", "0.5,0.25,0.25")
    assert answer.code == 0
    assert sorted(path.name for path in (tmp_path / "both").iterdir() if path.is_dir()) == ["test", "train", "valid"]
    assert len(read_manifest(tmp_path / "both" / "manifest.csv")) == 24


def test_describe(run: Run, manifest: Path, tmp_path: Path) -> None:
    answer = run("datasets", "describe", manifest, "--workers", 1, "--plot", tmp_path / "d.png")
    assert answer.code == 0
    assert "24 media" in answer.out
    assert "64 to 128" in answer.out
    assert "faces, version 1" in answer.err
    assert (tmp_path / "d.png").stat().st_size > 10_000


def test_crops_are_extracted_while_indexing(run: Run, gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "t" / "real").mkdir(parents=True)
    (tmp_path / "t" / "real" / "genuine.png").symlink_to(gallery / "genuine.png")
    (tmp_path / "t" / "real" / "faceless.png").symlink_to(gallery / "faceless.png")
    words = ("datasets", "index", "folders", tmp_path / "t", "--out", tmp_path / "m.csv")
    answer = run(*words, "--extract", tmp_path / "crops", "--workers", 1)
    assert answer.code == 0
    assert "1 crops" in answer.err
    assert "no face" in answer.err
    assert run("datasets", "extract", tmp_path / "m.csv", "--out", tmp_path / "crops", "--workers", 1).code == 0

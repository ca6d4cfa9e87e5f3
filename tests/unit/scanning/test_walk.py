from __future__ import annotations

import os
from pathlib import Path

import pytest

from unmask.scanning.walk import files


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two folders, hidden entries, a loop, a link to a folder and one to a file."""
    for name in ("b.jpg", "a.jpg", "deep/c.jpg", "deep/deeper/d.jpg", ".hidden/e.jpg", "deep/.f.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "deep" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "deep" / "self").symlink_to(tmp_path / "deep", target_is_directory=True)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    return tmp_path


def names(root: Path, *paths: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in files(paths)]


def test_a_folder_gives_everything_below_it_once_in_order(tree: Path) -> None:
    assert names(tree, tree) == ["a.jpg", "b.jpg", "deep/c.jpg", "deep/deeper/d.jpg"]


def test_files_are_listed_as_given_even_hidden_ones(tree: Path) -> None:
    given = [tree / "b.jpg", tree / ".hidden" / "e.jpg", tree / "a.jpg"]
    assert list(files(given)) == given


def test_a_hidden_folder_can_be_named(tree: Path) -> None:
    assert names(tree, tree / ".hidden") == [".hidden/e.jpg"]


def test_overlapping_arguments_give_each_file_once(tree: Path) -> None:
    assert len(list(files([tree, tree / "deep", tree / "a.jpg", tree]))) == 4


def test_links_to_folders_are_followed(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "album").symlink_to(tree / "deep", target_is_directory=True)
    assert [path.name for path in files([elsewhere])] == ["c.jpg", "d.jpg", "a.jpg", "b.jpg"]


@pytest.mark.parametrize("name", ["gone.jpg", "gone/deeper.jpg", "a" * 5000, "broken"], ids=[*"abc", "link"])
def test_what_does_not_exist_is_listed_for_the_scan_to_refuse(tmp_path: Path, name: str) -> None:
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    assert list(files([tmp_path / name])) == [tmp_path / name]


def test_empty_folders_give_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert list(files([tmp_path])) == []


def test_a_folder_that_may_not_be_read_is_listed_itself(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    iterdir = Path.iterdir

    def refuse(folder: Path) -> object:
        if folder.name == "deeper":
            raise PermissionError(folder)
        return iterdir(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert names(tree, tree) == ["a.jpg", "b.jpg", "deep/c.jpg", "deep/deeper"]


def test_an_entry_that_cannot_be_looked_at_is_listed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a folder that may be listed but not entered."""
    stat = os.stat

    def refuse(path: os.PathLike[str] | str | int, *args: object, **kwargs: object) -> os.stat_result:
        if str(path).endswith("b.jpg"):
            raise PermissionError(path)
        return stat(path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", refuse)
    assert names(tree, tree) == ["a.jpg", "b.jpg", "deep/c.jpg", "deep/deeper/d.jpg"]

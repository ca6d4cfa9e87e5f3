"""Every executor through one suite: results in order, one each, the same as in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from unmask.core.contracts import Executor
from unmask.core.errors import WeightsMissing
from unmask.core.evidence import ScanFailure, ScanReport
from unmask.scanning.many import InProcess, ProcessPool, choose_executor, scan_many
from unmask.scanning.plan import ScanPlan

EXECUTORS: dict[str, Callable[[], Executor]] = {"in process": InProcess, "pool": partial(ProcessPool, 2)}


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> Executor:
    return EXECUTORS[request.param]()


def fails_on_three(number: int) -> int:
    if number == 3:
        message = "three"
        raise WeightsMissing(message)
    return number * number


def test_results_come_in_order(executor: Executor) -> None:
    assert list(executor.map(abs, range(-20, 0))) == list(range(20, 0, -1))
    assert list(executor.map(abs, [])) == []


def test_results_come_one_by_one(executor: Executor) -> None:
    found = executor.map(abs, [-1, -2])
    assert isinstance(found, Iterator)
    assert next(found) == 1


def test_errors_arrive_with_their_class(executor: Executor) -> None:
    found = executor.map(fails_on_three, range(5))
    assert [next(found) for _ in range(3)] == [0, 1, 4]
    with pytest.raises(WeightsMissing, match="three"):
        next(found)


def without_times(result: ScanReport | ScanFailure) -> ScanReport | ScanFailure:
    return result if isinstance(result, ScanFailure) else replace(result, timings_s={}, exhibits=(), sound=None)


@pytest.fixture
def batch(gallery: Path, tmp_path: Path) -> list[Path]:
    """Whole media with broken ones between them."""
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "empty.mp4").touch()
    names = ["genuine.png", "blue.mp4", "quiet.wav", "faceless.png"]
    return [tmp_path / "text.jpg", *(gallery / name for name in names), tmp_path / "empty.mp4", tmp_path / "gone.png"]


def test_scans_are_the_same_everywhere(executor: Executor, batch: list[Path], tiny_plan: ScanPlan) -> None:
    found = [without_times(result) for result in scan_many(batch, tiny_plan, executor=executor)]
    assert found == [without_times(result) for result in scan_many(batch, tiny_plan)]
    assert [isinstance(result, ScanFailure) for result in found] == [True, False, False, False, False, True, True]


def test_a_missing_model_stops_the_batch_with_its_own_error(
    executor: Executor, gallery: Path, tiny_plan: ScanPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = tmp_path / "tiny-face.toml"
    alone.write_text(Path(tiny_plan.face).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path))
    plan = replace(tiny_plan, face=str(alone))
    with pytest.raises(WeightsMissing, match=r"tiny-face\.onnx"):
        list(scan_many([gallery / "genuine.png"] * 2, plan, executor=executor))


@pytest.mark.parametrize(("workers", "files", "pooled"), [(1, 100, False), (2, 1, True), (0, 1, False), (0, 4, False)])
def test_the_choice_of_executor(workers: int, files: int, pooled: bool) -> None:  # noqa: FBT001
    executor, plan = choose_executor(workers, files, ScanPlan())
    assert isinstance(executor, ProcessPool) == pooled
    assert plan.threads == (1 if pooled else 0)


def test_wanted_threads_are_kept() -> None:
    assert choose_executor(2, 9, ScanPlan(threads=3))[1].threads == 3

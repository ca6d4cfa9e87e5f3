"""The loop on a network of a few weights."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from unmask.core.events import Advanced  # noqa: E402
from unmask.training.loop import fit, rate  # noqa: E402
from unmask.training.recipe import Schedule  # noqa: E402

PLAN = Schedule(
    steps=120, batch=16, learning_rate=0.05, warmup=10, validate_every=30, average=0.9, weight_decay=0.0, threads=1
)


class Tiny(torch.nn.Module):
    """Two numbers in; a logit, an evidence map and an embedding out."""

    def __init__(self) -> None:
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU())
        self.head = torch.nn.Linear(8, 1)

    def forward(self, units: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        embedding = self.body(units)
        logit = self.head(embedding).squeeze(1)
        return logit, logit[:, None, None].expand(-1, 2, 2), embedding


def tiny() -> Tiny:
    torch.manual_seed(5)
    return Tiny()


def batches(seed: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Points in the plane; fakes lie on the right."""
    source = torch.Generator().manual_seed(seed)
    while True:
        units = torch.randn(16, 2, generator=source)
        yield units, (units[:, 0] > 0).float()


def accuracy(network: torch.nn.Module) -> dict[str, float]:
    units, labels = next(batches(99))
    with torch.inference_mode():
        return {"score": float(((network(units)[0] > 0).float() == labels).float().mean())}


def log(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def test_it_learns(tmp_path: Path) -> None:
    outcome = fit(tiny(), batches(), PLAN, validate=accuracy, out=tmp_path)
    lines = log(tmp_path)
    assert [line["step"] for line in lines] == [30, 60, 90, 120]
    assert lines[-1]["loss"] < 0.75 * lines[0]["loss"]
    assert outcome.best["score"] > 0.9
    assert outcome.weights == tmp_path / "weights.safetensors"
    fresh = tiny()
    fresh.load_state_dict(load_file(outcome.weights))
    assert accuracy(fresh.eval()) == {"score": outcome.best["score"]}


def test_higher_logits_mean_fake(tmp_path: Path) -> None:
    network = tiny()
    fit(network, batches(), PLAN, validate=accuracy, out=tmp_path)
    logit = network.eval()(torch.tensor([[2.0, 0.0], [-2.0, 0.0]]))[0].detach()
    assert float(logit[0]) > 1
    assert float(logit[1]) < -1


@pytest.mark.parametrize("scores", [[0.1, 0.9, 0.5, 0.9], [0.4, 0.3, 0.2, 0.1]], ids=["second", "first"])
def test_the_best_validation_is_kept_and_a_tie_goes_to_the_earlier(tmp_path: Path, scores: list[float]) -> None:
    left, seen = iter(scores), []

    def validate(network: torch.nn.Module) -> dict[str, float]:
        seen.append({key: value.clone() for key, value in network.state_dict().items()})
        return {"score": next(left)}

    outcome = fit(tiny(), batches(), PLAN, validate=validate, out=tmp_path)
    best = scores.index(max(scores))
    assert outcome.best["step"] == 30 * (best + 1)
    kept = load_file(outcome.weights)
    assert all(torch.equal(kept[key], value) for key, value in seen[best].items())


def test_what_is_validated_is_the_average_in_eval_mode(tmp_path: Path) -> None:
    network = tiny()

    def validate(given: torch.nn.Module) -> dict[str, float]:
        assert given is not network
        assert not given.training
        assert not torch.equal(given.head.weight, network.head.weight)  # type: ignore[union-attr,arg-type]
        return {"score": 1.0}

    fit(network, batches(), PLAN, validate=validate, out=tmp_path)
    assert network.training


class Stopped(Exception):
    pass


def stop_at(step: int) -> Callable[[Advanced], None]:
    def listen(event: Advanced) -> None:
        if event.done == step:
            raise Stopped

    return listen


@pytest.mark.parametrize(("stopped", "resumed"), [(75, 60), (61, 60), (20, 0)])
def test_a_stopped_run_goes_on_from_its_last_validation(tmp_path: Path, stopped: int, resumed: int) -> None:
    with pytest.raises(Stopped):
        fit(tiny(), batches(), PLAN, validate=accuracy, out=tmp_path, listener=stop_at(stopped))
    heard: list[int] = []
    outcome = fit(
        tiny(), batches(1), PLAN, validate=accuracy, out=tmp_path, listener=lambda event: heard.append(event.done)
    )
    assert heard == list(range(resumed + 1, 121))
    assert [line["step"] for line in log(tmp_path)] == [30, 60, 90, 120]
    assert outcome.best["score"] > 0.9


def test_resuming_restores_weights_average_optimiser_and_best(tmp_path: Path) -> None:
    """Stopping right after a validation and going on with the same data gives the very same weights."""

    def stream() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return batches(3)

    whole = fit(tiny(), stream(), PLAN, validate=accuracy, out=tmp_path / "whole")
    with pytest.raises(Stopped):
        fit(tiny(), stream(), PLAN, validate=accuracy, out=tmp_path / "halves", listener=stop_at(61))
    rest = stream()
    for _ in range(60):
        next(rest)
    halves = fit(tiny(), rest, PLAN, validate=accuracy, out=tmp_path / "halves")
    one = load_file(tmp_path / "whole" / "last.safetensors")
    other = load_file(tmp_path / "halves" / "last.safetensors")
    assert all(torch.allclose(one[key].float(), other[key].float(), atol=1e-6) for key in one)
    assert whole.best["score"] == halves.best["score"]


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    first = fit(tiny(), batches(), PLAN, validate=accuracy, out=tmp_path)

    def never() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        raise AssertionError
        yield

    assert fit(tiny(), never(), PLAN, validate=accuracy, out=tmp_path) == first


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    for name in ("one", "other"):
        fit(tiny(), batches(), replace(PLAN, steps=30), validate=accuracy, out=tmp_path / name)
    one, other = (load_file(tmp_path / name / "weights.safetensors") for name in ("one", "other"))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_the_rate_warms_up_and_falls() -> None:
    plan = Schedule(steps=1000, batch=1, learning_rate=2.0, warmup=100)
    rates = [rate(plan, step) for step in range(1000)]
    assert rates[0] == pytest.approx(0.02)
    assert rates[49] == pytest.approx(1.0)
    assert rates[99] == rates[100] == max(rates) == 2.0
    assert rates[550] == pytest.approx(2.0 * (0.01 + 0.99 / 2))
    assert rates[-1] == pytest.approx(0.02, rel=0.01)
    assert all(later <= earlier for earlier, later in itertools.pairwise(rates[100:]))
    assert rate(plan, 5000) == pytest.approx(0.02)


@pytest.mark.parametrize("warmup", [0, 5, 50])
def test_odd_schedules_have_a_finite_rate(warmup: int) -> None:
    plan = Schedule(steps=5, batch=1, learning_rate=1.0, warmup=warmup)
    assert all(0 < rate(plan, step) <= 1 for step in range(6))

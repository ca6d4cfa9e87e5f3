"""Learning rates and sharpness-aware steps."""

from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch")

from unmask.training.fitting.optimise import climb, rate  # noqa: E402
from unmask.training.recipe import Schedule  # noqa: E402


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


def test_one_cycle_is_that_of_torch() -> None:
    plan = Schedule(steps=100, batch=1, learning_rate=2.0, warmup=30, curve="onecycle")
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=1.0)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=2.0, total_steps=101, pct_start=0.3, div_factor=25, final_div_factor=400
    )
    for step in range(30, 100):
        while cycle.last_epoch < step:
            optimiser.step()
            cycle.step()
        assert rate(plan, step) == pytest.approx(optimiser.param_groups[0]["lr"], rel=0.06, abs=2e-3)
    assert rate(plan, 0) == pytest.approx(2.0 / 25, rel=0.1)
    assert rate(plan, 29) == 2.0


def test_a_constant_rate_stays() -> None:
    plan = Schedule(steps=50, batch=1, learning_rate=2.0, warmup=5, curve="constant")
    assert {rate(plan, step) for step in range(5, 60)} == {2.0}


@pytest.mark.parametrize("warmup", [0, 5, 50])
@pytest.mark.parametrize("curve", ["cosine", "onecycle", "constant"])
def test_odd_schedules_have_a_finite_rate(warmup: int, curve: str) -> None:
    plan = Schedule(steps=5, batch=1, learning_rate=1.0, warmup=warmup, curve=curve)
    assert all(0 < rate(plan, step) <= 1 for step in range(6))


def test_climbing_goes_up_by_the_radius_and_comes_back() -> None:
    network = torch.nn.Linear(3, 1)
    before = torch.cat([part.detach().flatten() for part in network.parameters()])
    units = torch.ones(4, 3)
    first = network(units).pow(2).mean()
    first.backward()
    descend = climb(network, 0.1)
    there = torch.cat([part.detach().flatten() for part in network.parameters()])
    assert float(torch.linalg.vector_norm(there - before)) == pytest.approx(0.1, rel=1e-4)
    assert float(network(units).pow(2).mean().detach()) > float(first.detach())
    descend()
    assert torch.equal(torch.cat([part.detach().flatten() for part in network.parameters()]), before)

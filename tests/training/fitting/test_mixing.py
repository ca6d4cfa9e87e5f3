"""Mixup and cutmix."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from unmask.training.fitting.mixing import mix  # noqa: E402
from unmask.training.recipe import Schedule  # noqa: E402


def plan(**settings: float) -> Schedule:
    return Schedule(steps=1, batch=8, learning_rate=1.0, **settings)


def batch(side: int = 20) -> tuple[torch.Tensor, ...]:
    """Black genuine pictures and white forged ones, forged everywhere."""
    labels = torch.tensor([0.0, 1.0] * 4)
    units = (labels * 200).to(torch.uint8)[:, None, None, None].expand(-1, side, side, 3).contiguous()
    return units, labels, labels[:, None, None].expand(-1, 10, 10).contiguous()


def test_without_either_nothing_changes() -> None:
    given = batch()
    assert mix(given, plan(), np.random.default_rng(0)) is given


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_labels_tell_how_much_of_each_is_there(kind: str, seed: int) -> None:
    units, labels, masks = mix(batch(), plan(**{kind: 1.0}), np.random.default_rng(seed))
    assert (units.dtype, units.shape) == (torch.uint8, (8, 20, 20, 3))
    assert units.float().mean(dim=(1, 2, 3)) / 200 == pytest.approx(labels, abs=0.01)
    assert masks.mean(dim=(1, 2)) == pytest.approx(labels, abs=0.16 if kind == "cutmix" else 0.01)
    if kind == "cutmix":
        assert set(units.unique().tolist()) <= {0, 200}
    else:
        assert units.flatten(1).float().std(dim=1).max() == 0


def test_the_given_batch_is_left_alone() -> None:
    given = batch()
    mix(given, plan(cutmix=1.0), np.random.default_rng(0))
    assert all(torch.equal(one, other) for one, other in zip(given, batch(), strict=True))


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_sound_is_mixed_as_well(kind: str) -> None:
    labels = torch.tensor([0.0, 1.0] * 4)
    units, found = mix((labels[:, None].expand(-1, 100), labels), plan(**{kind: 1.0}), np.random.default_rng(1))
    assert units.mean(dim=1) == pytest.approx(found, abs=0.01)


def test_an_unknown_mask_stays_unknown() -> None:
    units, labels, _ = batch()
    for kind in ("mixup",):
        masks = mix((units, labels, torch.full((8, 10, 10), -1.0)), plan(**{kind: 1.0}), np.random.default_rng(0))[2]
        assert (masks == -1).all()

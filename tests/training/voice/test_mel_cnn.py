"""The speech network: shapes, the meaning of its map, what it must not depend on, and its graph."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import save_file

from unmask.training.architectures.voice.front import SAMPLES
from unmask.training.architectures.voice.mel_cnn import MelCnn, band_filters
from unmask.training.export import export_graph


@pytest.fixture(scope="module")
def network() -> MelCnn:
    torch.manual_seed(0)
    return MelCnn(bands=48, width=8).eval()


def sound(count: int = 2) -> torch.Tensor:
    rng = np.random.default_rng(3)
    burst = np.repeat(rng.random((count, 40)), SAMPLES // 40, axis=1)
    return torch.from_numpy((0.1 * burst * rng.normal(size=(count, SAMPLES))).astype(np.float32))


def test_the_logit_is_the_mean_of_the_evidence(network):
    with torch.inference_mode():
        logit, evidence, embedding = network(sound())
    assert logit.shape == (2,)
    assert evidence.ndim == 3
    assert embedding.shape == (2, 64)
    torch.testing.assert_close(evidence.mean(dim=(1, 2)), logit)


def test_level_offset_and_neighbours_do_not_matter(network):
    x = sound()
    with torch.inference_mode():
        plain = network(x)[0]
        torch.testing.assert_close(network(x * 0.03)[0], plain, atol=1e-3, rtol=0)
        torch.testing.assert_close(network(x + 0.2)[0], plain, atol=1e-3, rtol=0)
        torch.testing.assert_close(network(x[:1])[0], plain[:1], atol=1e-5, rtol=0)


def test_silence_is_finite(network):
    with torch.inference_mode():
        assert all(torch.isfinite(output).all() for output in network(torch.zeros(1, SAMPLES)))


def test_the_spectrogram_agrees_with_an_fft(network):
    x = sound(1)
    spectrogram = network.spectrogram
    level = x - x.mean()
    level = level / level.square().mean().sqrt()
    level = torch.cat([level[:, :1], level[:, 1:] - 0.9 * level[:, :-1]], dim=1)[0].numpy()
    taper = np.hanning(401)[:-1]
    frames = np.lib.stride_tricks.sliding_window_view(level, 400)[::160] * taper / np.sqrt((taper**2).sum())
    power = np.abs(np.fft.rfft(frames, 512)[:, :256]) ** 2
    image = np.log(power @ band_filters(48).T + 3e-5).T
    image = image - image.mean(axis=1, keepdims=True)
    image = image / np.sqrt((image**2).mean() + 1e-4)
    np.testing.assert_allclose(spectrogram(x)[0, 0].numpy(), image, atol=2e-3)


def test_bands_cover_the_spectrum():
    filters = band_filters(96)
    assert filters.shape == (96, 256)
    np.testing.assert_allclose(filters.sum(axis=1), 1, atol=1e-5)
    assert np.all(np.diff(filters.argmax(axis=1)) >= 0)


def test_training_learns_from_one_batch():
    torch.manual_seed(1)
    network = MelCnn(bands=48, width=8, masks=False, dropout=0.0).train()
    rng = np.random.default_rng(0)
    hum = np.sin(2 * np.pi * 300 * np.arange(SAMPLES) / 16000) * np.repeat(rng.random((4, 40)), SAMPLES // 40, axis=1)
    x = torch.cat([sound(4), torch.from_numpy(hum.astype(np.float32))])
    labels = torch.tensor([0.0] * 4 + [1.0] * 4)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(25):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(x)[0], labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.3


@pytest.mark.filterwarnings("ignore")
def test_the_graph_says_the_same(network, tmp_path):
    path = tmp_path / "speech.onnx"
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    export_graph(network, tmp_path / "weights.safetensors", sound(2), path, input_name="samples", facts={"name": "x"})
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for count in (1, 3):
        x = sound(count)
        with torch.inference_mode():
            want = network(x)
        got = session.run(None, {"samples": x.numpy()})
        for expected, found in zip(want, got, strict=True):
            np.testing.assert_allclose(found, expected.numpy(), atol=1e-3)

